// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"quorate/internal/engine/core"
	"quorate/internal/qnet"
)

// Tone says how a text is meant, for whoever gives it a colour.
type Tone uint8

// The tones.
const (
	Plain  Tone = iota
	Good        // it can act
	Bad         // it can't, or must not be
	Odd         // something is broken on purpose, or not settled
	Dim         // of less interest
	Strong      // a heading, or what was typed
)

// Painter gives a text the colour of its tone. It must not change the width.
type Painter func(Tone, string) string

// Bare paints nothing.
func Bare(_ Tone, s string) string { return s }

// cell is a table's cell.
type cell struct {
	text string
	tone Tone
}

// Table shows a view: the nodes, then what is broken, what the arbiter says, and
// what must never be.
func Table(v *View, paint Painter) []string {
	head := []cell{{"node", Strong}, {"state", Strong}, {"partition", Strong}, {"ring", Strong}, {"votes", Strong}, {"needed", Strong}, {"quorate", Strong}}
	if v.Device {
		head = append(head, cell{"device", Strong}, cell{"arbiter", Strong})
	}
	rows := [][]cell{head}
	for i := range v.Nodes {
		rows = append(rows, row(v, &v.Nodes[i]))
	}
	lines := align(rows, paint)
	if v.Device && v.Arbiter.Running {
		text, tone := v.Arbiter.Text(), Plain
		switch {
		case text == "":
			text, tone = "no decision yet", Dim
		case v.Arbiter.Blocked != "" || len(v.Arbiter.Winner) == 0:
			tone = Bad
		}
		lines = append(lines, paint(Strong, "arbiter")+"  "+paint(tone, text))
	} else if v.Device {
		lines = append(lines, paint(Strong, "arbiter")+"  "+paint(Odd, "stopped"))
	}
	if len(v.Links) > 0 {
		lines = append(lines, paint(Strong, "links")+"    "+paint(Odd, linksText(v.Links)))
	}
	if len(v.Guests) > 0 {
		lines = append(lines, paint(Strong, "guests")+"   "+guestsText(v))
	}
	if v.Alarm != "" {
		lines = append(lines, paint(Bad, "ALARM    "+v.Alarm))
	}
	return lines
}

// row is one node's row.
func row(v *View, n *NodeView) []cell {
	cells := []cell{{n.ID.String(), Plain}}
	dash := cell{"-", Dim}
	switch {
	case !n.Up:
		cells = append(cells, cell{"down", Odd}, dash, dash, dash, dash, dash)
	default:
		cells = append(cells, stateCell(n), cell{idsText(n.members()), Plain}, cell{n.Ring.String(), Dim},
			cell{votes(n), Plain}, cell{fmt.Sprint(n.Needed), Dim}, quorateCell(n))
	}
	if v.Device && n.Up {
		cells = append(cells, cell{n.Polls, Dim}, arbiterCell(v, n))
	} else if v.Device {
		cells = append(cells, dash, dash)
	}
	return cells
}

func stateCell(n *NodeView) cell {
	switch {
	case n.Frozen:
		return cell{"frozen", Odd}
	case !n.Settled:
		return cell{"in sync", Odd}
	}
	return cell{"up", Plain}
}

// quorateCell says whether the node can act. In sync it can't, whatever the
// flag says.
func quorateCell(n *NodeView) cell {
	switch {
	case n.Frozen || !n.Settled:
		return cell{"-", Dim}
	case n.Quorate:
		return cell{"yes", Good}
	}
	return cell{"no", Bad}
}

// votes is "1+1 of 3": the nodes' votes, the arbiter's, and all there are.
func votes(n *NodeView) string {
	if n.FromDevice > 0 {
		return fmt.Sprintf("%d+%d of %d", n.Votes-n.FromDevice, n.FromDevice, n.Expected)
	}
	return fmt.Sprintf("%d of %d", n.Votes, n.Expected)
}

func arbiterCell(v *View, n *NodeView) cell {
	for _, l := range v.Links {
		if l.A == Arbiter && l.B == n.ID {
			return cell{l.To.String(), Odd}
		}
	}
	switch {
	case !n.Connected:
		return cell{"none", Odd}
	case n.Vote == qnet.VoteACK:
		return cell{"ACK", Good}
	case n.Vote == qnet.VoteNACK:
		return cell{"NACK", Bad}
	}
	return cell{"asked", Dim}
}

// guestsText is "web runs on 1, db is stopped on 2".
func guestsText(v *View) string {
	var list []string
	for _, g := range v.Guests {
		switch n := &v.Nodes[g.Node-1]; {
		case !g.Running:
			list = append(list, fmt.Sprintf("%s is stopped on %v", g.Name, g.Node))
		case !n.Up:
			list = append(list, fmt.Sprintf("%s went down with %v", g.Name, g.Node))
		default:
			list = append(list, fmt.Sprintf("%s runs on %v", g.Name, g.Node))
		}
	}
	return strings.Join(list, ", ")
}

// linksText is "1-2 cut, 1-arbiter drop".
func linksText(links []LinkView) string {
	var list []string
	for _, l := range links {
		if l.A == Arbiter {
			list = append(list, fmt.Sprintf("%v-arbiter %s", l.B, linkWord(l.To)))
		} else {
			list = append(list, fmt.Sprintf("%v-%v %s", l.A, l.B, linkWord(l.To)))
		}
	}
	return strings.Join(list, ", ")
}

func linkWord(l core.Link) string {
	if l == core.LinkDrop {
		return "drops all"
	}
	return l.String()
}

// align joins the cells of each row so that the columns stand below each other.
func align(rows [][]cell, paint Painter) []string {
	var widths []int
	for _, r := range rows {
		for i, c := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	var lines []string
	for _, r := range rows {
		var b strings.Builder
		gap := 0
		for i, c := range r {
			b.WriteString(strings.Repeat(" ", gap))
			b.WriteString(paint(c.tone, c.text))
			gap = widths[i] - utf8.RuneCountInString(c.text) + 2
		}
		lines = append(lines, b.String())
	}
	return lines
}

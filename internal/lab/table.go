// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/quorate/quorate/internal/engine/core"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/term"
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

// cell is a table's cell.
type cell struct {
	text string
	tone Tone
}

// Table shows a view: the nodes, then what is broken, what the arbiter says, and
// what must never be.
func Table(v *View, paint Painter) []string { return TableIn(v, paint, 0) }

// TableIn is as Table, in so many columns if width is not 0: columns of the table
// that matter least are left out, of which the heading tells, and text goes on in the
// next line.
func TableIn(v *View, paint Painter, width int) []string {
	head := []cell{{"node", Strong}, {"state", Strong}, {"partition", Strong}, {"ring", Strong}, {"votes", Strong}, {"needed", Strong}, {"quorate", Strong}}
	if v.Device {
		head = append(head, cell{"device", Strong}, cell{"arbiter", Strong})
	}
	rows := [][]cell{head}
	for i := range v.Nodes {
		rows = append(rows, row(v, &v.Nodes[i]))
	}
	return append(align(narrow(rows, width), paint), below(v, paint, width)...)
}

// below is what stands below the table.
func below(v *View, paint Painter, width int) (lines []string) {
	say := func(label string, labelTone, tone Tone, text string) {
		for i, l := range Fold(text, width-len(indent)) {
			first := paint(labelTone, label) + strings.Repeat(" ", len(indent)-len(label))
			if i > 0 {
				first = indent
			}
			lines = append(lines, first+paint(tone, l))
		}
	}
	if v.Device && v.Arbiter.Running {
		text, tone := v.Arbiter.Text(), Plain
		switch {
		case text == "":
			text, tone = "no decision yet", Dim
		case v.Arbiter.Blocked != "" || len(v.Arbiter.Winner) == 0:
			tone = Bad
		}
		say("arbiter", Strong, tone, text)
	} else if v.Device {
		say("arbiter", Strong, Odd, "stopped")
	}
	if len(v.Links) > 0 {
		say("links", Strong, Odd, linksText(v.Links))
	}
	if len(v.Guests) > 0 {
		say("guests", Strong, Plain, guestsText(v))
	}
	if v.Alarm != "" {
		say("ALARM", Bad, Bad, v.Alarm)
	}
	return lines
}

// indent is where the text below the table begins.
const indent = "         "

// Fold breaks text at blanks into lines of at most width characters, as far as its
// words allow it. A width below 20 breaks nothing.
func Fold(text string, width int) []string {
	if width < 20 {
		return []string{text}
	}
	lines := []string{""}
	for word := range strings.FieldsSeq(text) {
		last := &lines[len(lines)-1]
		switch n := utf8.RuneCountInString(*last); {
		case n == 0:
			*last = word
		case n+1+utf8.RuneCountInString(word) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}

// expendable are the columns that are left out where the table is too wide, the first
// one first. Who can act, and what the arbiter has said, stays.
var expendable = []string{"ring", "needed", "device", "partition", "votes", "state"}

// Ellipsis stands for what was cut off.
const Ellipsis = "…"

// minPartition is how narrow the partitions may get before they are left out.
const minPartition = 9

// narrow makes the table fit. It leaves columns out, and shortens a long list of the
// nodes of a partition.
func narrow(rows [][]cell, width int) [][]cell {
	if width <= 0 {
		return rows
	}
	for _, name := range expendable {
		over := wide(rows) - width
		if over <= 0 {
			return rows
		}
		i := slices.IndexFunc(rows[0], func(c cell) bool { return c.text == name })
		if i < 0 {
			continue
		}
		if keep := columnWidth(rows, i) - over; name == "partition" && keep >= minPartition {
			for _, r := range rows {
				r[i].text = Shorten(r[i].text, keep)
			}
			return rows
		}
		for k := range rows {
			rows[k] = slices.Delete(rows[k], i, i+1)
		}
		if last := &rows[0][len(rows[0])-1]; !strings.HasSuffix(last.text, Ellipsis) {
			last.text += " " + Ellipsis
		}
	}
	return rows
}

// Shorten cuts text to so many characters, with an ellipsis.
func Shorten(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:max(0, width-1)]) + Ellipsis
}

func columnWidth(rows [][]cell, i int) int {
	n := 0
	for _, r := range rows {
		n = max(n, utf8.RuneCountInString(r[i].text))
	}
	return n
}

// wide is how wide the table is.
func wide(rows [][]cell) int {
	sum := -2
	for i := range rows[0] {
		sum += columnWidth(rows, i) + 2
	}
	return sum
}

// row is one node's row.
func row(v *View, n *NodeView) []cell {
	cells := []cell{{n.ID.String(), Plain}}
	dash := cell{"-", Dim}
	switch {
	case !n.Up:
		down := cell{"down", Odd}
		if !v.anyUp() {
			down.tone = Bad
		}
		cells = append(cells, down, dash, dash, dash, dash, dash)
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

// linksText is "1-2 cut, 1-arbiter drops all", or "1-(2, 4) cut" for several of one node.
func linksText(links []LinkView) string {
	var list []string
	for i, l := range links {
		same := func(o LinkView) bool { return o.A == l.A && o.To == l.To }
		switch {
		case l.A == Arbiter:
			list = append(list, fmt.Sprintf("%v-arbiter %s", l.B, linkWord(l.To)))
		case !slices.ContainsFunc(links[:i], same):
			var ids []qnet.NodeID
			for _, o := range links[i:] {
				if same(o) {
					ids = append(ids, o.B)
				}
			}
			list = append(list, fmt.Sprintf("%v-%s %s", l.A, enclosed(ids), linkWord(l.To)))
		}
	}
	return strings.Join(list, ", ")
}

// enclosed lists IDs, in brackets if there are several.
func enclosed(ids []qnet.NodeID) string {
	if len(ids) == 1 {
		return ids[0].String()
	}
	return "(" + idsText(qnet.SortIDs(ids)) + ")"
}

func linkWord(l core.Link) string {
	if l == core.LinkDrop {
		return "drops all"
	}
	return l.String()
}

// align joins the cells of each row so that the columns stand below each other.
func align(rows [][]cell, paint Painter) []string {
	table := make([][]term.Cell, len(rows))
	for i, r := range rows {
		for _, c := range r {
			table[i] = append(table[i], term.NewCell(paint(c.tone, c.text)))
		}
	}
	return term.Align(table)
}

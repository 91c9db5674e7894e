// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package explain

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/term"
)

// Options say how a report is printed.
type Options struct {
	File   string // how problems name their place
	All    bool   // every case by itself, with each part
	Colour bool
}

// width is how wide the text is at most.
const width = 80

// AppendText appends the report as a table of at most 80 columns.
func AppendText(dst []byte, r *Report, o Options) []byte {
	var b strings.Builder
	p := term.Painter(o.Colour)
	r.head(&b)
	if o.All {
		r.allTable().write(&b, p)
	} else {
		r.shortTable().write(&b, p)
	}
	r.foot(&b, o.All)
	if len(r.Warnings) > 0 {
		b.WriteByte('\n')
	}
	return AppendAdvice(append(dst, b.String()...), r.Warnings, o)
}

// AppendAdvice appends what is wrong with a file, each with what to do, in at most 80
// columns.
func AppendAdvice(dst []byte, list []Advice, o Options) []byte {
	var b strings.Builder
	p := term.Painter(o.Colour)
	for _, a := range list {
		place := status.EscapeName(o.File)
		if a.Line > 0 {
			place = fmt.Sprintf("%s:%d", place, a.Line)
		}
		for k, line := range fold(fmt.Sprintf("%s: %s: %s", place, a.Level, status.EscapeName(a.Text)), width, 4) {
			if k == 0 && a.Level == "warning" {
				line = strings.Replace(line, ": warning: ", ": "+p.Paint(term.Yellow, "warning")+": ", 1)
			}
			b.WriteString(line + "\n")
		}
		for _, line := range fold("    -> "+status.EscapeName(a.WhatToDo), width, 7) {
			b.WriteString(line + "\n")
		}
	}
	return append(dst, b.String()...)
}

// head says which cluster it is.
func (r *Report) head(b *strings.Builder) {
	name := status.EscapeName(r.Cluster)
	if name == "" {
		name = "cluster without a name"
	}
	text := fmt.Sprintf("%s: %s", name, term.Count(len(r.Nodes), "node"))
	switch first := r.Nodes[0].Votes; {
	case !r.equal():
		var words []string
		for _, n := range r.Nodes {
			words = append(words, fmt.Sprintf("%s %d", join(r.Nodes, []qnet.NodeID{n.ID}), n.Votes))
		}
		text += " with these votes: " + strings.Join(words, ", ")
	case len(r.Nodes) == 1:
		text += " with " + term.Count(first, "vote")
	default:
		text += " with " + term.Count(first, "vote") + " each"
	}
	if d := r.Device; d != nil {
		text += fmt.Sprintf("; the arbiter has %s", term.Count(d.Votes, "vote"))
		text += fmt.Sprintf(" (%s, tie-breaker %s", d.Algorithm, status.EscapeName(d.TieBreaker))
		if d.KAP {
			text += ", keep active partition"
		}
		text += ")"
	}
	verb := "are"
	if r.Quorum == 1 {
		verb = "is"
	}
	text += fmt.Sprintf(". %d of %s %s needed.", r.Quorum, term.Count(r.Expected, "vote"), verb)
	b.WriteString(strings.Join(fold(text, width, 0), "\n") + "\n\n")
}

// foot says what the table does not.
func (r *Report) foot(b *strings.Builder, all bool) {
	say := func(text string) {
		b.WriteString("\n" + strings.Join(fold(text, width, 0), "\n") + "\n")
	}
	if r.LeftOut != "" {
		say("Not played: " + r.LeftOut + ".")
	}
	if d := r.Device; d != nil && d.Heuristics != "" {
		say("Heuristics (mode " + status.EscapeName(d.Heuristics) + ") are assumed to pass on every node. In a tie, the arbiter prefers the part where they pass on more nodes.")
	}
	if slices.ContainsFunc(r.Cases, func(c Case) bool {
		return slices.ContainsFunc(c.Parts, func(p Part) bool { return !p.Quorate })
	}) {
		say("A node without quorum keeps its running guests, but nothing can be started or changed there. " +
			"If Proxmox HA manages guests on it, a watchdog reboots it after about a minute; " +
			"sbd without a disk resets it after SBD_WATCHDOG_TIMEOUT.")
	}
	if longest := r.longest(); longest >= watchdog {
		say("Here it takes up to " + wholeSeconds(longest) + " until the survivors can act again. A watchdog may reboot them before that.")
	}
	var hints []string
	if r.Device != nil {
		hints = append(hints, "Times are for quorate's arbiter and node daemons.")
	}
	if !all && len(r.Nodes) > 1 {
		hints = append(hints, "--all shows every case, and each side of a split.")
	}
	if len(hints) > 0 {
		say(strings.Join(hints, " "))
	}
}

// watchdog is after how many seconds Proxmox HA's watchdog reboots a node that does
// not feed it.
const watchdog = 60

// longest is the longest time until a part can act, in seconds.
func (r *Report) longest() (seconds float64) {
	for _, c := range r.Cases {
		for i := range c.Parts {
			if p := &c.Parts[i]; p.Quorate {
				seconds = max(seconds, p.After)
			}
		}
	}
	return seconds
}

// shortTable has a row for cases that end alike.
func (r *Report) shortTable() *table {
	t := &table{max: []int{30, 20, 7, width}}
	t.add(cell{"what happens", term.Bold}, cell{"who goes on", term.Bold}, cell{"after", term.Bold}, cell{"why", term.Bold})
	groups := r.groups()
	for _, g := range groups {
		who, colour := r.who(g), term.Green
		if who == nobody || who == both {
			colour = term.Red
		}
		t.add(cell{r.title(g, groups), ""}, cell{who, colour}, cell{g.after(), ""}, cell{g.why(), ""})
	}
	return t
}

// allTable has a row for each part of each case.
func (r *Report) allTable() *table {
	t := &table{max: []int{24, 18, 10, 8, width}}
	t.add(cell{"what happens", term.Bold}, cell{"nodes", term.Bold}, cell{"votes", term.Bold}, cell{"goes on", term.Bold}, cell{"why", term.Bold})
	for i := range r.Cases {
		c := &r.Cases[i]
		title := c.brief()
		for k := range c.Parts {
			p := &c.Parts[k]
			nodes := "all nodes"
			if len(p.Nodes) < len(r.Nodes) || len(r.Nodes) == 1 {
				nodes = join(r.Nodes, p.Nodes)
			}
			t.add(cell{title, ""}, cell{nodes, ""}, cell{fmt.Sprintf("%d of %d", p.Votes, p.Expected), ""}, p.goesOn(c.active() > 1), cell{p.brief(), ""})
			title = ""
		}
	}
	return t
}

// brief is what happens, without the nodes that stand beside it anyway.
func (c *Case) brief() string {
	switch c.Kind {
	case Split:
		return "split"
	case SplitAlone:
		return "arbiter lost, then split"
	case LostSplit:
		lost, _, _ := strings.Cut(c.What, ", split ")
		return lost + ", then split"
	}
	return c.What
}

// brief is the reason in a word or two.
func (p *Part) brief() string {
	switch p.Reason {
	case Enough, TooFew:
		return fmt.Sprintf("%d needed", p.Quorum)
	case Arbiter:
		return "arbiter's vote"
	}
	return string(p.Reason)
}

// goesOn says whether a part goes on, and when.
func (p *Part) goesOn(both bool) cell {
	colour := term.Green
	if both {
		colour = term.Red
	}
	switch {
	case !p.Quorate:
		return cell{"no", term.Red}
	case p.After == 0:
		return cell{wholeSeconds(0), colour}
	}
	return cell{"in " + wholeSeconds(p.After), colour}
}

// wholeSeconds rounds up: nobody is to count on less.
func wholeSeconds(s float64) string {
	if s == 0 {
		return "at once"
	}
	return fmt.Sprintf("%.0f s", math.Ceil(s))
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/quorate/quorate/internal/term"
)

// AppendOverview appends a report as somebody reads it on a terminal: the verdict, what
// is wrong and what to do, who has which votes, what a loss would bring, and last the
// block that pvecm status prints. Lines are wrapped at width columns; 0 leaves that to
// the terminal. Times are told in r.At's location.
func AppendOverview(b []byte, r *Report, colour bool, width int) []byte {
	p := term.Painter(colour)
	return Wrap(appendDetails(append(r.verdict(p), '\n'), r, p), width, b)
}

// Overview is the same in two parts for a screen that scrolls the second one.
func Overview(r *Report, colour bool, width int) (verdict, rest []byte) {
	p := term.Painter(colour)
	return Wrap(r.verdict(p), width, nil), Wrap(appendDetails(nil, r, p), width, nil)
}

func appendDetails(b []byte, r *Report, p term.Painter) []byte {
	b = appendTrouble(b, r, p)
	b = appendVotes(b, r, p)
	if r.Quorum.Device != nil {
		b = appendWhy(heading(b, "Arbiter", p), r, p)
	}
	if len(r.Losses) > 0 {
		b = appendLossLines(heading(b, "If one of these is lost now", p), r, p)
	}
	b = heading(b, "As pvecm status prints it", p)
	b = AppendQuorum(append(b, '\n'), r.Quorum, r.At)
	if slices.ContainsFunc(r.Quorum.Members, func(m Member) bool { return m.Registered }) {
		b = append(b, "\nIn the column Qdevice, A means that the node daemon is alive, V that it uses the\n"+
			"arbiter's vote, and MW that it has master_wins. An N in front means not.\n"+
			"NR is a node without a node daemon.\n"...)
	}
	return b
}

// verdict says in a sentence or two how this node is.
func (r *Report) verdict(p term.Painter) []byte {
	q, me := r.Quorum, r.Quorum.Here()
	numbers := ""
	if v := q.Votequorum; v != nil {
		numbers = fmt.Sprintf(": %d of %d votes, %d needed", v.Total, v.Expected, v.Quorum)
	}
	switch {
	case q.Quorate:
		return []byte(p.Paint(term.Green, me+" is quorate"+numbers+".") + r.outlook(p) + "\n")
	case q.Votequorum != nil && q.Votequorum.Waiting:
		return []byte(p.Paint(term.Red, me+" has no quorum: it waits until it has seen all nodes (wait_for_all).") + "\n")
	}
	return []byte(p.Paint(term.Red, me+" has no quorum"+numbers+".") + " Until it has, you can't change anything here: on Proxmox, /etc/pve is read-only and no guest starts.\n")
}

// outlook sums the losses up.
func (r *Report) outlook(p term.Painter) string {
	var costly, unsure []string
	for i := range r.Losses {
		switch l := &r.Losses[i]; {
		case len(l.Lose) > 0:
			costly = append(costly, l.Called)
		case len(l.Unknown) > 0:
			unsure = append(unsure, l.Called)
		}
	}
	switch {
	case len(costly) > 0:
		return " " + p.Paint(term.Yellow, "Losing "+term.List(costly, "or")+" now would cost quorum.")
	case len(unsure) > 0:
		return " If " + term.List(unsure, "or") + " is lost now, what happens is not known."
	case len(r.Losses) > 1:
		return " Whichever one is lost now, the rest keeps quorum."
	}
	return ""
}

// appendTrouble tells the problems, or that there are none.
func appendTrouble(b []byte, r *Report, p term.Painter) []byte {
	if len(r.Problems) == 0 {
		return append(b, "No problems were found.\n"...)
	}
	b = append(b, p.Paint(term.Bold, term.Plural(len(r.Problems), "Problem", "Problems"))+"\n"...)
	for _, problem := range r.Problems {
		colour := term.Yellow
		if problem.Severe {
			colour = term.Red
		}
		b = fmt.Appendf(b, "  %s\n", p.Paint(colour, sentence(EscapeName(problem.Text))))
		for _, do := range slices.Compact(problem.Do) {
			b = fmt.Appendf(b, "    %s\n", EscapeName(do))
		}
	}
	return b
}

// sentence makes a text one: with a full stop. Names keep their case.
func sentence(text string) string { return strings.TrimSuffix(text, ".") + "." }

// appendVotes tells who has which votes, the arbiter among them.
func appendVotes(b []byte, r *Report, p term.Painter) []byte {
	v := r.Quorum.Votequorum
	if v == nil {
		return b
	}
	b = heading(b, "Votes", p)
	width := r.nameWidth()
	line := func(name string, votes uint32, text string) {
		b = fmt.Appendf(b, "%s:%*s%d  %s\n", name, width-utf8.RuneCountInString(name), "", votes, text)
	}
	for i := range r.Quorum.Members {
		m := &r.Quorum.Members[i]
		name := m.Called()
		if m.Local {
			name += " (local)"
		}
		line(name, m.Votes, m.arbiterText(r.Quorum, p))
	}
	for i := range r.Quorum.Absent {
		a := &r.Quorum.Absent[i]
		line(a.Called(), a.Votes, p.Paint(term.Red, "gone, so not counted"))
	}
	if r.Quorum.Device != nil {
		text := p.Paint(term.Green, "counted on "+r.Quorum.Here())
		if !r.Quorum.local().Cast {
			text = p.Paint(term.Yellow, "not counted on "+r.Quorum.Here())
		}
		line("the arbiter", v.DeviceVotes, text)
	}
	return b
}

// nameWidth is the room for the names of a table: 17 columns, or more.
func (r *Report) nameWidth() int {
	width := hang - 1
	for i := range r.Quorum.Members {
		m := &r.Quorum.Members[i]
		width = max(width, utf8.RuneCountInString(m.Called()+suffix(m.Local, " (local)"))+1)
	}
	for i := range r.Quorum.Absent {
		width = max(width, utf8.RuneCountInString(r.Quorum.Absent[i].Called())+1)
	}
	return width
}

// arbiterText says whether a member uses the arbiter's vote.
func (m *Member) arbiterText(q *Quorum, p term.Painter) string {
	switch {
	case q.Device == nil:
		return p.Paint(term.Green, "here")
	case !m.Registered:
		return p.Paint(term.Yellow, "here, without a node daemon (qdevice)")
	case !m.Alive:
		return p.Paint(term.Yellow, "here, its node daemon (qdevice) has stopped")
	case m.Cast:
		return p.Paint(term.Green, "here, uses the arbiter's vote")
	}
	return p.Paint(term.Yellow, "here, does not use the arbiter's vote")
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package explain

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"quorate/internal/qnet"
)

// paint colours words for a terminal.
type paint struct{ on bool }

func (p paint) do(code, s string) string {
	if !p.on {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// AppendText appends the report as a table. File is how problems name their place.
func AppendText(dst []byte, r *Report, file string, colour bool) []byte {
	var b strings.Builder
	p := paint{colour}
	r.head(&b)
	r.table(&b, p)
	if r.LeftOut != "" {
		fmt.Fprintf(&b, "\nLeft out: %s.\n", r.LeftOut)
	}
	for i, a := range r.Warnings {
		if i == 0 {
			b.WriteByte('\n')
		}
		place := file
		if a.Line > 0 {
			place = fmt.Sprintf("%s:%d", file, a.Line)
		}
		level := a.Level
		if level == "warning" {
			level = p.do("33", level)
		}
		fmt.Fprintf(&b, "%s: %s: %s\n    %s\n", place, level, a.Text, a.WhatToDo)
	}
	return append(dst, b.String()...)
}

// head says which cluster it is.
func (r *Report) head(b *strings.Builder) {
	votes := "1 vote each"
	if slices.ContainsFunc(r.Nodes, func(n Node) bool { return n.Votes != 1 }) {
		var words []string
		for _, n := range r.Nodes {
			words = append(words, fmt.Sprintf("%s %d", n.Name, n.Votes))
		}
		votes = "votes: " + strings.Join(words, ", ")
	}
	name := r.Cluster
	if name == "" {
		name = "cluster without a name"
	}
	fmt.Fprintf(b, "%s: %s, %s", name, plural(len(r.Nodes), "node"), votes)
	if d := r.Device; d != nil {
		fmt.Fprintf(b, "; device %s: %s, tie-breaker %s", plural(int(d.Votes), "vote"), d.Algorithm, d.TieBreaker)
		if d.KAP {
			b.WriteString(", keep active partition")
		}
	}
	fmt.Fprintf(b, "\n%s expected, %d needed\n\n", plural(int(r.Expected), "vote"), r.Quorum)
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// row is one line of the table.
type row struct{ cells [6]string }

func (r *Report) table(b *strings.Builder, p paint) {
	rows := []row{{[6]string{"case", "nodes", "votes", "quorate", "after", "why"}}}
	for _, c := range r.Cases {
		rows = append(rows, r.rows(c)...)
	}
	var width [6]int
	for _, l := range rows {
		for i, cell := range l.cells[:5] {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for i, l := range rows {
		var line strings.Builder
		for k, cell := range l.cells {
			pad := max(0, width[k]-utf8.RuneCountInString(cell))
			switch {
			case i == 0:
				cell = p.do("1", cell)
			case cell == "yes":
				cell = p.do("32", cell)
			case cell == "no" || cell == "BOTH":
				cell = p.do("31", cell)
			}
			line.WriteString(cell)
			if k < 5 {
				line.WriteString(strings.Repeat(" ", pad+2))
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// rows are the lines of one case: one for each part, and the cases that end alike.
func (r *Report) rows(c Case) []row {
	var list []row
	quorate := 0
	for _, p := range c.Parts {
		if p.Quorate {
			quorate++
		}
	}
	for _, p := range c.Parts {
		yes, after := "no", "-"
		if p.Quorate {
			yes, after = "yes", "at once"
			if p.After > 0 {
				after = fmt.Sprintf("%.1f s", p.After)
			}
			if quorate > 1 {
				yes = "BOTH"
			}
		}
		list = append(list, row{[6]string{"", r.short(p.Nodes), fmt.Sprintf("%d of %d", p.Votes, p.Expected), yes, after, p.Why}})
	}
	titles := append([]string{c.What}, c.Also...)
	if c.All != "" {
		titles = []string{c.All}
	}
	for i := range titles[1:] {
		titles[i+1] = "  or " + titles[i+1]
	}
	for i, t := range titles {
		if i >= len(list) {
			list = append(list, row{})
		}
		list[i].cells[0] = t
	}
	return list
}

func (r *Report) short(ids []qnet.NodeID) string { return join(r.Nodes, ids) }

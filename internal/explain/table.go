// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package explain

import (
	"strings"
	"unicode/utf8"

	"github.com/quorate/quorate/internal/term"
)

// cell is text, and its colour.
type cell struct {
	text   string
	colour term.Colour
}

// table is rows of cells. Where they are too wide together, a cell goes on in the
// next line.
type table struct {
	max  []int // how wide each column may be
	rows [][]cell
}

func (t *table) add(cells ...cell) { t.rows = append(t.rows, cells) }

// widths are those of the columns. The last one has what is left.
func (t *table) widths() []int {
	w := make([]int, len(t.max))
	left := width
	for i := range w {
		for _, r := range t.rows {
			w[i] = max(w[i], utf8.RuneCountInString(r[i].text))
		}
		w[i] = min(w[i], t.max[i])
		if i == len(w)-1 {
			w[i] = min(w[i], left)
		}
		left -= w[i] + 2
	}
	return w
}

func (t *table) write(b *strings.Builder, p term.Painter) {
	w := t.widths()
	for _, r := range t.rows {
		cells := make([][]string, len(r))
		lines := 0
		for i, c := range r {
			indent := 0
			if i == 0 {
				indent = 2
			}
			cells[i] = fold(c.text, w[i], indent)
			lines = max(lines, len(cells[i]))
		}
		for n := range lines {
			var line strings.Builder
			gap := 0
			for i, c := range r {
				if n < len(cells[i]) && cells[i][n] != "" {
					line.WriteString(strings.Repeat(" ", gap) + p.Paint(c.colour, cells[i][n]))
					gap = -utf8.RuneCountInString(cells[i][n])
				}
				gap += w[i] + 2
			}
			b.WriteString(line.String() + "\n")
		}
	}
}

// fold breaks text into lines of so many characters, at blanks where it can. All
// lines but the first are indented.
func fold(text string, width, indent int) []string {
	var lines []string
	line, room := "", width
	begin := strings.Repeat(" ", len(text)-len(strings.TrimLeft(text, " ")))
	for word := range strings.FieldsSeq(text) {
		for {
			switch n := utf8.RuneCountInString(line); {
			case line == "" && len(lines) == 0:
				line = begin
				fallthrough
			case strings.TrimSpace(line) == "":
				if utf8.RuneCountInString(line)+utf8.RuneCountInString(word) <= room {
					line += word
					word = ""
				} else {
					runes := []rune(word)
					cut := max(1, room-utf8.RuneCountInString(line))
					lines = append(lines, line+string(runes[:cut]))
					line, word = strings.Repeat(" ", indent), string(runes[cut:])
				}
			case n+1+utf8.RuneCountInString(word) <= room:
				line += " " + word
				word = ""
			default:
				lines = append(lines, line)
				line = strings.Repeat(" ", indent)
			}
			if word == "" {
				break
			}
		}
	}
	if strings.TrimSpace(line) != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

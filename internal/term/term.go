// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package term has what texts for people share: colours, tables, and nouns that are counted
// or listed. It makes text and writes none; whether there is a terminal, and whether that
// wants colour, is for its callers to know.
package term

import (
	"strings"
	"unicode/utf8"
)

// Colour is the parameter of the ANSI sequence that selects a colour.
type Colour string

// The colours.
const (
	Plain  Colour = ""
	Bold   Colour = "1"
	Red    Colour = "31"
	Green  Colour = "32"
	Yellow Colour = "33"
)

// Reset is the sequence that ends a colour.
const Reset = "\x1b[0m"

// Painter paints, if it is true.
type Painter bool

// Paint returns text in a colour.
func (p Painter) Paint(c Colour, text string) string {
	if !p || c == Plain {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + Reset
}

// Cell returns the cell of a table that has one colour.
func (p Painter) Cell(c Colour, text string) Cell { return NewCell(p.Paint(c, text)) }

// Cell is one of a table.
type Cell struct {
	text  string
	width int // columns
}

// NewCell returns a cell with a text, which may have been painted.
func NewCell(text string) Cell { return Cell{text, Columns(text)} }

// Align joins each row into a line, so that the columns stand below each other with two
// blanks between them. No line ends with blanks.
func Align(rows [][]Cell) []string {
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], c.width)
		}
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = line(row, widths)
	}
	return lines
}

func line(row []Cell, widths []int) string {
	var b strings.Builder
	gap := 0
	for i, c := range row {
		if c.width > 0 {
			b.WriteString(strings.Repeat(" ", gap))
			b.WriteString(c.text)
			gap = 0
		}
		gap += widths[i] - c.width + 2
	}
	return b.String()
}

// Columns is how much room a text takes: one column for each character, and none for an
// escape sequence.
func Columns(s string) (n int) {
	for len(s) > 0 {
		if e := EscapeLen(s); e > 0 {
			s = s[e:]
			continue
		}
		_, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		n++
	}
	return n
}

// EscapeLen is the length of the escape sequence that s, which is not empty, begins with; 0
// if it begins with none.
func EscapeLen(s string) int {
	if s[0] != 0x1b {
		return 0
	}
	if i := strings.IndexByte(s, 'm'); i >= 0 {
		return i + 1
	}
	return len(s)
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/quorate/quorate/internal/term"
)

// hang is the column at which the values of a report stand.
const hang = 18

// Wrap appends text to b with every line broken between words so that it fits into width
// columns; 0 breaks nothing. What is continued is indented below its value, or a little
// further than its line. Escape sequences take no room.
func Wrap(text []byte, width int, b []byte) []byte {
	if width <= 0 {
		return append(b, text...)
	}
	for line := range bytes.Lines(text) {
		b = wrapLine(b, string(bytes.TrimSuffix(line, []byte("\n"))), width)
		b = append(b, '\n')
	}
	return b
}

func wrapLine(b []byte, line string, width int) []byte {
	if term.Columns(line) <= width {
		return append(b, line...)
	}
	w := wrapper{b: b, width: width, indent: indentOf(line)}
	if w.indent > width/2 {
		w.indent = 2
	}
	for i, word := range strings.Split(line, " ") {
		switch {
		case i == 0:
		case w.at+1+term.Columns(word) > width && w.at > w.indent:
			w.next()
		default:
			w.b, w.at = append(w.b, ' '), w.at+1
		}
		w.word(word)
	}
	return w.b
}

// indentOf is where the continuation of a line stands: below the value of "label:   value".
func indentOf(line string) int {
	if label, rest, ok := strings.Cut(line, ":"); ok {
		value := strings.TrimLeft(rest, " ")
		gap := len(rest) - len(value)
		if at := term.Columns(label) + 1 + gap; gap > 1 || gap == 1 && at == hang {
			return at
		}
	}
	if line[0] != ' ' {
		return 0
	}
	return len(line) - len(strings.TrimLeft(line, " ")) + 2
}

// wrapper writes a line that is too long.
type wrapper struct {
	b             []byte
	at            int // column
	width, indent int
	colour        string // the escape sequence in force
}

// next begins a line, in the same colour.
func (w *wrapper) next() {
	if w.colour != "" {
		w.b = append(w.b, term.Reset...)
	}
	w.b = append(append(w.b, '\n'), strings.Repeat(" ", w.indent)...)
	w.b = append(w.b, w.colour...)
	w.at = w.indent
}

// word writes a word, and breaks one that is wider than the screen.
func (w *wrapper) word(word string) {
	for len(word) > 0 {
		if n := term.EscapeLen(word); n > 0 {
			if w.colour = word[:n]; w.colour == term.Reset {
				w.colour = ""
			}
			w.b, word = append(w.b, word[:n]...), word[n:]
			continue
		}
		if w.at >= w.width {
			w.next()
		}
		_, n := utf8.DecodeRuneInString(word)
		w.b, word, w.at = append(w.b, word[:n]...), word[n:], w.at+1
	}
}

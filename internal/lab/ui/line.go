// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package ui

import (
	"slices"
	"strings"
	"unicode"

	"charm.land/lipgloss/v2"

	"github.com/quorate/quorate/internal/lab"
)

// maxTyped is the most characters that a line may have.
const maxTyped = 500

// line is a line that is being typed. It is a value: what edits it returns
// another. (The text input of bubbles would do, but for a clipboard library that
// looks for programs whenever any program starts that has it inside.)
type line struct {
	text []rune
	pos  int // of the cursor, in text
}

func lineOf(s string) line { return line{text: []rune(s), pos: len([]rune(s))} }

func (l line) String() string { return string(l.text) }

// insert puts what can be printed of s before the cursor.
func (l line) insert(s string) line {
	var typed []rune
	for _, r := range s {
		if unicode.IsPrint(r) && len(l.text)+len(typed) < maxTyped {
			typed = append(typed, r)
		}
	}
	return line{slices.Insert(slices.Clone(l.text), l.pos, typed...), l.pos + len(typed)}
}

// cut takes out the characters from i to j.
func (l line) cut(i, j int) line {
	return line{slices.Delete(slices.Clone(l.text), i, j), i}
}

// wordLeft is where the word before the cursor begins.
func (l line) wordLeft() int {
	i := l.pos
	for i > 0 && l.text[i-1] == ' ' {
		i--
	}
	for i > 0 && l.text[i-1] != ' ' {
		i--
	}
	return i
}

// wordRight is where the word after the cursor ends.
func (l line) wordRight() int {
	i := l.pos
	for i < len(l.text) && l.text[i] == ' ' {
		i++
	}
	for i < len(l.text) && l.text[i] != ' ' {
		i++
	}
	return i
}

// edit takes a key by its name. It reports whether the key edits anything: if
// not, it may be text.
func (l line) edit(key string) (line, bool) {
	end := len(l.text)
	switch key {
	case "left", "ctrl+b":
		l.pos = max(l.pos-1, 0)
	case "right", "ctrl+f":
		l.pos = min(l.pos+1, end)
	case "ctrl+left", "alt+left", "alt+b":
		l.pos = l.wordLeft()
	case "ctrl+right", "alt+right", "alt+f":
		l.pos = l.wordRight()
	case "home", "ctrl+a":
		l.pos = 0
	case "end", "ctrl+e":
		l.pos = end
	case "backspace", "ctrl+h":
		return l.cut(max(l.pos-1, 0), l.pos), true
	case "delete", "ctrl+d":
		return l.cut(l.pos, min(l.pos+1, end)), true
	case "ctrl+w", "alt+backspace", "ctrl+backspace":
		return l.cut(l.wordLeft(), l.pos), true
	case "alt+d", "ctrl+delete", "alt+delete":
		return l.cut(l.pos, l.wordRight()), true
	case "ctrl+u":
		return l.cut(0, l.pos), true
	case "ctrl+k":
		return l.cut(l.pos, end), true
	default:
		return l, false
	}
	return l, true
}

// show is the prompt with the line behind it, and dimmed what the tab key would
// add, within a width; and the column of the cursor. A line that is too long shows
// the part around the cursor, with an ellipsis for the rest.
func (l line) show(width int, hint string) (text string, column int) {
	const prompt = "> "
	room := max(width-len(prompt)-1, 1)
	from, left := 0, ""
	for lipgloss.Width(left+string(l.text[from:l.pos])) > room {
		from, left = from+1, lab.Ellipsis
	}
	text = left + string(l.text[from:])
	column = len(prompt) + lipgloss.Width(left+string(l.text[from:l.pos]))
	text = Paint(lab.Strong, strings.TrimRight(prompt, " ")) + " " + text
	if l.pos == len(l.text) {
		text += Paint(lab.Dim, hint)
	}
	return text, min(column, width-1)
}

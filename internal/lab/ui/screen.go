// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package ui

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/quorate/quorate/internal/lab"
	"github.com/quorate/quorate/internal/scenario"
	"github.com/quorate/quorate/internal/term"
)

// minRest is how many lines of what has happened must fit below the table, or all of
// the page is scrolled.
const minRest = 3

// screen lays the screen out: never more lines or columns than it has. It also
// returns the line of the prompt.
func (m Model) screen() (lines []string, prompt int) {
	room := m.height - 1 // the prompt
	var keys []string
	if room >= 4 {
		keys = []string{Paint(lab.Dim, m.keysLine())}
		room--
	}
	if m.help {
		lines, _ = view(m.helpPage(), room, m.helpTop)
	} else {
		lines = m.page(room)
	}
	for len(lines) < room {
		lines = append(lines, "")
	}
	typed, _ := m.input.show(m.width, m.hint())
	prompt = len(lines)
	lines = append(append(lines, typed), keys...)
	for i := range lines {
		lines[i] = shorten(lines[i], m.width)
	}
	return lines, prompt
}

// page is the headline, the table, and what has happened: its end, or what was before
// if it was scrolled back. Where the table is too long for that, all of it is scrolled.
func (m Model) page(room int) []string {
	table := m.fixed(room)
	log := m.wrapped()
	rest := room - len(table) - 1
	if rest < minRest {
		lines, _ := view(append(append(table, ""), log...), m.long(room), m.down)
		if m.long(room) < room {
			lines = append(lines, log[max(0, len(log)-newest):]...)
		}
		return lines
	}
	back := min(m.back, max(0, len(log)-rest))
	from := max(0, len(log)-rest-back)
	above := ""
	if from > 0 {
		above = more(from, "above", "PgUp")
	}
	lines := append(append(table, above), log[from:min(len(log), from+rest)]...)
	if back > 0 {
		lines[len(lines)-1] = more(back+1, "below", "PgDn")
	}
	return lines
}

// newest is how many lines of what has happened stay in sight below a page that is
// scrolled.
const newest = 2

// long is how many lines a page has that is scrolled.
func (m Model) long(room int) int {
	if room < 8 {
		return room
	}
	return room - newest
}

// fixed is what does not scroll: the table, and the headline where there is room.
func (m Model) fixed(room int) []string {
	table := lab.TableIn(&m.view, Paint, m.width)
	if title := m.title(m.lab.Headline()); room >= len(table)+len(title)+8 {
		return append(append(title, ""), table...)
	}
	return table
}

// view is the part of a text that is on the screen from line top on. The first and the
// last line tell of what is not. It also returns top, brought into bounds.
func view(text []string, room, top int) ([]string, int) {
	top = max(0, min(top, len(text)-room))
	if len(text) <= room || room < 2 {
		return text[:min(len(text), max(room, 0))], 0
	}
	lines := append([]string(nil), text[top:top+room]...)
	if left := len(text) - top - room; left > 0 {
		lines[room-1] = more(left+1, "below", "PgDn")
	}
	if top > 0 && room > 2 {
		lines[0] = more(top+1, "above", "PgUp")
	}
	return lines, top
}

func more(n int, where, key string) string {
	return Paint(lab.Dim, fmt.Sprintf("%s %d more %s %s (%s)", lab.Ellipsis, n, term.Plural(n, "line", "lines"), where, key))
}

// scroll goes up or down by a screen less a bit.
func (m *Model) scroll(by int) {
	room := max(1, m.height-2)
	table := m.fixed(room)
	text := append(append(table, ""), m.wrapped()...)
	switch rest := room - len(table) - 1; {
	case m.help:
		_, m.helpTop = view(m.helpPage(), room, m.helpTop+by*max(1, room-2))
	case rest < minRest:
		_, m.down = view(text, m.long(room), m.down+by*max(1, m.long(room)-2))
	default:
		over := max(0, len(text)-len(table)-1-rest)
		m.back = min(over, max(0, m.back-by*max(1, rest-1)))
	}
}

// scrolls reports whether there is more than the screen shows.
func (m Model) scrolls() bool {
	room := m.height - 2
	return len(m.fixed(room))+1+len(m.wrapped()) > room
}

// helpPage is the list of the commands and of the keys.
func (m Model) helpPage() []string {
	lines := []string{Paint(lab.Strong, "Commands (any key goes back)"), ""}
	for _, l := range append(scenario.HelpText(), append([]string{"", "Keys, while nothing is typed:"}, keysHelp...)...) {
		lines = append(lines, hang(l, m.width, helpIndent)...)
	}
	return lines
}

// helpIndent is where what a command does begins in the help.
const helpIndent = 29

// title is the headline, with the time at its right end.
func (m Model) title(text []string) []string {
	clock := fmt.Sprintf("%ds", int(m.view.At.Seconds())) // tenths would be restless
	var lines []string
	for i, l := range lab.Fold("quorate lab: "+text[0], m.width-len(clock)-1) {
		line := Paint(lab.Strong, l)
		if i == 0 {
			line += strings.Repeat(" ", max(1, m.width-lipgloss.Width(l)-len(clock))) + Paint(lab.Dim, clock)
		}
		lines = append(lines, line)
	}
	for _, l := range text[1:] {
		for _, part := range lab.Fold(l, m.width) {
			lines = append(lines, Paint(lab.Dim, part))
		}
	}
	return lines
}

// logLine is a line of what has happened: when and who, and what.
type logLine struct{ prefix, text string }

// wrapped is what has happened, in lines that fit.
func (m Model) wrapped() []string {
	var lines []string
	for _, s := range m.log {
		lines = append(lines, hang(s.prefix+s.text, m.width, lipgloss.Width(s.prefix))...)
	}
	return lines
}

// hang breaks a line. What does not fit goes on in the next one, indented, if there
// is room for that.
func hang(line string, width, indent int) []string {
	if lipgloss.Width(line) <= width || width < 10 {
		return []string{line}
	}
	if indent > width/2 {
		indent = min(4, width/4)
	}
	lines := strings.Split(lipgloss.Wrap(line, width, ""), "\n")
	rest := lipgloss.Wrap(strings.Join(lines[1:], " "), width-indent, "")
	out := []string{strings.TrimRight(lines[0], " ")}
	for l := range strings.SplitSeq(rest, "\n") {
		out = append(out, strings.Repeat(" ", indent)+strings.TrimLeft(l, " "))
	}
	return out
}

// shorten cuts a painted line to the width, with an ellipsis.
func shorten(line string, width int) string {
	if lipgloss.Width(line) <= width {
		return line
	}
	if width < 2 {
		return lab.Ellipsis
	}
	return lipgloss.NewStyle().MaxWidth(width-1).Render(line) + lab.Ellipsis
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package ui

import (
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/quorate/quorate/internal/lab"
)

// tones are the colours: few, and those that every terminal has.
var tones = [...]lipgloss.Style{
	lab.Plain:  lipgloss.NewStyle(),
	lab.Good:   lipgloss.NewStyle().Foreground(lipgloss.Green),
	lab.Bad:    lipgloss.NewStyle().Foreground(lipgloss.Red),
	lab.Odd:    lipgloss.NewStyle().Foreground(lipgloss.Yellow),
	lab.Dim:    lipgloss.NewStyle().Faint(true),
	lab.Strong: lipgloss.NewStyle().Bold(true),
}

// Paint gives a text the colour of its tone, and leaves the blanks after it. It is
// a lab.Painter.
func Paint(t lab.Tone, s string) string {
	text := strings.TrimRight(s, " ")
	if t == lab.Plain || int(t) >= len(tones) || text == "" {
		return s
	}
	return tones[t].Render(text) + s[len(text):]
}

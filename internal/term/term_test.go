// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package term

import (
	"slices"
	"testing"
)

func TestPaint(t *testing.T) {
	for _, c := range []struct {
		p    Painter
		c    Colour
		want string
	}{{false, Red, "no"}, {true, Plain, "no"}, {true, Red, "\x1b[31mno\x1b[0m"}} {
		if got := c.p.Paint(c.c, "no"); got != c.want {
			t.Errorf("%t, %q: %q", c.p, c.c, got)
		}
	}
}

// TestAlign: what is painted takes no more room, nothing ends with blanks, and rows may
// have cells that are empty or missing.
func TestAlign(t *testing.T) {
	p := Painter(true)
	got := Align([][]Cell{
		{p.Cell(Bold, "node"), p.Cell(Bold, "ring"), p.Cell(Bold, "vote")},
		{p.Cell(Plain, "Ω"), NewCell(""), p.Cell(Red, "no")},
		{p.Cell(Plain, "longer"), p.Cell(Plain, "1.8"), NewCell("")},
		{NewCell("x")},
		nil,
	})
	want := []string{
		"\x1b[1mnode\x1b[0m    \x1b[1mring\x1b[0m  \x1b[1mvote\x1b[0m",
		"Ω             \x1b[31mno\x1b[0m",
		"longer  1.8",
		"x",
		"",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestColumns(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "é": 1, "\xff\xfe": 2, "\x1b[31mno\x1b[0m": 2, "a\x1b[3": 1} {
		if got := Columns(s); got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range []string{"0 votes", "1 vote", "2 votes"} {
		if got, small := Count(n, "vote"), Count(uint32(n), "vote"); got != want || small != want {
			t.Errorf("%d: %q, %q", n, got, small)
		}
	}
}

func TestList(t *testing.T) {
	words := []string{"a", "b", "c"}
	for n, want := range []string{"", "a", "a and b", "a, b and c"} {
		if got := And(words[:n]); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
	if got := List(words, "or"); got != "a, b or c" {
		t.Error(got)
	}
}

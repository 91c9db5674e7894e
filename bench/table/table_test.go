// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package table

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestPercentile(t *testing.T) {
	for _, c := range []struct {
		f    []float64
		p    int
		want float64
	}{
		{nil, 50, 0}, {[]float64{3}, 99, 3}, {[]float64{3, 1, 2}, 50, 2}, {[]float64{4, 3, 1, 2}, 50, 2}, {[]float64{4, 3, 1, 2}, 99, 4},
	} {
		if got := Percentile(c.f, c.p); got != c.want {
			t.Errorf("%v, %d: %v, want %v", c.f, c.p, got, c.want)
		}
	}
}

func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.md")
	const text = "a\n<!-- one: begin -->\nold\n<!-- one: end -->\n<!-- two: begin -->\n%s<!-- two: end -->\nz\n"
	if err := os.WriteFile(path, fmt.Appendf(nil, text, "old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Replace(path, "two", "new\n"); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(path); string(b) != fmt.Sprintf(text, "new\n") {
		t.Errorf("%s", b)
	}
	if got, err := Find(path, "two"); got != "new\n" || err != nil {
		t.Errorf("found %q, %v", got, err)
	}
	if err := errors.Join(Replace(path, "three", ""), Replace(filepath.Join(t.TempDir(), "none"), "two", "")); err == nil {
		t.Error("no place, no error")
	}
}

// TestCells: what is written can be read.
func TestCells(t *testing.T) {
	c := Cells{}
	c.Set("B/x", "C / C", "pass")
	c.Set("A", "ours / C", "pass: 1 s")
	c.Set("A", "C / C", "fails")
	text := c.Text([]string{"ours / C", "ours / ours", "C / C"})
	const want = "| row | ours / C | C / C |\n|---|---|---|\n| A | pass: 1 s | fails |\n| B/x |  | pass |\n"
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if got := ParseCells("a day\n\n" + text).Text([]string{"ours / C", "C / C"}); got != want {
		t.Errorf("read and written again:\n%s\nwant\n%s", got, want)
	}
	if got := ParseCells("| row | a |\n|---|---|\n| A | 1 | one too many |\n"); len(got["A"]) != 1 {
		t.Errorf("a cell without a column: %v", got)
	}
}

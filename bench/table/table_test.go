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
	if err := errors.Join(Replace(path, "three", ""), Replace(filepath.Join(t.TempDir(), "none"), "two", "")); err == nil {
		t.Error("no place, no error")
	}
}

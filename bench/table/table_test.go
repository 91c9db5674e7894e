// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
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
		if got := percentile(c.f, c.p); got != c.want {
			t.Errorf("%v, %d: %v, want %v", c.f, c.p, got, c.want)
		}
	}
}

func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.md")
	if err := os.WriteFile(path, []byte("a\n"+begin+"old\n"+end+"z\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replace(path, "new\n"); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(path); string(b) != "a\n"+begin+"new\n"+end+"z\n" {
		t.Errorf("%s", b)
	}
	if err := replace(filepath.Join(t.TempDir(), "none"), ""); err == nil {
		t.Error("no file, no error")
	}
}

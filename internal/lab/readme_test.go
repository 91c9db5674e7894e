// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/golden"
)

// TestReadme: what the README shows of the laboratory is a part of what the demo
// printed.
func TestReadme(t *testing.T) {
	readme, played := golden.Read(t, "../../README.md"), golden.Read(t, "testdata/demo.out")
	_, rest, ok := strings.Cut(readme, "$ go run ./cmd/quorate lab --demo\n...\n")
	shown, _, closed := strings.Cut(rest, "...\n```\n")
	if !ok || !closed || strings.Count(shown, "\n") < 4 {
		t.Fatal("the README has no part of the demo")
	}
	if strings.Contains(played, shown) {
		return
	}
	first, _, _ := strings.Cut(shown, "\n")
	_, part, found := strings.Cut(played, first+"\n")
	if !found {
		t.Fatalf("the demo has no line %q", first)
	}
	lines := strings.SplitAfter(first+"\n"+part, "\n")
	now := strings.Join(lines[:min(len(lines), strings.Count(shown, "\n"))], "")
	if !golden.Rewrite() {
		t.Fatalf("the README's part of the demo is not as it is now (go test -rewrite):\n%s", now)
	}
	golden.Write(t, "../../README.md", strings.Replace(readme, shown, now, 1))
}

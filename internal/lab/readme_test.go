// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"os"
	"strings"
	"testing"
)

// TestReadme: what the README shows of the laboratory is a part of what the demo
// printed.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	played, err := os.ReadFile("testdata/demo.out")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(readme), "$ go run ./cmd/quorate lab --demo\n...\n")
	shown, _, closed := strings.Cut(rest, "...\n```\n")
	if !ok || !closed || strings.Count(shown, "\n") < 4 {
		t.Fatal("the README has no part of the demo")
	}
	if strings.Contains(string(played), shown) {
		return
	}
	first, _, _ := strings.Cut(shown, "\n")
	_, part, found := strings.Cut(string(played), first+"\n")
	if !found {
		t.Fatalf("the demo has no line %q", first)
	}
	lines := strings.SplitAfter(first+"\n"+part, "\n")
	now := strings.Join(lines[:min(len(lines), strings.Count(shown, "\n"))], "")
	if !*rewrite {
		t.Fatalf("the README's part of the demo is not as it is now (go test -rewrite):\n%s", now)
	}
	if err := os.WriteFile("../../README.md", []byte(strings.Replace(string(readme), shown, now, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

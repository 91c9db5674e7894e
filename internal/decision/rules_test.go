// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package decision

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestRules holds docs/decision.md, the code and the tests to one another: each
// rule of this package stands word for word in both.
func TestRules(t *testing.T) {
	doc, err := os.ReadFile("../../docs/decision.md")
	if err != nil {
		t.Fatal(err)
	}
	code, tests := read(t, "*.go", false), read(t, "*_test.go", true)
	rules := regexp.MustCompile(`(?m)^- \*\*([FLTXP]\d)\*\* (.+)$`).FindAllStringSubmatch(string(doc), -1)
	if len(rules) < 20 {
		t.Fatalf("only %d rules found", len(rules))
	}
	for _, r := range rules {
		sentence := strings.TrimSuffix(r[2], ".")
		if !strings.Contains(code, sentence) {
			t.Errorf("rule %s is not quoted in the code: %s", r[1], sentence)
		}
		if !strings.Contains(tests, sentence) {
			t.Errorf("rule %s is not quoted in a test: %s", r[1], sentence)
		}
	}
}

// read returns the comments of files, each on one line.
func read(t *testing.T, pattern string, tests bool) string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, p := range paths {
		if strings.HasSuffix(p, "_test.go") != tests {
			continue
		}
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return regexp.MustCompile(`\n\s*// `).ReplaceAllString(all.String(), " ")
}

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
// rule of this package is cited in both, by its number alone, so that its sentence can
// be improved.
func TestRules(t *testing.T) {
	doc, err := os.ReadFile("../../docs/decision.md")
	if err != nil {
		t.Fatal(err)
	}
	code, tests := read(t, "*.go", false), read(t, "*_test.go", true)
	rules := regexp.MustCompile(`(?m)^- \*\*([FLTXP]\d)\*\* `).FindAllStringSubmatch(string(doc), -1)
	if len(rules) < 20 {
		t.Fatalf("only %d rules found", len(rules))
	}
	for _, r := range rules {
		cited := regexp.MustCompile(`\b` + r[1] + `\b`)
		if !cited.MatchString(code) {
			t.Errorf("rule %s is cited nowhere in the code", r[1])
		}
		if !cited.MatchString(tests) {
			t.Errorf("rule %s is cited in no test", r[1])
		}
	}
}

// read returns the text of files.
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
	return all.String()
}

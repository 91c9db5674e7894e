// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qdevice_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/quorate/quorate/internal/golden"
)

// TestCited: each rule and each row of docs/c-differences.md that the machine is
// for is cited by a scenario, by its number alone, and each rule in the code, too.
func TestCited(t *testing.T) {
	doc, err := os.ReadFile("../../docs/decision.md")
	if err != nil {
		t.Fatal(err)
	}
	rules := regexp.MustCompile(`(?m)^- \*\*(N\d)\*\* `).FindAllStringSubmatch(string(doc), -1)
	if len(rules) != 7 {
		t.Fatalf("%d rules in docs/decision.md", len(rules))
	}
	code := golden.Code(t, ".")
	for _, r := range rules {
		if !regexp.MustCompile(`\b` + r[1] + `\b`).MatchString(code) {
			t.Errorf("%s is cited nowhere in the code", r[1])
		}
	}
	scenarios := golden.ReadAll(t, "testdata/*.txt")
	for _, row := range []string{"N1", "N2", "N3", "N4", "N5", "N6", "N7", "S1", "S7", "S8", "S9", "C1", "C2", "C4", "C5", "C6", "C7", "C8", "C9", "C10"} {
		if !regexp.MustCompile(`(?m)^# .*\b` + row + `\b`).MatchString(scenarios) {
			t.Errorf("no scenario is for %s", row)
		}
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qdevice_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCited: each rule and each row of the protocol sheet that the machine is
// for is cited by a scenario.
func TestCited(t *testing.T) {
	doc, err := os.ReadFile("../../docs/decision.md")
	if err != nil {
		t.Fatal(err)
	}
	rules := regexp.MustCompile(`(?m)^- \*\*(N\d)\*\* (.+)\.$`).FindAllStringSubmatch(string(doc), -1)
	if len(rules) != 7 {
		t.Fatalf("%d rules in docs/decision.md", len(rules))
	}
	code, told := quotable(t, "*.go"), quotable(t, "testdata/*.txt")
	for _, r := range rules {
		if !strings.Contains(code, r[2]) {
			t.Errorf("%s is not quoted in the code: %s", r[1], r[2])
		}
		if !strings.Contains(told, r[2]) {
			t.Errorf("%s is quoted by no scenario: %s", r[1], r[2])
		}
	}
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	for _, row := range []string{"N1", "N2", "N3", "N4", "N5", "N6", "N7", "S1", "S7", "S8", "S9", "C1", "C2", "C4", "C5", "C6", "C7", "C8", "C9", "C10"} {
		if !regexp.MustCompile(`(?m)^# .*\b` + row + `\b`).MatchString(all.String()) {
			t.Errorf("no scenario is for %s", row)
		}
	}
}

// quotable returns the text of all files but tests, with each comment on one line.
func quotable(t *testing.T, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return regexp.MustCompile(`\n(# |\s*// )`).ReplaceAllString(all.String(), " ")
}

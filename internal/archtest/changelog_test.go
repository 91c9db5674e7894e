// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// labels are the words with which an entry of the changelog begins.
var labels = []string{"New", "Change", "Change from C", "Fix", "Removed", "Security"}

// TestChangelog: each entry says of what kind it is, and none tells of a fault that no
// release has had.
func TestChangelog(t *testing.T) { report(t, entries(read(t, "CHANGELOG.md"))) }

// entries finds entries without a label of ours, and fixes of what was never released.
func entries(changelog string) (problems []string) {
	released := regexp.MustCompile(`(?m)^## v?\d`).MatchString(changelog)
	n := 0
	for i, line := range strings.Split(changelog, "\n") {
		entry, ok := strings.CutPrefix(line, "- ")
		if !ok {
			continue
		}
		n++
		say := func(what string) { problems = append(problems, fmt.Sprintf("CHANGELOG.md:%d: %s", i+1, what)) }
		label, _, _ := strings.Cut(strings.TrimPrefix(entry, "["), "]")
		switch {
		case !strings.HasPrefix(entry, "[") || !slices.Contains(labels, label):
			say("an entry begins with one of [" + strings.Join(labels, "] [") + "]")
		case !released && slices.Contains([]string{"Fix", "Removed", "Change"}, label):
			say("[" + label + "] of what was never released: say what the first version does")
		}
	}
	if n == 0 {
		problems = append(problems, "CHANGELOG.md: no entries")
	}
	return problems
}

// TestEntries: the rule finds what it is to find.
func TestEntries(t *testing.T) {
	for text, want := range map[string]string{
		"## Unreleased\n- [New] a\n  b\n- [Change from C] c\n- [Security] d\n": "",
		"## Unreleased\n- [New] a\n- [Fix] b\n":                                "CHANGELOG.md:3: [Fix] of what was never released",
		"## Unreleased\n- [Fix] b\n\n## 1.0.0\n- [New] a\n":                    "",
		"## Unreleased\n- a\n":                                                 "CHANGELOG.md:2: an entry begins with",
		"## Unreleased\n- [Nwe] a\n":                                           "CHANGELOG.md:2: an entry begins with",
		"## Unreleased\n":                                                      "no entries",
	} {
		got := entries(text)
		if (len(got) > 0) != (want != "") || len(got) > 1 || !strings.Contains(strings.Join(got, ""), want) {
			t.Errorf("%s\ngives %q, want %q", text, got, want)
		}
	}
}

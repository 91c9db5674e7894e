// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package decision

import (
	"regexp"
	"testing"

	"github.com/quorate/quorate/internal/golden"
)

// TestRules holds docs/decision.md, the code and the tests to one another: each
// rule of this package is cited in both, by its number alone, so that its sentence can
// be improved.
func TestRules(t *testing.T) {
	doc, code, tests := golden.Read(t, "../../docs/decision.md"), golden.Code(t, "."), golden.ReadAll(t, "*_test.go")
	rules := regexp.MustCompile(`(?m)^- \*\*([FLTXP]\d)\*\* `).FindAllStringSubmatch(doc, -1)
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

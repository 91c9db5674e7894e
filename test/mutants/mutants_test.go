// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTables holds the tables to the tree: each row's lines stand where it says, once, the
// test that it names exists, and each rule of docs/decision.md has a row, or a word about
// why it has none. No mutant is played.
func TestTables(t *testing.T) {
	t.Chdir("../..")
	tables, err := readTables(tableFiles)
	if err != nil {
		t.Fatal(err)
	}
	has := map[string]bool{}
	for _, tb := range tables {
		for rule := range tb.words {
			has[rule] = true
		}
		for _, p := range tb.parts {
			s, err := readSource(p.scope.file)
			if err != nil {
				t.Errorf("%s: %v", p.scope.where, err)
				continue
			}
			if _, err := s.find(p.scope); err != nil {
				t.Error(err)
			}
			seen := map[string]bool{}
			for _, r := range p.rows {
				has[r.rule] = true
				if _, err := s.apply(r); err != nil {
					t.Error(err)
				}
				if seen[r.key()] {
					t.Errorf("%s: the row stands twice", r.where)
				}
				seen[r.key()] = true
				checkOutcome(t, r)
			}
		}
	}
	checkRules(t, has)
}

// checkOutcome: the test exists, or there is a reason.
func checkOutcome(t *testing.T, r *row) {
	t.Helper()
	if r.test == "" {
		if len(r.lives) < 10 {
			t.Errorf("%s: it lives, and the row does not say why that is right", r.where)
		}
		return
	}
	name, sub, _ := strings.Cut(r.test, "/")
	if name == "TestScenarios" && sub != "" {
		if _, err := os.Stat(filepath.Join(r.packageDir(), "testdata", sub+".txt")); err != nil {
			t.Errorf("%s: no scenario %s: %v", r.where, sub, err)
		}
		return
	}
	files, err := filepath.Glob(filepath.Join(r.packageDir(), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(") {
			return
		}
	}
	t.Errorf("%s: %s has no test %s", r.where, r.packageDir(), name)
}

func checkRules(t *testing.T, has map[string]bool) {
	t.Helper()
	doc, err := os.ReadFile("docs/decision.md")
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^- \*\*([A-Z]\d)\*\* `).FindAllStringSubmatch(string(doc), -1) {
		rules[m[1]] = true
		if !has[m[1]] {
			t.Errorf("no table has a row for %s, or says why it needs none", m[1])
		}
	}
	if len(rules) < 30 {
		t.Errorf("docs/decision.md has %d rules?", len(rules))
	}
	for rule := range has {
		if !rules[rule] {
			t.Errorf("a table has rows for %s, which docs/decision.md has not", rule)
		}
	}
}

// lineTwice has two equal lines, which a row tells apart by the ones before.
const lineTwice = `package p

const limit = 3

// f is a rule.
func f(a, b int) int {
	if a < b && b > 0 {
		return 1
	}
	// Rule F2: it doubles.
	switch {
	case a == 0, b == 0:
		return 1
	}
	return max(a, b)
}
`

func proposed(t *testing.T, sc scope) (file string, rows []*row) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "p.go")
	if err := os.WriteFile(file, []byte(lineTwice), 0o644); err != nil {
		t.Fatal(err)
	}
	sc.file = file
	s, err := readSource(file)
	if err != nil {
		t.Fatal(err)
	}
	rows, err = propose(s, sc)
	if err != nil {
		t.Fatal(err)
	}
	return file, rows
}

func TestPropose(t *testing.T) {
	_, rows := proposed(t, scope{kind: "func", name: "f", rule: "F1"})
	var got []string
	for _, r := range rows {
		got = append(got, r.rule+" "+strings.Join(r.old, " | ")+" -> "+strings.Join(r.new, " | "))
	}
	want := []string{
		"F1 if a < b && b > 0 { -> if false && (a < b && b > 0) {",
		"F1 if a < b && b > 0 { -> if true || (a < b && b > 0) {",
		"F1 if a < b && b > 0 { -> if (a < b) {",
		"F1 if a < b && b > 0 { -> if (b > 0) {",
		"F1 if a < b && b > 0 { -> if a <= b && b > 0 {",
		"F1 if a < b && b > 0 { -> if a < b && b >= 0 {",
		"F1 if a < b && b > 0 { -> if a < b && b > 1 {",
		"F1 if a < b && b > 0 { | return 1 -> if a < b && b > 0 {",
		"F1 if a < b && b > 0 { | return 1 -> if a < b && b > 0 { | return 2",
		"F2 case a == 0, b == 0: -> case b == 0:",
		"F2 case a == 0, b == 0: -> case false && (a == 0), b == 0:",
		"F2 case a == 0, b == 0: -> case true || (a == 0), b == 0:",
		"F2 case a == 0, b == 0: -> case a == 0:",
		"F2 case a == 0, b == 0: -> case a == 0, false && (b == 0):",
		"F2 case a == 0, b == 0: -> case a == 0, true || (b == 0):",
		"F2 case a == 0, b == 0: -> case a == 1, b == 0:",
		"F2 case a == 0, b == 0: -> case a == 0, b == 1:",
		"F2 case a == 0, b == 0: | return 1 -> case a == 0, b == 0:",
		"F2 case a == 0, b == 0: | return 1 -> case a == 0, b == 0: | return 2",
		"F2 return max(a, b) -> return a",
		"F2 return max(a, b) -> return b",
	}
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("%s is missing", want[i])
		case i >= len(want):
			t.Errorf("%s is too much", got[i])
		case strings.TrimSpace(got[i]) != want[i]:
			t.Errorf("got  %s\nwant %s", got[i], want[i])
		}
	}
	if _, rows := proposed(t, scope{kind: "const", name: "limit", rule: "F3"}); len(rows) != 2 || rows[0].new[0] != "const limit = (3) * 9 / 10" {
		t.Errorf("of a constant: %v", rows)
	}
}

// TestRows: what is proposed is read back from a table, and applies; a line that stands
// twice, or no more, does not.
func TestRows(t *testing.T) {
	file, rows := proposed(t, scope{kind: "func", name: "f", rule: "F1"})
	text := "file " + file + "\nfunc f F1\n"
	for _, r := range rows {
		r.test = "TestF/x"
		text += "\n" + r.String()
	}
	name := filepath.Join(t.TempDir(), "table.txt")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	tb, err := readTable(name)
	if err != nil {
		t.Fatal(err)
	}
	p := tb.parts[0]
	if left, err := missing(p); err != nil || len(left) != 0 || len(p.rows) != len(rows) {
		t.Errorf("%d of %d rows were read, %d are missing, %v", len(p.rows), len(rows), len(left), err)
	}
	s, err := readSource(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range p.rows {
		out, err := s.apply(r)
		if err != nil || string(out) == lineTwice {
			t.Errorf("%s: %v", r.where, err)
		}
	}
	for _, line := range []string{"return 1", "return 5"} {
		_, err := s.apply(&row{scope: p.scope, old: []string{line}, where: "row 17"})
		if err == nil || !strings.HasPrefix(err.Error(), "row 17: ") || !strings.Contains(err.Error(), "mend the table") {
			t.Errorf("%q applies: %v", line, err)
		}
	}
}

func TestBadTables(t *testing.T) {
	for text, want := range map[string]string{
		"func f F1\n":                          "after a file",
		"file x.go\nfunc f\n":                  "and a rule",
		"F1\n":                                 "there is no func",
		"- x\n":                                "belongs to no row",
		"file x.go\nfunc f F1\nF1\n- x\n":      "has no end",
		"file x.go\nfunc f F1\nF1\n- x\nF2\n":  "has no end",
		"file x.go\nfunc f F1\nF1\n  TestX\n":  "no line",
		"file x.go\nfunc f F1\nF1\n- x\n   \n": "no test",
	} {
		name := filepath.Join(t.TempDir(), "table.txt")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readTable(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestJudge plays mutants: one that its test notices, one that another test does, and one
// that changes nothing.
func TestJudge(t *testing.T) {
	t.Chdir("../..")
	lab := &laboratory{dir: t.TempDir(), jobs: 1}
	sc := scope{file: "internal/decision/algorithms.go", kind: "func", name: "rank", rule: "T4"}
	worse := row{scope: sc, rule: "T4", old: []string{"return -1"}, new: []string{"return 0"}, test: "TestTwoNodeLMS"}
	other := worse
	other.test = "TestUnknownAlgorithm"
	lives := worse
	lives.test, lives.lives = "", "nothing comes of it"
	same := lives
	same.new = []string{"return -1 + 0"}
	silent := same
	silent.lives = ""
	stale := worse
	stale.old = []string{"return -2"}
	broken := worse
	broken.new = []string{"return nobody"}
	var rows []*row
	var want []verdict
	for _, c := range []struct {
		where string
		row   row
		want  verdict
	}{
		{"noticed", worse, noticed}, {"by another", other, missed}, {"said to live", lives, unusable},
		{"lives", same, explained}, {"without a reason", silent, survived}, {"stale", stale, unusable}, {"broken", broken, unusable},
	} {
		c.row.where = c.where
		rows, want = append(rows, &c.row), append(want, c.want)
	}
	i := 0
	lab.each(rows, func(m *mutant) {
		if got, why := m.judge(); got != want[i] {
			t.Errorf("%s: verdict %d (%s), want %d", m.where, got, why, want[i])
		}
		i++
	})
}

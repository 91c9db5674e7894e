// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// variable returns the words of a variable of the Makefile.
func variable(makefile, name string) (words []string, ok bool) {
	_, value, ok := strings.Cut("\n"+strings.ReplaceAll(makefile, "\\\n", " "), "\n"+name+" = ")
	value, _, _ = strings.Cut(value, "\n")
	return strings.Fields(value), ok
}

// makeVariable is that of ours.
func makeVariable(t *testing.T, name string) []string {
	t.Helper()
	words, ok := variable(read(t, "Makefile"), name)
	if !ok {
		t.Fatalf("the Makefile has no %s", name)
	}
	return words
}

// TestFuzzed: make fuzz runs every fuzz test, and no other.
func TestFuzzed(t *testing.T) {
	report(t, unfuzzed(makeVariable(t, "FUZZ"), goFiles(t)))
}

// unfuzzed finds fuzz tests that are not listed, and names in the list that are none.
func unfuzzed(listed []string, files []file) (problems []string) {
	var have []string
	name := regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	for _, f := range files {
		if !f.test() {
			continue
		}
		for _, m := range name.FindAllStringSubmatch(f.text, -1) {
			have = append(have, "./"+path.Dir(f.path)+":"+m[1])
		}
	}
	for _, f := range missing(have, listed) {
		problems = append(problems, f+" is not in FUZZ of the Makefile: put it there")
	}
	for _, f := range missing(listed, have) {
		problems = append(problems, "FUZZ of the Makefile has "+f+", which is no fuzz test: take it out")
	}
	return problems
}

// TestPure386: make unit386 runs the tests of every pure package.
func TestPure386(t *testing.T) {
	pure := pureRows(architectureTables(t))
	if len(pure) < 10 {
		t.Errorf("only %d pure packages", len(pure))
	}
	report(t, uncovered(makeVariable(t, "PURE"), pure))
}

// uncovered finds packages that a list of names, some with /..., does not cover.
func uncovered(listed, packages []string) (problems []string) {
	for _, p := range packages {
		if !slices.ContainsFunc(listed, func(l string) bool {
			tree, all := strings.CutSuffix(l, "/...")
			return l == short(p) || all && (short(p) == tree || strings.HasPrefix(short(p), tree+"/"))
		}) {
			problems = append(problems, p+" is pure, and not in PURE of the Makefile: put it there")
		}
	}
	return problems
}

// TestMakefileRules: the rules find what they are to find.
func TestMakefileRules(t *testing.T) {
	words, ok := variable("A = x\nFUZZ = a b \\\n\tc\nB = d\n", "FUZZ")
	if !ok || !slices.Equal(words, []string{"a", "b", "c"}) {
		t.Errorf("%q, %t", words, ok)
	}
	if words, ok := variable("FUZZY = a\n", "FUZZ"); ok {
		t.Errorf("another variable: %q", words)
	}
	files := []file{
		example(t, "a/a_test.go", "package a\nfunc FuzzA(f *testing.F) {}\nfunc FuzzB(f *testing.F) {}\nfunc TestC(t *testing.T) {}"),
		example(t, "a/a.go", "package a\nfunc FuzzD() {}"),
	}
	if got := unfuzzed([]string{"./a:FuzzA", "./a:FuzzB"}, files); len(got) > 0 {
		t.Errorf("all listed: %q", got)
	}
	if got := unfuzzed([]string{"./a:FuzzA", "./a:FuzzD"}, files); len(got) != 2 ||
		!strings.HasPrefix(got[0], "./a:FuzzB is not in FUZZ") || !strings.HasPrefix(got[1], "FUZZ of the Makefile has ./a:FuzzD,") {
		t.Errorf("one too few, one too many: %q", got)
	}
	got := uncovered([]string{"a", "c/..."}, []string{"internal/a", "internal/a/b", "internal/c", "internal/c/d", "internal/cc"})
	if len(got) != 2 || !strings.HasPrefix(got[0], "internal/a/b is pure") || !strings.HasPrefix(got[1], "internal/cc is pure") {
		t.Errorf("pure packages: %q", got)
	}
}

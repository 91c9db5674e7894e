// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"fmt"
	"go/ast"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// defects reads the table of docs/c-differences.md: each fault of the C programs, with
// the packages that do better and have a test that cites it.
func defects(doc string) map[string][]string {
	table := map[string][]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| (S\d|SEC-\d|[ACQ]\d+) \|.*\| ([^|]+) \|$`).FindAllStringSubmatch(doc, -1) {
		table[m[1]] = strings.Fields(m[2])
	}
	return table
}

// TestDefectsCited: each row is cited in every package that is named for it, by a
// test (in its comment or in its body) or by the head of a scenario file.
func TestDefectsCited(t *testing.T) {
	table := defects(read(t, "docs/c-differences.md"))
	if len(table) != 50 {
		t.Fatalf("%d rows in docs/c-differences.md", len(table))
	}
	scenarios := map[string]string{}
	err := walk(func(name, text string) error {
		if path.Base(path.Dir(name)) == "testdata" && strings.HasSuffix(name, ".txt") {
			scenarios[name] = text
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	report(t, uncited(table, goFiles(t), scenarios))
}

// uncited finds rows that no test of a package cites that is named for it.
func uncited(table map[string][]string, files []file, scenarios map[string]string) (problems []string) {
	comments := map[string]string{}
	for _, f := range files {
		if f.test() {
			comments[path.Dir(f.path)] += testComments(f)
		}
	}
	for name, text := range scenarios {
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "#") {
				comments[path.Dir(path.Dir(name))] += line
			}
		}
	}
	for _, code := range slices.Sorted(maps.Keys(table)) {
		cites := regexp.MustCompile(`(^|[^A-Za-z0-9-])` + code + `($|[^0-9])`)
		for _, dir := range table[code] {
			if !cites.MatchString(comments[dir]) {
				problems = append(problems, fmt.Sprintf("no test of %s cites row %s of docs/c-differences.md", dir, code))
			}
		}
	}
	return problems
}

// testComments returns what tests say: the comments in front of and within the test
// functions of a file.
func testComments(f file) string {
	var b strings.Builder
	for _, d := range f.ast.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(fn.Name.Name, "Test") && !strings.HasPrefix(fn.Name.Name, "Fuzz") {
			continue
		}
		b.WriteString(fn.Doc.Text())
		for _, c := range f.ast.Comments {
			if c.Pos() > fn.Body.Pos() && c.End() < fn.Body.End() {
				b.WriteString(c.Text())
			}
		}
	}
	return b.String()
}

// TestCodesKnown: whatever code a comment cites stands in docs/c-differences.md or in
// docs/decision.md, so that a reader can look it up. Other sheets are cited nowhere.
func TestCodesKnown(t *testing.T) {
	known := codes(read(t, "docs/c-differences.md"), read(t, "docs/decision.md"))
	find(t, false, func(f file) []string { return unknown(f, known) })
}

// codes are those of the two documents.
func codes(differences, decision string) map[string]bool {
	known := map[string]bool{}
	for code := range defects(differences) {
		known[code] = true
	}
	for _, m := range regexp.MustCompile(`(?m)^- \*\*([A-Z]\d)\*\*`).FindAllStringSubmatch(decision, -1) {
		known[m[1]] = true
	}
	return known
}

// unknown finds codes in comments that stand in no document.
func unknown(f file, known map[string]bool) (problems []string) {
	code := regexp.MustCompile(`\b(SEC-\d+|[SABCQ][1-9]\d?)\b|\bprotocol sheet\b`)
	for _, c := range f.ast.Comments {
		for _, m := range code.FindAllString(c.Text(), -1) {
			if !known[m] {
				problems = append(problems, f.at(c.Pos(), m+" is cited, which is in no document here"))
			}
		}
	}
	return problems
}

// TestCitations: the rules find what they are to find.
func TestCitations(t *testing.T) {
	const doc = "| A1 | fault | what we do | a b |\n| SEC-2 | fault | what we do | c |\n"
	table := defects(doc)
	if got := fmt.Sprint(table); got != "map[A1:[a b] SEC-2:[c]]" {
		t.Fatal(got)
	}
	files := []file{
		example(t, "a/a_test.go", "package a\n// TestX: see A1.\nfunc TestX() {}"),
		example(t, "b/b_test.go", "package b\nfunc TestX() {\n\t// A1\n}\n// A12, and no test: A1\nfunc x() {}"),
		example(t, "c/c.go", "package c\n// SEC-2\nfunc TestX() {}"),
	}
	scenarios := map[string]string{"c/testdata/x.txt": "# SEC-2: so\nup 1\n"}
	if got := uncited(table, files, scenarios); len(got) > 0 {
		t.Errorf("all cited: %q", got)
	}
	if got := uncited(table, files, nil); len(got) != 1 || !strings.HasPrefix(got[0], "no test of c cites row SEC-2") {
		t.Errorf("no scenario: %q", got)
	}
	files[1] = example(t, "b/b_test.go", "package b\n// TestX: A12.\nfunc TestX() {}\n// A1\nfunc x() {}")
	if got := uncited(table, files, scenarios); len(got) != 1 || !strings.HasPrefix(got[0], "no test of b cites row A1") {
		t.Errorf("another row, and no test: %q", got)
	}

	known := codes(doc, "- **S3** A rule.\n- **H1** Another.\n")
	rule := func(f file) []string { return unknown(f, known) }
	finds(t, rule, example(t, "x.go", "package x\n// A1, SEC-2, S3 and SHA256, C.\nvar a int"), "")
	finds(t, rule, example(t, "x.go", "package x\n// A2.\nvar a int"), "x.go:2:1: A2 is cited")
	finds(t, rule, example(t, "x.go", "package x\nvar a = \"A2\" // see SEC-9"), "SEC-9 is cited")
	finds(t, rule, example(t, "x.go", "package x\n// f: contract B6.\nvar a int"), "B6 is cited")
	finds(t, rule, example(t, "x.go", "package x\n// Section 2 of the protocol sheet.\nvar a int"), "protocol sheet is cited")
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// defects reads the table of docs/c-differences.md: each fault of the C programs, with
// the packages that do better and have a test that cites it.
func defects(t *testing.T, root string) map[string][]string {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join(root, "docs", "c-differences.md"))
	if err != nil {
		t.Fatal(err)
	}
	table := map[string][]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| (S\d|SEC-\d|[ACQ]\d+) \|.*\| ([^|]+) \|$`).FindAllStringSubmatch(string(doc), -1) {
		table[m[1]] = strings.Fields(m[2])
	}
	if len(table) != 50 {
		t.Fatalf("%d rows in docs/c-differences.md", len(table))
	}
	return table
}

// TestDefectsCited: each row is cited in every package that is named for it, by a
// test (in its comment or in its body) or by the head of a scenario file.
func TestDefectsCited(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	table := defects(t, root)
	for _, row := range slices.Sorted(maps.Keys(table)) {
		for _, dir := range table[row] {
			text, ok := texts[dir]
			if !ok {
				text = cited(t, filepath.Join(root, dir))
				texts[dir] = text
			}
			if !regexp.MustCompile(`(^|[^A-Za-z0-9-])` + row + `($|[^0-9])`).MatchString(text) {
				t.Errorf("no test of %s cites row %s", dir, row)
			}
		}
	}
}

// TestCodesKnown: whatever code a comment cites stands in docs/c-differences.md or in
// docs/decision.md, so that a reader can look it up.
func TestCodesKnown(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	known := defects(t, root)
	rules, err := os.ReadFile(filepath.Join(root, "docs", "decision.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^- \*\*([A-Z]\d)\*\*`).FindAllStringSubmatch(string(rules), -1) {
		known[m[1]] = nil
	}
	code := regexp.MustCompile(`\b(SEC-\d+|[SACQ][1-9]\d?)\b`)
	unknown := map[string]bool{}
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			for _, c := range comments(t, filepath.Join(p.Dir, name)) {
				for _, m := range code.FindAllString(c, -1) {
					if _, ok := known[m]; !ok {
						unknown[name+": "+m] = true
					}
				}
			}
		}
	}
	for _, u := range slices.Sorted(maps.Keys(unknown)) {
		t.Errorf("%s is cited and stands in no document", u)
	}
}

// comments returns a file's comments.
func comments(t *testing.T, path string) (texts []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range f.Comments {
		texts = append(texts, c.Text())
	}
	return texts
}

// cited returns what the tests of a package say: the comments in front of and
// within its test functions, and the comments of its scenario files.
func cited(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	fset := token.NewFileSet()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(fn.Name.Name, "Test") && !strings.HasPrefix(fn.Name.Name, "Fuzz") {
				continue
			}
			b.WriteString(fn.Doc.Text())
			for _, c := range f.Comments {
				if c.Pos() > fn.Body.Pos() && c.End() < fn.Body.End() {
					b.WriteString(c.Text())
				}
			}
		}
	}
	scenarios, err := filepath.Glob(filepath.Join(dir, "testdata", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range scenarios {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "#") {
				b.WriteString(line)
			}
		}
	}
	return b.String()
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"fmt"
	"path"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	maxLines   = 450 // of a file without tests: more are hard to read in one go
	maxColumns = 100 // of a line of comment, with 4 for a tab
)

// TestForm: each file has the licence at its head, and none is too long.
func TestForm(t *testing.T) { find(t, true, form) }

// TestWidth: no comment is wider than maxColumns.
func TestWidth(t *testing.T) { find(t, true, wide) }

// form looks at a file's head and length.
func form(f file) (problems []string) {
	const head = "// Copyright 2026 the quorate authors\n// SPDX-License-Identifier: BSD-3-Clause\n\n"
	if !strings.HasPrefix(f.text, head) {
		problems = append(problems, f.path+":1: a file begins with two lines on its copyright and licence, as the others do")
	}
	if n := strings.Count(f.text, "\n"); n > maxLines && !f.test() {
		problems = append(problems, fmt.Sprintf("%s: has %d lines, and is hard to read in one go: cut it by concept, at most %d", f.path, n, maxLines))
	}
	return problems
}

// wide finds lines of comment that are too wide. A comment behind code may be, and so may a
// directive to a tool and the output of an example.
func wide(f file) (problems []string) {
	lines := strings.Split(f.text, "\n")
	for _, group := range f.ast.Comments {
		if strings.HasPrefix(group.List[0].Text, "// Output:") {
			continue
		}
		for _, c := range group.List {
			if strings.HasPrefix(c.Text, "//go:") || strings.HasPrefix(c.Text, "//lint:") {
				continue
			}
			first := f.fset.Position(c.Pos())
			for i, text := range strings.Split(c.Text, "\n") {
				line := lines[first.Line-1+i]
				if strings.TrimSpace(line) != strings.TrimSpace(text) {
					continue
				}
				if n := utf8.RuneCountInString(line) + 3*strings.Count(line, "\t"); n > maxColumns {
					problems = append(problems, fmt.Sprintf("%s:%d: a comment of %d columns: break it at %d", f.path, first.Line+i, n, maxColumns))
				}
			}
		}
	}
	return problems
}

// TestPackageComments: one file of each package says what the package is.
func TestPackageComments(t *testing.T) { report(t, undocumented(goFiles(t))) }

func undocumented(files []file) (problems []string) {
	has := map[string]bool{}
	for _, f := range files {
		dir := path.Dir(f.path)
		has[dir] = has[dir] || f.ast.Doc != nil && !f.test()
	}
	for _, f := range files {
		if dir := path.Dir(f.path); !has[dir] {
			has[dir] = true
			problems = append(problems, dir+": no file has a package comment")
		}
	}
	return problems
}

// TestFormFinds: each departure from the form is found.
func TestFormFinds(t *testing.T) {
	const head = "// Copyright 2026 the quorate authors\n// SPDX-License-Identifier: BSD-3-Clause\n\n"
	long := strings.Repeat("\n", maxLines)
	finds(t, form, example(t, "x.go", head+"package x\n"), "")
	finds(t, form, example(t, "x.go", "package x\n"), "x.go:1: a file begins")
	finds(t, form, example(t, "x.go", strings.Replace(head, "2026", "1999", 1)+"package x\n"), "x.go:1: a file begins")
	finds(t, form, example(t, "x.go", head+"package x\n"+long), "x.go: has 454 lines")
	finds(t, form, example(t, "x_test.go", head+"package x\n"+long), "")

	at := func(n int) string { return "// " + strings.Repeat("ä", n-3) }
	finds(t, wide, example(t, "x.go", "package x\n\n"+at(100)+"\nvar a = 1 "+at(200)+"\n//go:generate "+at(200)+"\n\n// Output:\n"+at(200)+"\n"), "")
	finds(t, wide, example(t, "x.go", "package x\n\n"+at(101)+"\n"), "x.go:3: a comment of 101 columns")
	finds(t, wide, example(t, "x.go", "package x\n\nfunc f() {\n\t"+at(97)+"\n}\n"), "x.go:4: a comment of 101 columns")
	finds(t, wide, example(t, "x.go", "package x\n\n/* a\n"+at(101)+"\n*/\n"), "x.go:4: a comment of 101 columns")

	documented := []file{example(t, "a/a.go", "package a"), example(t, "a/doc.go", "// Package a is.\npackage a")}
	if got := undocumented(documented); len(got) > 0 {
		t.Errorf("with a comment: %q", got)
	}
	bare := append(documented, example(t, "b/b.go", "package b"), example(t, "b/b_test.go", "// Package b is.\npackage b"))
	if got := undocumented(bare); len(got) != 1 || got[0] != "b: no file has a package comment" {
		t.Errorf("without: %q", got)
	}
}

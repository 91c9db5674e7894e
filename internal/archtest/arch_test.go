// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"bufio"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"testing"
)

// TestFiles holds the rules of form: a header, a package comment, a bounded size.
func TestFiles(t *testing.T) {
	for _, p := range packages(t) {
		documented := false
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			documented = documented || f.Doc != nil
			lines, head := scan(t, path)
			if head != "// SPDX-License-Identifier: BSD-3-Clause" {
				t.Errorf("%s: no licence in line 2", path)
			}
			if lines > 450 {
				t.Errorf("%s has %d lines: more than 450 are hard to read in one go", path, lines)
			}
		}
		if !documented && len(p.GoFiles) > 0 {
			t.Errorf("%s has no package comment", p.Path)
		}
	}
}

func scan(t *testing.T, path string) (lines int, second string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if lines++; lines == 2 {
			second = sc.Text()
		}
	}
	return lines, second
}

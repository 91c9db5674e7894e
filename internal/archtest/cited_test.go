// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// defects are the rows of the protocol sheet's list of what the C arbiter and
// its tools do wrong, each with the packages of ours that do it better and prove
// it. The sheet's other rows are the node daemon's.
var defects = map[string][]string{
	"SEC-2": {"internal/qnetd"},                    // a node that leaves before any list disturbs nobody
	"SEC-3": {"internal/qnetd"},                    // one Init a connection
	"SEC-4": {"internal/qnetd"},                    // one Preinit a connection
	"SEC-5": {"internal/qnetd", "internal/cli"},    // plaintext only where it was asked for
	"SEC-6": {"internal/qnetd", "internal/daemon"}, // what a peer makes us keep is bounded
	"SEC-7": {"internal/qnetd", "internal/daemon"}, // a short time until the Init
	"SEC-8": {"internal/wire"},                     // nothing is read behind a message's end
	"A1":    {"internal/qnetd", "internal/decision"},
	"A2":    {"internal/qnetd", "internal/decision"},
	"A3":    {"internal/qnetd"},
	"A4":    {"internal/qnetd", "internal/decision"},
	"A5":    {"internal/qnetd", "internal/decision"},
	"A6":    {"internal/qnetd", "internal/daemon"}, // the client that can't be told is dropped, no other
	"A7":    {"internal/qnetd", "internal/decision"},
	"A8":    {"internal/qnetd"},
	"Q1":    {"internal/qnetd", "internal/wire"},
	"Q2":    {"internal/qnetd"},
	"Q3":    {"internal/wire"},
	"Q4":    {"internal/cli"},
	"Q5":    {"internal/cli", "internal/daemon", "internal/qnetd"}, // -h, -v; pid file; coefficients above 150
	"Q6":    {"internal/cli", "internal/control"},
	"Q7":    {"internal/control"},
	"Q8":    {"internal/cli", "internal/pki"},
	"Q10":   {"internal/pki"},
	"Q11":   {"internal/status"},
	"Q13":   {"internal/qnetd", "internal/daemon"},
}

// TestDefectsCited: each row is cited in every package that is named for it, by a
// test (in its comment or in its body) or by the head of a scenario file.
func TestDefectsCited(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for row, dirs := range defects {
		for _, dir := range dirs {
			text, ok := said[dir]
			if !ok {
				text = cited(t, filepath.Join(root, dir))
				said[dir] = text
			}
			if !regexp.MustCompile(`(^|[^A-Za-z0-9-])` + row + `($|[^0-9])`).MatchString(text) {
				t.Errorf("no test of %s cites row %s", dir, row)
			}
		}
	}
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

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"bufio"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// impure are the names of package time that read a clock or start a timer.
var impure = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

// TestPure looks for what imports do not show: goroutines, clocks, and ranging
// over maps, whose order differs from run to run.
func TestPure(t *testing.T) {
	pure := pureRows(architectureTables(t))
	for _, p := range packages(t) {
		if !slices.Contains(pure, p.Path) {
			continue
		}
		for _, name := range p.GoFiles {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, bad := range impurities(fset, f) {
				t.Errorf("%s: %s", p.Path, bad)
			}
		}
	}
}

// pureRows are the paths of the pure packages.
func pureRows(tab tables) (paths []string) {
	for _, r := range tab.rows {
		if r.pure {
			paths = append(paths, r.path)
		}
	}
	return paths
}

func impurities(fset *token.FileSet, f *ast.File) []string {
	var bad []string
	say := func(n ast.Node, what string) {
		bad = append(bad, fmt.Sprintf("%s: %s", fset.Position(n.Pos()), what))
	}
	sorted := map[ast.Node]bool{} // arguments of slices.Sorted
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			say(n, "starts a goroutine")
		case *ast.SelectStmt, *ast.SendStmt:
			say(n, "uses a channel")
		case *ast.CallExpr:
			if isSelector(n.Fun, "slices", "Sorted") {
				for _, a := range n.Args {
					sorted[a] = true
				}
			}
			if (isSelector(n.Fun, "maps", "Keys") || isSelector(n.Fun, "maps", "Values") || isSelector(n.Fun, "maps", "All")) && !sorted[n] {
				say(n, "ranges over a map in its own order")
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(impure, n.Sel.Name) {
				say(n, "reads a clock: time."+n.Sel.Name)
			}
		}
		return true
	})
	return bad
}

func isSelector(e ast.Expr, pkg, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == pkg && s.Sel.Name == name
}

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

// TestExportedDocs wants a comment on every exported name.
func TestExportedDocs(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if ok && fn.Name.IsExported() && fn.Doc == nil && exportedReceiver(fn) && !grouped(fn) {
					t.Errorf("%s: %s has no comment", fset.Position(fn.Pos()), fn.Name.Name)
				}
			}
		}
	}
}

// grouped allows one comment for a block of one-line methods, such as Type of
// each message.
func grouped(fn *ast.FuncDecl) bool { return fn.Name.Name == "Type" || fn.Name.Name == "Error" }

func exportedReceiver(fn *ast.FuncDecl) bool {
	if fn.Recv == nil {
		return true
	}
	e := fn.Recv.List[0].Type
	if s, ok := e.(*ast.StarExpr); ok {
		e = s.X
	}
	if ix, ok := e.(*ast.IndexExpr); ok {
		e = ix.X
	}
	id, ok := e.(*ast.Ident)
	return ok && id.IsExported()
}

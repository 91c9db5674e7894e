// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestComparisons: no function that orders two things subtracts one from the
// other. An int has 32 bits on some machines, and the difference of two node IDs has
// 33: the order would depend on the machine (P4). cmp.Compare has no such limit.
func TestComparisons(t *testing.T) {
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files++
		for _, at := range subtractions(f) {
			t.Errorf("%v: a comparison that subtracts; use cmp.Compare", set.Position(at))
		}
		return nil
	})
	if err != nil || files < 100 {
		t.Fatalf("%d files: %v", files, err)
	}
}

// subtractions finds function literals with two parameters and one int for a
// result that return a difference.
func subtractions(f *ast.File) (found []token.Pos) {
	ast.Inspect(f, func(n ast.Node) bool {
		lit, ok := n.(*ast.FuncLit)
		if !ok || lit.Type.Params.NumFields() != 2 || lit.Type.Results.NumFields() != 1 {
			return true
		}
		if id, ok := lit.Type.Results.List[0].Type.(*ast.Ident); !ok || id.Name != "int" {
			return true
		}
		for _, s := range lit.Body.List {
			if r, ok := s.(*ast.ReturnStmt); ok && len(r.Results) == 1 && isDifference(r.Results[0]) {
				found = append(found, r.Pos())
			}
		}
		return true
	})
	return found
}

// isDifference reports whether e is a - b, or a conversion of that.
func isDifference(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return e.Op == token.SUB
	case *ast.ParenExpr:
		return isDifference(e.X)
	case *ast.CallExpr:
		id, ok := e.Fun.(*ast.Ident)
		return ok && id.Name == "int" && len(e.Args) == 1 && isDifference(e.Args[0])
	}
	return false
}

// TestSubtractions: the finder finds what it is to find.
func TestSubtractions(t *testing.T) {
	const src = `package x
var a = func(a, b int) int { return a - b }
var b = func(a, b node) int { return int(int64(a.ID) - int64(b.ID)) }
var c = func(a, b node) int { return cmp.Compare(a.ID, b.ID) }
var d = func(a, b node) int64 { return a.ID - b.ID }
`
	f, err := parser.ParseFile(token.NewFileSet(), "x.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(subtractions(f)); got != 2 {
		t.Errorf("%d found, want 2", got)
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"go/ast"
	"go/token"
	"testing"
)

// TestComparisons: no function that orders two things subtracts one from the
// other. An int has 32 bits on some machines, and the difference of two node IDs has
// 33: the order would depend on the machine (P4). cmp.Compare has no such limit.
func TestComparisons(t *testing.T) { find(t, true, subtractions) }

// subtractions finds function literals with two parameters and one int for a
// result that return a difference.
func subtractions(f file) (problems []string) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		lit, ok := n.(*ast.FuncLit)
		if !ok || lit.Type.Params.NumFields() != 2 || lit.Type.Results.NumFields() != 1 {
			return true
		}
		if id, ok := lit.Type.Results.List[0].Type.(*ast.Ident); !ok || id.Name != "int" {
			return true
		}
		for _, s := range lit.Body.List {
			if r, ok := s.(*ast.ReturnStmt); ok && len(r.Results) == 1 && isDifference(r.Results[0]) {
				problems = append(problems, f.at(r.Pos(), "a comparison that subtracts: use cmp.Compare"))
			}
		}
		return true
	})
	return problems
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

// TestSubtractions: the rule finds what it is to find.
func TestSubtractions(t *testing.T) {
	for src, want := range map[string]string{
		"func(a, b int) int { return a - b }":                           "x.go:2:30: a comparison that subtracts",
		"func(a, b node) int { return int(int64(a.ID) - int64(b.ID)) }": "a comparison that subtracts",
		"func(a, b node) int { return cmp.Compare(a.ID, b.ID) }":        "",
		"func(a, b node) int64 { return a.ID - b.ID }":                  "",
	} {
		finds(t, subtractions, example(t, "x.go", "package x\nvar a = "+src), want)
	}
}

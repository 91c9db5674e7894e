// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"fmt"
	"go/ast"
	"strings"
	"testing"
)

// TestExportedDocs wants a comment on every exported name, and in the public packages on
// what an exported struct or interface consists of, too.
func TestExportedDocs(t *testing.T) {
	find(t, false, func(f file) (problems []string) {
		for _, id := range uncommented(f.ast, strings.HasPrefix(f.path, "corosync/")) {
			problems = append(problems, f.at(id.Pos(), id.Name+" has no comment"))
		}
		return problems
	})
}

// uncommented returns the exported names of a file that have no comment. One comment may
// serve a block of constants or variables; a type has its own. With members, fields
// and methods of exported types count.
func uncommented(f *ast.File, members bool) (names []*ast.Ident) {
	want := func(doc bool, ids ...*ast.Ident) {
		for _, id := range ids {
			if id.IsExported() && !doc {
				names = append(names, id)
			}
		}
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if exportedReceiver(d) && !grouped(d) {
				want(d.Doc != nil, d.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.ValueSpec:
					want(d.Doc != nil || s.Doc != nil || s.Comment != nil, s.Names...)
				case *ast.TypeSpec:
					want(s.Doc != nil || s.Comment != nil || d.Doc != nil && !d.Lparen.IsValid(), s.Name)
					if members && s.Name.IsExported() {
						for _, m := range bare(s.Type) {
							want(false, m)
						}
					}
				}
			}
		}
	}
	return names
}

// bare returns the fields or methods of a type that have no comment.
func bare(t ast.Expr) (names []*ast.Ident) {
	var list *ast.FieldList
	switch t := t.(type) {
	case *ast.StructType:
		list = t.Fields
	case *ast.InterfaceType:
		list = t.Methods
	default:
		return nil
	}
	for _, f := range list.List {
		if f.Doc == nil && f.Comment == nil {
			names = append(names, f.Names...)
		}
	}
	return names
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
	switch ix := e.(type) {
	case *ast.IndexExpr:
		e = ix.X
	case *ast.IndexListExpr:
		e = ix.X
	}
	id, ok := e.(*ast.Ident)
	return ok && id.IsExported()
}

// TestUncommented: each kind is found, and what has a comment is not.
func TestUncommented(t *testing.T) {
	const src = `package x
type Bad struct {
	Field int
	field int
	Good1 int // is
}
// Good is.
type Good struct {
	// A is.
	A int
	B int // b
	C, D int
}
type bad struct { Field int }
// A comment of the block.
type ( Bad2 int
	Good2 int // is
)
type Bad3 interface { M() }
const Bad4 = 1
const Good3 = 1 // is
// These are.
const ( Good4 = 1; Good5 = 2 )
const ( Bad5 = 1
	Good6 = 2 // is
)
var Bad6, bad7 int
func Bad8() {}
func bad9() {}
func (Bad) Bad10() {}
func (*Good[T]) Bad11() {}
func (g Good[T, U]) Bad12() {}
func (bad) Good7() {}
func (Bad) Error() string { return "" }
// Good8 does.
func Good8() {}
`
	f := example(t, "x.go", src).ast
	if got, want := fmt.Sprint(uncommented(f, false)), "[Bad Bad2 Bad3 Bad4 Bad5 Bad6 Bad8 Bad10 Bad11 Bad12]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := fmt.Sprint(uncommented(f, true)), "[Bad Field C D Bad2 Bad3 M Bad4 Bad5 Bad6 Bad8 Bad10 Bad11 Bad12]"; got != want {
		t.Errorf("with members\ngot  %s\nwant %s", got, want)
	}
}

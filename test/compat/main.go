// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Compat puts the outcomes of a run of test/interop into docs/compat.md, and holds the
// document to the rows that there are. A run of everything takes the place of what was there; of
// another run, only the cells do. It is run in the root of the repository, by make compat.
package main

import (
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quorate/quorate/bench/table"
	"github.com/quorate/quorate/test/results"
)

// mark names the place of the table in the document.
const mark = "interop"

func main() {
	document := flag.String("o", "docs/compat.md", "put the table between the marks of this `file`")
	rows := flag.String("rows", "test/interop", "the `folder` of the tests")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: compat [-o FILE] [-rows FOLDER] RESULTS")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *document, *rows); err != nil {
		fmt.Fprintln(os.Stderr, "compat:", err)
		os.Exit(1)
	}
}

func run(file, document, folder string) error {
	r, err := results.Read(file)
	if err != nil {
		return err
	}
	if err := write(r, document); err != nil {
		return err
	}
	return check(document, folder)
}

// write puts the rows of a run into the document.
func write(r results.Run, document string) error {
	old, err := table.Find(document, mark)
	if err != nil {
		return err
	}
	head, _, _ := strings.Cut(old, "\n")
	cells := table.ParseCells(old)
	if r.Minutes > 0 {
		head = fmt.Sprintf("%s; this run took %.1f min", r.Where, r.Minutes)
		cells = table.Cells{}
	}
	for _, row := range r.Rows {
		if documented(row.Name) {
			cells.Set(row.Name, column(row.Pair), row.Cell())
		}
	}
	var columns []string
	for _, pair := range strings.Fields(results.Pairs) {
		columns = append(columns, column(pair))
	}
	return table.Replace(document, mark, head+"\n\n"+cells.Text(columns))
}

// column is how a pair is named at the head of the table.
func column(pair string) string {
	arbiter, nodes, _ := strings.Cut(pair, "/")
	name := func(s string) string {
		switch s {
		case "go":
			return "ours"
		case "c":
			return "C"
		}
		return s
	}
	return name(arbiter) + " / " + name(nodes)
}

// documented reports whether a row stands in the document: Votequorum holds a machine
// against nodes, and no pair against another.
func documented(row string) bool { return !strings.HasPrefix(row, "Votequorum") }

// check finds rows that are not in the document, rows there that are not in the folder,
// and outcomes that are none to be proud of.
func check(document, folder string) error {
	text, err := table.Find(document, mark)
	if err != nil {
		return err
	}
	rows, err := rowsOf(folder)
	if err != nil {
		return err
	}
	var wrong []error
	has := map[string]bool{}
	cells := table.ParseCells(text)
	for _, name := range slices.Sorted(maps.Keys(cells)) {
		test, _, _ := strings.Cut(name, "/")
		has[test] = true
		if !slices.Contains(rows, test) {
			wrong = append(wrong, fmt.Errorf("row %s of %s is none of %s", name, document, folder))
		}
		for _, column := range slices.Sorted(maps.Keys(cells[name])) {
			cell := cells[name][column]
			if result, _, _ := strings.Cut(cell, ":"); result != "pass" && result != "fails" {
				wrong = append(wrong, fmt.Errorf("row %s of %s, %s: %s", name, document, column, cell))
			}
		}
	}
	for _, test := range rows {
		if !has[test] {
			wrong = append(wrong, fmt.Errorf("row %s is not in %s: make compat RUN='^Test%s$'", test, document, test))
		}
	}
	return errors.Join(wrong...)
}

// starters are the functions by which a test starts a row.
var starters = []string{"matrix", "with", "start"}

// rowsOf returns the tests of a folder that start a row of the document.
func rowsOf(folder string) (rows []string, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(f.Name.Name, "Test") {
				continue
			}
			if row := strings.TrimPrefix(f.Name.Name, "Test"); documented(row) && calls(f, starters) {
				rows = append(rows, row)
			}
		}
	}
	return rows, nil
}

// calls reports whether a function calls one of these names.
func calls(f *ast.FuncDecl, names []string) (found bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			id, ok := call.Fun.(*ast.Ident)
			found = found || ok && slices.Contains(names, id.Name)
		}
		return !found
	})
	return found
}

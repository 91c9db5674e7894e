// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/bench/table"
)

// compat is the document that has the outcomes, in our own folder's words.
const compat = "../../docs/compat.md"

// cells are outcomes: row, column, cell.
type cells map[string]map[string]string

func (c cells) set(row, column, cell string) {
	if c[row] == nil {
		c[row] = map[string]string{}
	}
	c[row][column] = cell
}

// text is the table of these columns; those that no row has are left out.
func (c cells) text(columns []string) string {
	columns = slices.DeleteFunc(slices.Clone(columns), func(column string) bool {
		for _, row := range c {
			if row[column] != "" {
				return false
			}
		}
		return true
	})
	var b strings.Builder
	fmt.Fprintf(&b, "| row | %s |\n|---|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	for _, name := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprintf(&b, "| %s |", name)
		for _, column := range columns {
			fmt.Fprintf(&b, " %s |", c[name][column])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// parseCells reads what text has written.
func parseCells(text string) cells {
	c := cells{}
	var columns []string
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "|"), "|"), "|")
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		switch {
		case !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---"):
		case columns == nil:
			columns = f[1:]
		default:
			for i, cell := range f[1:] {
				if cell != "" {
					c.set(f[0], columns[i], cell)
				}
			}
		}
	}
	return c
}

// column is how a pair is named at the head of the document's table.
func (p pair) column() string {
	name := func(s string) string {
		switch s {
		case "go":
			return "ours"
		case "c":
			return "C"
		}
		return s
	}
	return name(string(p.arbiter)) + " / " + name(string(p.nodes))
}

// inDocument reports whether a row stands in the document: Votequorum holds a machine
// against nodes, and no pair against another.
func inDocument(row string) bool { return !strings.HasPrefix(row, "Votequorum") }

// writeDoc puts the outcomes of this run into a document. A run of everything takes
// the place of what was there and says how long it took; with 0 its cells alone do.
func writeDoc(path string, took time.Duration) error {
	old, err := documented(path)
	if err != nil {
		return err
	}
	head, _, _ := strings.Cut(old, "\n")
	c := parseCells(old)
	if took > 0 {
		head = fmt.Sprintf("%s; this run took %.1f min", table.Where(), took.Minutes())
		c = cells{}
	}
	for _, r := range suite.trials {
		if inDocument(r.row) {
			c.set(r.row, r.column(), r.cell())
		}
	}
	pairs, err := parsePairs(every)
	if err != nil {
		return err
	}
	var columns []string
	for _, p := range pairs {
		columns = append(columns, p.column())
	}
	return table.Replace(path, "interop", head+"\n\n"+c.text(columns))
}

// documented is what stands between the marks.
func documented(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	_, text, ok := strings.Cut(string(b), "<!-- interop: begin -->\n")
	text, _, ok2 := strings.Cut(text, "<!-- interop: end -->\n")
	if !ok || !ok2 {
		return "", fmt.Errorf("%s has no place for the table of interop", path)
	}
	return text, nil
}

// TestDocument: each row of this suite stands in the document, nothing else does, and
// none of them has failed. A run that writes the document is held to that at its end.
func TestDocument(t *testing.T) {
	if os.Getenv("QUORATE_INTEROP_DOC") != "" {
		return
	}
	if err := checkDoc(compat); err != nil {
		t.Error(err)
	}
}

func checkDoc(path string) error {
	text, err := documented(path)
	if err != nil {
		return err
	}
	rows, err := suiteRows()
	if err != nil {
		return err
	}
	var wrong []error
	has := map[string]bool{}
	for name, row := range parseCells(text) {
		test, _, _ := strings.Cut(name, "/")
		has[test] = true
		if !slices.Contains(rows, test) {
			wrong = append(wrong, fmt.Errorf("row %s of %s is none of this suite", name, path))
		}
		for column, cell := range row {
			if result, _, _ := strings.Cut(cell, ":"); result != "pass" && result != "fails" {
				wrong = append(wrong, fmt.Errorf("row %s of %s, %s: %s", name, path, column, cell))
			}
		}
	}
	for _, test := range rows {
		if !has[test] {
			wrong = append(wrong, fmt.Errorf("row %s is not in %s: make compat RUN='^Test%s$'", test, path, test))
		}
	}
	return errors.Join(wrong...)
}

// suiteRows are the tests of this folder that start a row.
func suiteRows() (rows []string, err error) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(f.Name.Name, "Test") {
				continue
			}
			row := strings.TrimPrefix(f.Name.Name, "Test")
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				if id, ok := call.Fun.(*ast.Ident); ok && slices.Contains([]string{"matrix", "with", "start"}, id.Name) && inDocument(row) && !slices.Contains(rows, row) {
					rows = append(rows, row)
				}
				return true
			})
		}
	}
	return rows, nil
}

// TestWriteDoc: what is written can be read, and a run of some rows replaces these alone.
func TestWriteDoc(t *testing.T) {
	c := cells{}
	c.set("A", "ours / C", "pass: 1 s")
	c.set("A", "C / C", "fails")
	c.set("B/x", "C / C", "pass")
	text := c.text([]string{"ours / C", "ours / ours", "C / C"})
	const want = "| row | ours / C | C / C |\n|---|---|---|\n| A | pass: 1 s | fails |\n| B/x |  | pass |\n"
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if got := parseCells("a day\n\n" + text).text([]string{"ours / C", "C / C"}); got != want {
		t.Errorf("read and written again:\n%s\nwant\n%s", got, want)
	}
}

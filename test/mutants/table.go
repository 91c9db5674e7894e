// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// A table is read line by line. Lines of "#" and empty ones are skipped.
//
//	file internal/decision/algorithms.go   the file of the rows below; packages may follow whose
//	                                       tests -fill plays if those of its own live
//	func ffsplit F1                        the function of the rows below; its edits belong to
//	                                       F1 until a comment in it says "Rule F2:". Where a
//	                                       file has two of the name, look.ffsplit is the
//	                                       method, and .ffsplit the function
//	some accepted N2                       the same, of a function of which only some lines
//	                                       are a rule: -propose asks for no others
//	const holdMargin H2                    a constant
//	words P3 WHY                           a rule that no single line makes
//
// A row follows: its rule, the lines as they stand, what they become, what notices that.
//
//	F1
//	- case n > len(config):
//	+ case n >= len(config):
//	  TestScenarios/ffsplit_four
//
// The last line is a test of the file's package, or "./internal/sim TestScenarios/s1" of
// another one, or "hangs TEST" where running out of time is how it fails, or "lives: WHY".
type table struct {
	name  string
	parts []*part
	words map[string]string
}

// part is one function or constant, with its rows.
type part struct {
	scope scope
	rows  []*row
	end   int // the line of the table after its last
}

// scope is where a row's lines stand.
type scope struct {
	file  string // from the top of the module
	kind  string // func, some or const
	name  string
	rule  string
	where string // in the table

	others string // packages
}

// row is one edit.
type row struct {
	scope    scope
	rule     string
	old, new []string // lines without their indentation
	pkg      string   // whose test it is; empty: the file's own
	test     string   // empty: it lives
	hangs    bool
	lives    string // why nothing can come of it
	where    string // in the table
	broken   bool   // it does not compile
}

// key tells edits apart.
func (r *row) key() string {
	return r.scope.file + "\n" + r.scope.name + "\n" + strings.Join(r.old, "\n") + "\n+\n" + strings.Join(r.new, "\n")
}

// String is the row as the table has it.
func (r *row) String() string {
	var b strings.Builder
	fmt.Fprintln(&b, r.rule)
	for _, l := range r.old {
		fmt.Fprintln(&b, "-", l)
	}
	for _, l := range r.new {
		fmt.Fprintln(&b, "+", l)
	}
	fmt.Fprintln(&b, " ", r.outcome())
	return b.String()
}

func (r *row) outcome() string {
	if r.test == "" {
		return "lives: " + r.lives
	}
	s := r.test
	if r.pkg != "" {
		s = r.pkg + " " + s
	}
	if r.hangs {
		s = "hangs " + s
	}
	return s
}

// packageDir is the package whose test is to fail, as go test takes it.
func (r *row) packageDir() string {
	if r.pkg != "" {
		return r.pkg
	}
	return "./" + filepath.Dir(r.scope.file)
}

func readTable(name string) (*table, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	t := &table{name: name, words: map[string]string{}}
	var file, others string
	var r *row // that is being read
	n := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		n++
		where := fmt.Sprintf("%s:%d", name, n)
		verb, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || line[0] == '#':
		case verb == "file":
			file, others, _ = strings.Cut(rest, " ")
		case verb == "func" || verb == "some" || verb == "const":
			f := strings.Fields(rest)
			if len(f) != 2 || file == "" {
				return nil, fmt.Errorf("%s: want %q and a rule, after a file", where, verb+" NAME")
			}
			t.parts = append(t.parts, &part{scope: scope{file, verb, f[0], f[1], where, others}, end: n})
		case verb == "words":
			rule, why, _ := strings.Cut(rest, " ")
			t.words[rule] = why
		case rest == "" && verb != "-" && verb != "+":
			if r != nil || len(t.parts) == 0 {
				return nil, fmt.Errorf("%s: the row before has no end, or there is no func", where)
			}
			r = &row{rule: verb, scope: t.parts[len(t.parts)-1].scope, where: where}
		case r == nil:
			return nil, fmt.Errorf("%s: %q belongs to no row", where, line)
		case verb == "-":
			r.old = append(r.old, rest)
		case verb == "+":
			r.new = append(r.new, rest)
		case verb == "":
			if err := r.setOutcome(strings.TrimSpace(rest)); err != nil {
				return nil, fmt.Errorf("%s: %w", where, err)
			}
			p := t.parts[len(t.parts)-1]
			p.rows, p.end, r = append(p.rows, r), n, nil
		default:
			return nil, fmt.Errorf("%s: %q?", where, line)
		}
	}
	if r != nil {
		return nil, fmt.Errorf("%s: it has no end", r.where)
	}
	return t, nil
}

func (r *row) setOutcome(s string) error {
	if why, ok := strings.CutPrefix(s, "lives:"); ok {
		r.lives = strings.TrimSpace(why)
		return nil
	}
	s, r.hangs = strings.CutPrefix(s, "hangs ")
	if pkg, test, ok := strings.Cut(s, " "); ok {
		r.pkg, s = pkg, test
	}
	if r.test = s; s == "" || len(r.old) == 0 {
		return fmt.Errorf("the row names no test, or no line")
	}
	return nil
}

// source is a Go file, parsed.
type source struct {
	text []byte
	fset *token.FileSet
	file *ast.File
}

func readSource(name string) (*source, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	return &source{text, fset, f}, nil
}

// find returns the declaration that a scope names.
func (s *source) find(sc scope) (found ast.Node, err error) {
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if sc.kind != "const" && (d.Name.Name == sc.name || receiver(d)+"."+d.Name.Name == sc.name) {
				if found != nil {
					return nil, fmt.Errorf("%s: %s has two functions %s", sc.where, sc.file, sc.name)
				}
				found = d
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok && sc.kind == "const" && v.Names[0].Name == sc.name {
					found = v
				}
			}
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%s: %s has no %s %s: mend the table", sc.where, sc.file, sc.kind, sc.name)
	}
	return found, nil
}

// receiver is the type whose method a function is, or "".
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	x := d.Recv.List[0].Type
	if p, ok := x.(*ast.StarExpr); ok {
		x = p.X
	}
	id, ok := x.(*ast.Ident)
	if !ok {
		return ""
	}
	return id.Name
}

// lines returns a node's first line, from 0, and the line after its last.
func (s *source) lines(n ast.Node) (from, to int) {
	return s.fset.Position(n.Pos()).Line - 1, s.fset.Position(n.End()).Line
}

// offset is where in the text a place is.
func (s *source) offset(p token.Pos) int { return s.fset.Position(p).Offset }

// apply returns the file's text with a row's edit.
func (s *source) apply(r *row) ([]byte, error) {
	n, err := s.find(r.scope)
	if err != nil {
		return nil, err
	}
	from, to := s.lines(n)
	all := bytes.Split(s.text, []byte("\n"))
	at := places(all[from:to], r.old)
	if len(at) != 1 {
		return nil, fmt.Errorf("%s: %q stands in %s of %s %d times, not once: mend the table",
			r.where, strings.Join(r.old, " | "), r.scope.name, r.scope.file, len(at))
	}
	i := from + at[0]
	out := append([][]byte{}, all[:i]...)
	for _, l := range r.new {
		out = append(out, []byte(l))
	}
	return bytes.Join(append(out, all[i+len(r.old):]...), []byte("\n")), nil
}

// places returns where the lines of want stand, one after the other.
func places(lines [][]byte, want []string) (at []int) {
next:
	for i := 0; i+len(want) <= len(lines); i++ {
		for k, w := range want {
			if string(bytes.TrimSpace(lines[i+k])) != w {
				continue next
			}
		}
		at = append(at, i)
	}
	return at
}

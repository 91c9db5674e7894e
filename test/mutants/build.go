// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A program with the tests of one package has all of its mutants. Of each function that a
// row edits there is a copy with the edit, NAME__7, and the function itself begins with a
// switch that calls the one that the environment names. So thousands of mutants cost one
// build. A constant has no copies: each of its rows has a program of its own.
const variable = "MUTANT"

// selector is the file that goes with a package that has mutants.
const selector = `
import (
	"os"
	"strconv"
)

var mutantPlayed, _ = strconv.Atoi(os.Getenv("` + variable + `"))
`

// mutant is a row that can be played.
type mutant struct {
	*row
	program string
	number  int   // in it; 0: the program has this one only
	err     error // why it can't be played
}

// errCompile is why a mutant can't be played.
var errCompile = errors.New("it does not compile")

// build makes rows playable: all of the same package's tests.
func (l *laboratory) build(rows []*row) []*mutant {
	var all, together []*mutant
	for _, r := range rows {
		m := &mutant{row: r}
		if all = append(all, m); r.scope.kind != "const" {
			together = append(together, m)
			m.number = len(together)
		} else {
			m.alone(l)
		}
	}
	for len(together) > 0 {
		program, out, err := l.compile(together[0].packageDir(), pack(together))
		if err == nil {
			for _, m := range together {
				m.program = program
			}
			break
		}
		if !blame(together, out) {
			for _, m := range together {
				m.err = fmt.Errorf("%w: %s", err, out)
			}
		}
		together = slices.DeleteFunc(together, func(m *mutant) bool { return m.err != nil })
	}
	return all
}

// alone builds the program of a mutant that can't share one.
func (m *mutant) alone(l *laboratory) {
	s, err := readSource(m.scope.file)
	if err != nil {
		m.err = err
		return
	}
	text, err := s.apply(m.row)
	if err != nil {
		m.err = err
		return
	}
	var out []byte
	if m.program, out, err = l.compile(m.packageDir(), map[string][]byte{m.scope.file: text}); err != nil {
		m.err = fmt.Errorf("%s: %w: %s", m.where, errCompile, out)
	}
}

// pack returns the files that the mutants need instead of those of the tree. A mutant whose
// row is at fault is given that as its error, and has no part in it.
func pack(ms []*mutant) map[string][]byte {
	files := map[string][]*mutant{}
	for _, m := range ms {
		files[m.scope.file] = append(files[m.scope.file], m)
	}
	out := map[string][]byte{}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		s, err := readSource(file)
		if err != nil {
			for _, m := range files[file] {
				m.err = err
			}
			continue
		}
		out[file] = s.variants(files[file])
		out[filepath.Join(filepath.Dir(file), "mutant_played.go")] = []byte("package " + s.file.Name.Name + "\n" + selector)
	}
	return out
}

// variants returns the file with a copy of a function for each mutant, behind a line with
// its number, and the switches that call them.
func (s *source) variants(ms []*mutant) []byte {
	var copies bytes.Buffer
	calls := map[*ast.FuncDecl]*strings.Builder{}
	for _, m := range ms {
		n, err := s.find(m.scope)
		if err != nil {
			m.err = err
			continue
		}
		d := n.(*ast.FuncDecl)
		name := d.Name.Name + "__" + strconv.Itoa(m.number)
		text, err := s.apply(m.row)
		if err != nil {
			m.err = err
			continue
		}
		end := s.offset(d.End()) + len(text) - len(s.text)
		fmt.Fprintf(&copies, "\n%s%d\n%s%s%s\n", numberLine, m.number,
			s.text[s.offset(d.Pos()):s.offset(d.Name.Pos())], name, text[s.offset(d.Name.End()):end])
		if calls[d] == nil {
			calls[d] = &strings.Builder{}
		}
		fmt.Fprintf(calls[d], " case %d: %s;", m.number, call(d, name))
	}
	var out bytes.Buffer
	at := 0
	for _, decl := range s.file.Decls {
		if d, ok := decl.(*ast.FuncDecl); ok && calls[d] != nil {
			open := s.offset(d.Body.Lbrace) + 1
			fmt.Fprintf(&out, "%s switch mutantPlayed {%s };", s.text[at:open], calls[d])
			at = open
		}
	}
	out.Write(s.text[at:])
	out.Write(copies.Bytes())
	return out.Bytes()
}

// numberLine stands above a copy.
const numberLine = "// mutant "

// call is the statement that runs a copy of a function in its place.
func call(d *ast.FuncDecl, name string) string {
	var args []string
	for _, f := range d.Type.Params.List {
		for _, id := range f.Names {
			args = append(args, id.Name)
		}
	}
	if d.Recv != nil {
		name = d.Recv.List[0].Names[0].Name + "." + name
	}
	s := name + "(" + strings.Join(args, ", ") + ")"
	if d.Type.Results == nil {
		return s + "; return"
	}
	return "return " + s
}

// compile builds a package's tests with other files in place of the tree's.
func (l *laboratory) compile(pkg string, files map[string][]byte) (program string, out []byte, err error) {
	l.mu.Lock()
	l.count++
	base := filepath.Join(l.dir, strconv.Itoa(l.count))
	l.mu.Unlock()
	replace := map[string]string{}
	for file, text := range files {
		abs, err := filepath.Abs(file)
		if err != nil {
			return "", nil, err
		}
		replace[abs] = base + "_" + flat(file)
		if err := os.WriteFile(replace[abs], text, 0o644); err != nil {
			return "", nil, err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", nil, err
	}
	if err := os.WriteFile(base+".json", overlay, 0o644); err != nil {
		return "", nil, err
	}
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-gcflags=-e", "-overlay", base+".json", "-o", base+".test", pkg)
	out, err = cmd.CombinedOutput()
	return base + ".test", bytes.TrimSpace(out), err
}

// flat is a file's path as a name, by which the compiler's complaints have it.
func flat(file string) string { return strings.ReplaceAll(file, "/", "+") }

var complaint = regexp.MustCompile(`(?m)^(\S+\.go):(\d+):\d+: (.*)$`)

// blame gives the compiler's complaints to the mutants in whose copies they are, and
// reports whether there are any.
func blame(ms []*mutant, out []byte) (any bool) {
	files := pack(ms)
	for _, c := range complaint.FindAllSubmatch(out, -1) {
		var text []byte
		for file := range files {
			if strings.HasSuffix(string(c[1]), "_"+flat(file)) {
				text = files[file]
			}
		}
		line, _ := strconv.Atoi(string(c[2]))
		number := 0
		for i, l := range strings.SplitN(string(text), "\n", line+1) {
			if s, ok := strings.CutPrefix(l, numberLine); ok && i < line {
				number, _ = strconv.Atoi(s)
			}
		}
		for _, m := range ms {
			if m.number == number && m.err == nil {
				m.err, any = fmt.Errorf("%s: %w: %s", m.where, errCompile, c[3]), true
			}
		}
	}
	return any
}

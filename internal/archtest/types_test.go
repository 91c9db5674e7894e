// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// source is a package's files, with what each name in them means.
type source struct {
	fset  *token.FileSet
	files []*ast.File
	info  *types.Info
	pkg   *types.Package
}

// typed parses and checks a package of this module, without its tests.
func typed(t *testing.T, p pkg) source {
	t.Helper()
	s := source{fset: token.NewFileSet()}
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(s.fset, filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		s.files = append(s.files, f)
	}
	return s.check(t, p.Path)
}

// typedText does that with one file that is no part of the module.
func typedText(t *testing.T, text string) source {
	t.Helper()
	s := source{fset: token.NewFileSet()}
	f, err := parser.ParseFile(s.fset, "x.go", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	s.files = append(s.files, f)
	return s.check(t, "x")
}

func (s source) check(t *testing.T, path string) source {
	t.Helper()
	lookup := func(path string) (io.ReadCloser, error) {
		exports, err := exported()
		if err != nil {
			return nil, err
		}
		if exports[path] == "" {
			return nil, fmt.Errorf("no package of ours needs %s", path)
		}
		return os.Open(exports[path])
	}
	s.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: importer.ForCompiler(s.fset, "gc", lookup)}
	pkg, err := conf.Check(path, s.fset, s.files, s.info)
	if err != nil {
		t.Fatal(err)
	}
	s.pkg = pkg
	return s
}

// exported names the compiler's export data of each package that ours need.
var exported = sync.OnceValues(func() (map[string]string, error) {
	cmd := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", "./...")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	out, err := cmd.Output()
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		files[path] = file
	}
	return files, err
})

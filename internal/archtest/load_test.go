// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// root is the repository, seen from here.
const root = "../.."

// pkg is a package of this module.
type pkg struct {
	Path    string   // below the module's path: internal/qnet
	Dir     string   // absolute
	GoFiles []string // without tests
	Ours    []string // the packages of this module that it imports, sorted, by the names of the tables: qnet
	Others  []string // the others, sorted
}

// listed is what go list prints of a package.
type listed struct {
	ImportPath, Dir                    string
	GoFiles                            []string
	Imports, TestImports, XTestImports []string
}

// short is the name by which the tables call a package of ours.
func short(path string) string { return strings.TrimPrefix(path, "internal/") }

// packages lists the packages of this module. Below test, a package's tests are what
// it is there for, so what they import counts, too.
func packages(t *testing.T) []pkg {
	t.Helper()
	list, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

var loaded = sync.OnceValues(func() ([]pkg, error) {
	module, err := module()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var list []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, err
		}
		list = append(list, l.of(module))
	}
})

// of is the package as one of this module.
func (l listed) of(module string) pkg {
	p := pkg{Path: strings.TrimPrefix(l.ImportPath, module+"/"), Dir: l.Dir, GoFiles: l.GoFiles}
	imports := l.Imports
	if strings.HasPrefix(p.Path, "test/") {
		imports = slices.Concat(l.Imports, l.TestImports, l.XTestImports)
	}
	slices.Sort(imports)
	for _, path := range slices.Compact(imports) {
		if ours, ok := strings.CutPrefix(path, module+"/"); ok {
			p.Ours = append(p.Ours, short(ours))
		} else {
			p.Others = append(p.Others, path)
		}
	}
	slices.Sort(p.Ours)
	return p
}

// module is the path that go.mod gives this module.
var module = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m").Output()
	return strings.TrimSpace(string(out)), err
})

// file is a Go file of this repository.
type file struct {
	path string // from the root, with slashes
	text string
	fset *token.FileSet
	ast  *ast.File
}

// parse makes a file of a text.
func parse(path, text string) (file, error) {
	f := file{path: path, text: text, fset: token.NewFileSet()}
	var err error
	f.ast, err = parser.ParseFile(f.fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
	return f, err
}

// example is a text of a test as a file, by a name that the rules apply to.
func example(t *testing.T, path, text string) file {
	t.Helper()
	f, err := parse(path, text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// test reports whether it is a file of tests.
func (f file) test() bool { return strings.HasSuffix(f.path, "_test.go") }

// at says what is wrong at a place of the file.
func (f file) at(pos token.Pos, what string) string {
	return fmt.Sprintf("%s: %s", f.fset.Position(pos), what)
}

// goFiles are all Go files of the repository, whatever machine they are for.
func goFiles(t *testing.T) []file {
	t.Helper()
	list, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 500 {
		t.Fatalf("only %d Go files", len(list))
	}
	return list
}

var parsed = sync.OnceValues(func() (list []file, err error) {
	err = walk(func(path, text string) error {
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		f, err := parse(path, text)
		list = append(list, f)
		return err
	})
	return list, err
})

// walk visits the files of the repository, without what git or the Makefile makes.
func walk(visit func(path, text string) error) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && (d.Name() == ".git" || d.Name() == "bin") {
			return filepath.SkipDir
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return visit(filepath.ToSlash(rel), string(text))
	})
}

// find applies a rule to all Go files, without those of tests if told so.
func find(t *testing.T, tests bool, rule func(file) []string) {
	t.Helper()
	for _, f := range goFiles(t) {
		if tests || !f.test() {
			report(t, rule(f))
		}
	}
}

// finds tests that a rule finds exactly one problem in a text, and which; none if want is empty.
func finds(t *testing.T, rule func(file) []string, f file, want string) {
	t.Helper()
	got := rule(f)
	if (len(got) > 0) != (want != "") || len(got) > 1 || !strings.Contains(strings.Join(got, ""), want) {
		t.Errorf("%s:\n%s\ngives %q, want %q", f.path, f.text, got, want)
	}
}

// read returns a file of the repository.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// report makes each problem a failure.
func report(t *testing.T, problems []string) {
	t.Helper()
	for _, p := range problems {
		t.Error(p)
	}
}

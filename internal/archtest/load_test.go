// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
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

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestModulePath: a host's name begins the path, as go get wants it. And it stands in
// go.mod and in imports only, where test/modulepath changes it.
func TestModulePath(t *testing.T) {
	module, err := module()
	if err != nil {
		t.Fatal(err)
	}
	if host, _, _ := strings.Cut(module, "/"); !strings.Contains(host, ".") {
		t.Fatalf("the module is %s, which go get cannot resolve", module)
	}
	files := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && (d.Name() == ".git" || d.Name() == "bin") {
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() || d.Name() == "go.mod" || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		files++
		for i, line := range strings.Split(string(text), "\n") {
			if strings.Contains(line, module) && !isImport(line, module) {
				t.Errorf("%s:%d names the module's path outside an import", path, i+1)
			}
		}
		return err
	})
	if err != nil || files < 500 {
		t.Fatalf("%d files: %v", files, err)
	}
}

// isImport reports whether a line is one import of this module and nothing else.
func isImport(line, module string) bool {
	before, rest, ok := strings.Cut(line, `"`+module)
	fields := strings.Fields(before)
	path, end, closed := strings.Cut(rest, `"`)
	_, comment, _ := strings.Cut(end, "//")
	named := len(fields) == 0 || len(fields) == 1 && !strings.ContainsAny(fields[0], "(.,+") || len(fields) <= 2 && fields[0] == "import"
	return ok && closed && named && !strings.Contains(path+comment, module)
}

func TestIsImport(t *testing.T) {
	for line, want := range map[string]bool{
		`	"host.example/m/x"`:          true,
		`	y "host.example/m/x"`:        true,
		`import "host.example/m"`:      true,
		`	_ "host.example/m/x" // why`: true,
		`x := "host.example/m/x"`:      false,
		`// see host.example/m`:        false,
		`	f("host.example/m/x")`:       false,
		`	"a" + "host.example/m/x"`:    false,
		`go get host.example/m@latest`: false,
	} {
		if got := isImport(line, "host.example/m"); got != want {
			t.Errorf("%s: %t", line, got)
		}
	}
}

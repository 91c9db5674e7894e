// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// processWide are functions that change the whole process.
var processWide = []string{
	"runtime.GOMAXPROCS", "runtime.SetDefaultGOMAXPROCS", "debug.SetGCPercent", "debug.SetMemoryLimit", "debug.SetMaxThreads",
	"os.Setenv", "os.Unsetenv", "os.Clearenv", "os.Chdir", "unix.Umask", "syscall.Umask", "unix.Chdir", "syscall.Chdir",
	"signal.Ignore", "slog.SetDefault", "log.SetOutput",
}

// TestProcessWide: only a command changes what belongs to the whole process. A daemon
// may be one of several in it, as in the laboratory.
func TestProcessWide(t *testing.T) {
	calls := 0
	for _, dir := range []string{"internal", "corosync"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			command := filepath.Base(filepath.Dir(path)) == "cli"
			ast.Inspect(f, func(n ast.Node) bool {
				name := calledName(n)
				if !slices.Contains(processWide, name) {
					return true
				}
				calls++
				if !command {
					t.Errorf("%v: %s is for a command", set.Position(n.Pos()), name)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if calls < 3 {
		t.Errorf("%d calls found: the command sets the collector and the cores", calls)
	}
}

// calledName is "package.Function" if n calls one by such a name.
func calledName(n ast.Node) string {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return ""
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	pkg, ok := sel.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return pkg.Name + "." + sel.Sel.Name
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"go/ast"
	"path"
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
	find(t, false, func(f file) []string {
		if !strings.HasPrefix(f.path, "internal/") && !strings.HasPrefix(f.path, "corosync/") {
			return nil
		}
		return changes(f)
	})
}

// changes finds calls that change the whole process, outside of commands.
func changes(f file) (problems []string) {
	if path.Base(path.Dir(f.path)) == "cli" {
		return nil
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if name := calledName(n); slices.Contains(processWide, name) {
			problems = append(problems, f.at(n.Pos(), name+" changes the whole process: that is for a command (internal/cli)"))
		}
		return true
	})
	return problems
}

// TestChanges: the rule finds what it is to find.
func TestChanges(t *testing.T) {
	for _, name := range processWide {
		src := "package x\nfunc f() { " + name + "() }"
		finds(t, changes, example(t, "internal/x/x.go", src), "internal/x/x.go:2:12: "+name+" changes")
		finds(t, changes, example(t, "internal/cli/x.go", src), "")
	}
	finds(t, changes, example(t, "internal/x/x.go", "package x\nfunc f() { os.Getenv() }"), "")
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

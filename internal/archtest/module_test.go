// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"fmt"
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
	if !resolvable(module) {
		t.Fatalf("the module is %s, which go get cannot resolve", module)
	}
	files := 0
	err = walk(func(path, text string) error {
		if files++; path != "go.mod" {
			report(t, misplaced(module, path, text))
		}
		return nil
	})
	if err != nil || files < 500 {
		t.Fatalf("%d files: %v", files, err)
	}
}

// resolvable reports whether a host's name begins a path.
func resolvable(path string) bool {
	host, rest, _ := strings.Cut(path, "/")
	return strings.Contains(host, ".") && rest != ""
}

// misplaced finds lines that name the module's path and are no import.
func misplaced(module, path, text string) (problems []string) {
	for i, line := range strings.Split(text, "\n") {
		if strings.Contains(line, module) && !isImport(line, module) {
			problems = append(problems, fmt.Sprintf("%s:%d: names the module's path outside an import", path, i+1))
		}
	}
	return problems
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

// TestMisplaced: the rules find what they are to find.
func TestMisplaced(t *testing.T) {
	for path, want := range map[string]bool{"host.example/m": true, "host.example": false, "quorate": false, "m/x.y": false} {
		if resolvable(path) != want {
			t.Errorf("%s can be resolved: %t", path, !want)
		}
	}
	for line, found := range map[string]bool{
		`	"host.example/m/x"`:          false,
		`	y "host.example/m/x"`:        false,
		`import "host.example/m"`:      false,
		`	_ "host.example/m/x" // why`: false,
		`x := "host.example/m/x"`:      true,
		`// see host.example/m`:        true,
		`	f("host.example/m/x")`:       true,
		`	"a" + "host.example/m/x"`:    true,
		`go get host.example/m@latest`: true,
	} {
		if got := misplaced("host.example/m", "x", line); len(got) > 0 != found {
			t.Errorf("%s: %q", line, got)
		}
	}
}

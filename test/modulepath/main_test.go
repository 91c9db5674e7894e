// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestChange: there and back leaves every byte as it was, and only imports change.
func TestChange(t *testing.T) {
	before := map[string]string{
		"go.mod":    "module old.example/a\n\ngo 1.26\n",
		"main.go":   "package main\n\nimport (\n\t\"fmt\"\n\n\tx \"old.example/a/x\"\n\t\"old.example/ab\"\n)\n\n// old.example/a/x\nvar s = \"old.example/a/x\"\n",
		"x/x.go":    "package x\n",
		"x/y/y.txt": "old.example/a\n",
	}
	after := map[string]string{
		"go.mod":    "module github.com/someone/b\n\ngo 1.26\n",
		"main.go":   "package main\n\nimport (\n\t\"fmt\"\n\n\tx \"github.com/someone/b/x\"\n\t\"old.example/ab\"\n)\n\n// old.example/a/x\nvar s = \"old.example/a/x\"\n",
		"x/x.go":    before["x/x.go"],
		"x/y/y.txt": before["x/y/y.txt"],
	}
	dir := t.TempDir()
	for name, text := range before {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	check := func(want map[string]string) {
		t.Helper()
		for name, text := range want {
			got, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil || string(got) != text {
				t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, text)
			}
		}
	}
	if n, err := change(dir, "github.com/someone/b"); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	check(after)
	if n, err := change(dir, "old.example/a"); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	check(before)
	for _, bad := range []string{"", "quorate", "github.com/some one/quorate", "https://github.com/a/b", "/a"} {
		if n, err := change(dir, bad); err == nil {
			t.Errorf("%q: taken, %d files", bad, n)
		}
	}
	check(before)
}

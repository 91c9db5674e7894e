// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Command modulepath gives this module another path: in go.mod, and in every import of
// every Go file. The path stands nowhere else, which this command relies on and
// internal/archtest holds. It edits the tree it is started in, and needs git to undo it.
//
//	go run ./test/modulepath github.com/someone/quorate
package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: modulepath PATH, such as github.com/someone/quorate")
		os.Exit(2)
	}
	n, err := change(".", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "modulepath:", err)
		os.Exit(1)
	}
	fmt.Printf("the module is %s now; %d files changed\n", os.Args[1], n)
}

// change gives the module in dir the path to, and returns how many files it wrote. It
// reads and checks everything before it writes anything.
func change(dir, to string) (int, error) {
	if err := module.CheckPath(to); err != nil {
		return 0, fmt.Errorf("go get could not find that: %w", err)
	}
	gomod := filepath.Join(dir, "go.mod")
	text, err := os.ReadFile(gomod)
	if err != nil {
		return 0, fmt.Errorf("start it at the top of the module: %w", err)
	}
	file, err := modfile.Parse(gomod, text, nil)
	if err != nil {
		return 0, err
	}
	if file.Module == nil {
		return 0, errors.New("go.mod names no module")
	}
	from := file.Module.Mod.Path
	if err := file.AddModuleStmt(to); err != nil {
		return 0, err
	}
	if text, err = file.Format(); err != nil {
		return 0, err
	}
	changed, err := imports(dir, from, to)
	if err != nil {
		return 0, err
	}
	changed[gomod] = text
	for path, text := range changed {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return 0, err
		}
	}
	return len(changed), nil
}

// imports returns the Go files below dir that import from or a package below it, as they
// are to be: with to in its place.
func imports(dir, from, to string) (map[string][]byte, error) {
	changed := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		now, err := renamed(path, text, from, to)
		if err == nil && !bytes.Equal(now, text) {
			changed[path] = now
		}
		return err
	})
	return changed, err
}

// renamed is the Go file text with to in the place of from in its imports, as gofmt
// sorts them.
func renamed(path string, text []byte, from, to string) ([]byte, error) {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, path, text, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	done := 0
	for _, spec := range f.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		rest, below := strings.CutPrefix(name, from)
		if !below || rest != "" && rest[0] != '/' {
			continue
		}
		at := set.Position(spec.Path.Pos()).Offset
		out.Write(text[done:at])
		out.WriteString(strconv.Quote(to + rest))
		done = at + len(spec.Path.Value)
	}
	if done == 0 {
		return text, nil
	}
	out.Write(text[done:])
	return format.Source(out.Bytes())
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Command mutants breaks the rules of docs/decision.md, one line at a time, and says which
// breaks no test notices. Its tables have the edits, and for each the test that must fail
// (tables/*.txt; table.go has their grammar). The tree itself is never touched: an edit
// reaches the compiler through go build's -overlay.
//
//	go run ./test/mutants                     every row
//	go run ./test/mutants -only 'H3|settle'   rows whose rule or file matches
//	go run ./test/mutants -propose            edits that the tables lack
//	go run ./test/mutants -fill               play these, and add a row for each
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// tableFiles are where the tables stand, from the top of the module.
const tableFiles = "test/mutants/tables/*.txt"

func main() {
	only := flag.String("only", "", "a `pattern` that a row's rule or file must match")
	propose := flag.Bool("propose", false, "print the edits that the tables lack")
	fill := flag.Bool("fill", false, "play the edits that the tables lack, and add them")
	jobs := flag.Int("j", 2, "how many mutants are played at a time")
	flag.Parse()
	if err := command(*only, *propose, *fill, *jobs); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func command(only string, propose, fill bool, jobs int) error {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	tables, err := readTables(tableFiles)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	lab := &laboratory{dir: dir, jobs: jobs}
	if propose || fill {
		return complete(tables, pattern, lab, fill)
	}
	return playAll(tables, pattern, lab)
}

func readTables(pattern string) (tables []*table, err error) {
	files, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no %s: start it at the top of the module", pattern)
	}
	for _, name := range files {
		t, err := readTable(name)
		if err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	return tables, nil
}

// matches reports whether -only names a row.
func matches(p *regexp.Regexp, r *row) bool {
	return p.MatchString(r.rule) || p.MatchString(r.scope.file)
}

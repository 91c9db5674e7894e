// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package results is a run of test/interop as a file: the tests write it, and
// test/compat makes a table of it.
package results

import (
	"encoding/json"
	"fmt"
	"os"
)

// Pairs are all pairs of an arbiter and node daemons, as ARBITER/NODES: go is ours, c the
// distribution's, yesman an arbiter that acknowledges everybody, and mixed nodes run ours or
// c. docs/compat.md has them in this order.
const Pairs = "go/c go/go go/mixed c/go c/mixed c/c yesman/c"

// Run is what a run has found.
type Run struct {
	Where   string  `json:"where"`             // the machine and the day
	Minutes float64 `json:"minutes,omitempty"` // how long it took; 0 if it left pairs or rows out
	Rows    []Row   `json:"rows"`              // in the order in which they ended
}

// Row is the outcome of one row with one pair.
type Row struct {
	Name   string `json:"name"`           // of the test, without Test
	Pair   string `json:"pair"`           // one of Pairs
	Result string `json:"result"`         // pass, fails as it must or is known to, or what is wrong
	Text   string `json:"text,omitempty"` // what was measured
}

// Cell is the outcome as a cell of a table.
func (r Row) Cell() string {
	if r.Text == "" {
		return r.Result
	}
	return r.Result + ": " + r.Text
}

// Write writes a run to a file.
func (r Run) Write(path string) error {
	b, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o600)
}

// Read reads a file that [Run.Write] has written.
func Read(path string) (r Run, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

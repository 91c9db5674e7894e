// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quorate/quorate/test/results"
)

// TestDocument: each row of test/interop stands in docs/compat.md, nothing else does, and
// none of them has failed.
func TestDocument(t *testing.T) {
	if err := check("../../docs/compat.md", "../interop"); err != nil {
		t.Error(err)
	}
}

// document makes one with this table.
func document(t *testing.T, table string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "compat.md")
	text := "# Compat\n\n<!-- interop: begin -->\n" + table + "<!-- interop: end -->\n\nThe end.\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// folder makes one with two rows of the document and one of another kind.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a_test.go": "package x\nfunc TestSplit(t *testing.T) { matrix(t, nil) }\nfunc TestParse(t *testing.T) {}\nfunc TestVotequorum(t *testing.T) { start(t) }\n",
		"b_test.go": "package x\nfunc TestDemo(t *testing.T) { if true { start(t) } }\nfunc matrix() { start(t) }\n",
		"c.go":      "package x\nfunc TestNone(t *testing.T) { start(t) }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	before = "a day\n\n| row | ours / C | C / C |\n|---|---|---|\n| Demo |  | pass |\n| Split/x | pass: 1 s | fails |\n"
	some   = "a day\n\n| row | ours / C | C / C |\n|---|---|---|\n| Demo |  | pass |\n| Split/x | pass: 2 s | fails |\n"
	all    = "today; this run took 3.4 min\n\n| row | ours / C | yesman / C |\n|---|---|---|\n| Demo | pass |  |\n| Split/x | pass: 2 s | fails |\n"
)

// TestWrite: a run of everything takes the place of the table, and another one fills its
// cells alone.
func TestWrite(t *testing.T) {
	for file, want := range map[string]string{"testdata/some.json": some, "testdata/all.json": all} {
		path := document(t, before)
		if err := run(file, path, folder(t)); err != nil {
			t.Error(file, err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if want := "# Compat\n\n<!-- interop: begin -->\n" + want + "<!-- interop: end -->\n\nThe end.\n"; string(b) != want {
			t.Errorf("%s\ngot\n%s\nwant\n%s", file, b, want)
		}
	}
}

// TestCheck: what does not belong into the document is found.
func TestCheck(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"", "", ""},
		{"| Demo |  | pass |\n", "", "row Demo is not in"},
		{"| Demo |", "| Other |", "row Other of"},
		{"fails |", "FAIL |", "C / C: FAIL"},
		{"fails |", "passes, and must not |", "C / C: passes, and must not"},
	} {
		err := check(document(t, strings.Replace(before, c.old, c.new, 1)), folder(t))
		if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.new, err, c.want)
		}
	}
}

// TestErrors: what can't be read or written is said, and a document without a place stays.
func TestErrors(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.json")
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{broken, "none.json"} {
		if err := run(file, document(t, before), folder(t)); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", file, err)
		}
	}
	if err := run("testdata/some.json", "testdata/some.json", folder(t)); err == nil {
		t.Error("no place, no error")
	}
}

// TestResults: a run is read as it was written.
func TestResults(t *testing.T) {
	want, err := os.ReadFile("testdata/all.json")
	if err != nil {
		t.Fatal(err)
	}
	r, err := results.Read("testdata/all.json")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "all.json")
	if err := r.Write(path); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); string(got) != string(want) || err != nil {
		t.Errorf("%v: got\n%s\nwant\n%s", err, got, want)
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package golden

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCommands: comments and commands stay, what is indented is made anew.
func TestCommands(t *testing.T) {
	var out strings.Builder
	Commands("# why\n\nadd  1 2\n    9\n    9\nadd 3\n", &out, func(words []string) {
		out.WriteString("    " + strings.Join(words[1:], "+") + "\n")
	})
	if want := "# why\n\nadd  1 2\n    1+2\nadd 3\n    3\n"; out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// TestEach: every file has a test of its name.
func TestEach(t *testing.T) {
	dir := t.TempDir()
	Write(t, filepath.Join(dir, "a.txt"), "1")
	Write(t, filepath.Join(dir, "b.txt"), "2")
	Write(t, filepath.Join(dir, "c.out"), "3")
	var seen []string
	Each(t, filepath.Join(dir, "*.txt"), 2, func(t *testing.T, file, text string) {
		seen = append(seen, t.Name(), filepath.Base(file), text)
	})
	if want := []string{"TestEach/a", "a.txt", "1", "TestEach/b", "b.txt", "2"}; !slices.Equal(seen, want) {
		t.Errorf("got %q, want %q", seen, want)
	}
}

func TestReadAll(t *testing.T) {
	dir := t.TempDir()
	Write(t, filepath.Join(dir, "a.txt"), "1\n")
	Write(t, filepath.Join(dir, "b.txt"), "2\n")
	if got := ReadAll(t, filepath.Join(dir, "*.txt")); got != "1\n2\n" {
		t.Errorf("got %q", got)
	}
}

func TestCode(t *testing.T) {
	code := Code(t, ".")
	if !strings.Contains(code, "func "+"Code(tb") || strings.Contains(code, "func "+"TestCode(t") {
		t.Errorf("got\n%s", code)
	}
}

// TestCompare plays TestHelper in a process of its own, for it has to fail.
func TestCompare(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.txt")
	Write(t, file, "old\n")
	helper := func(least string, args ...string) (string, error) {
		cmd := exec.Command(os.Args[0], append(args, "-test.run=^TestHelper$")...)
		cmd.Env = append(os.Environ(), "GOLDEN_DIR="+dir, "GOLDEN_LEAST="+least)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := helper("1"); err == nil || !strings.Contains(out, "a.txt differs; go test -rewrite shows where:") || !strings.Contains(out, "new\n") {
		t.Errorf("another text: %v\n%s", err, out)
	}
	if out, err := helper("2"); err == nil || !strings.Contains(out, "1 files, want 2 or more") {
		t.Errorf("a file too few: %v\n%s", err, out)
	}
	if got := Read(t, file); got != "old\n" {
		t.Errorf("it became %q", got)
	}
	if out, err := helper("1", "-rewrite"); err != nil || Read(t, file) != "new\n" {
		t.Errorf("-rewrite: %v\n%s", err, out)
	}
	if out, err := helper("1"); err != nil {
		t.Errorf("the same text: %v\n%s", err, out)
	}
}

func TestHelper(t *testing.T) {
	dir := os.Getenv("GOLDEN_DIR")
	if dir == "" {
		return // TestCompare calls it
	}
	least := map[string]int{"1": 1, "2": 2}[os.Getenv("GOLDEN_LEAST")]
	Play(t, filepath.Join(dir, "*.txt"), least, func(*testing.T, string) string { return "new\n" })
}

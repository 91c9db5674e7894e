// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package golden holds what a test has made to files that a person has looked at. A test
// of a package that imports it knows the flag -rewrite, which writes the files instead.
//
// Tests import it, and no program.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write what is made now into the files that it is compared with")

// Rewrite reports whether the files are to be written.
func Rewrite() bool { return *rewrite }

// Each runs f for every file that pattern matches, as a test of the file's name, with the
// file's text. Fewer files than least fail the test.
func Each(t *testing.T, pattern string, least int, f func(t *testing.T, file, text string)) {
	t.Helper()
	for _, file := range files(t, pattern, least) {
		name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		t.Run(name, func(t *testing.T) { f(t, file, Read(t, file)) })
	}
}

func files(tb testing.TB, pattern string, least int) []string {
	tb.Helper()
	list, err := filepath.Glob(pattern)
	if err != nil || len(list) < least {
		tb.Fatalf("%s: %d files, want %d or more, %v", pattern, len(list), least, err)
	}
	return list
}

// Play holds every file that pattern matches to what play makes of its text.
func Play(t *testing.T, pattern string, least int, play func(t *testing.T, text string) string) {
	t.Helper()
	Each(t, pattern, least, func(t *testing.T, file, text string) { Compare(t, file, play(t, text)) })
}

// Compare holds a file to got, or with -rewrite writes got into it.
func Compare(t *testing.T, file, got string) {
	t.Helper()
	if *rewrite {
		Write(t, file, got)
	} else if got != Read(t, file) {
		t.Errorf("%s differs; go test -rewrite shows where:\n%s", file, got)
	}
}

// Read returns a file's text.
func Read(tb testing.TB, file string) string {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// ReadAll returns the texts of the files that pattern matches, of which there must be one.
func ReadAll(tb testing.TB, pattern string) string {
	tb.Helper()
	var all strings.Builder
	for _, file := range files(tb, pattern, 1) {
		all.WriteString(Read(tb, file))
	}
	return all.String()
}

// Code returns the text of the package in dir, without its tests.
func Code(tb testing.TB, dir string) string {
	tb.Helper()
	var all strings.Builder
	for _, file := range files(tb, filepath.Join(dir, "*.go"), 1) {
		if !strings.HasSuffix(file, "_test.go") {
			all.WriteString(Read(tb, file))
		}
	}
	return all.String()
}

// Seeds lets a fuzz test that takes a text begin with the files that patterns match, of
// which there must be one for each.
func Seeds(f *testing.F, patterns ...string) {
	f.Helper()
	for _, pattern := range patterns {
		for _, file := range files(f, pattern, 1) {
			f.Add(Read(f, file))
		}
	}
}

// Write makes text the file's.
func Write(tb testing.TB, file, text string) {
	tb.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
}

// Commands plays a transcript: lines that are commands, and indented below each what it
// has brought about. It writes the commands and comments to out again, and calls do with
// the words of each command, which writes what it brings about now.
func Commands(text string, out *strings.Builder, do func(words []string)) {
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.HasPrefix(line, "    ") {
			continue // what it brought about last time
		}
		out.WriteString(line + "\n")
		if words := strings.Fields(line); len(words) > 0 && line[0] != '#' {
			do(words)
		}
	}
}

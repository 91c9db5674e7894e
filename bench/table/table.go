// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package table is what the programs that measure have in common: figures in
// the middle, and tables in documents.
package table

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Median returns the middle of the figures; they may be in any order.
func Median(f []float64) float64 { return Percentile(f, 50) }

// Percentile returns the smallest figure that is not below p percent of them.
func Percentile(f []float64, p int) float64 {
	if len(f) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(f))
	at := (len(s)*p + 99) / 100
	return s[max(0, at-1)]
}

// Where says on what was measured, and when.
func Where() string {
	kernel := "?"
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		kernel = strings.TrimSpace(string(b))
	}
	return fmt.Sprintf("%s, %d cores, Linux %s, %s", time.Now().Format(time.DateOnly), runtime.NumCPU(), kernel, runtime.Version())
}

// Replace puts a table into a document, between the marks <!-- name: begin --> and
// <!-- name: end -->.
func Replace(path, name, table string) error {
	head, _, tail, err := cut(path, name)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(head+table+tail), 0o644)
}

// Find returns what stands between those marks.
func Find(path, name string) (string, error) {
	_, table, _, err := cut(path, name)
	return table, err
}

// cut cuts a document at its marks, which stay with what is around them.
func cut(path, name string) (head, table, tail string, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", "", "", err
	}
	begin, end := "<!-- "+name+": begin -->\n", "<!-- "+name+": end -->\n"
	head, rest, ok := strings.Cut(string(b), begin)
	table, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", "", "", fmt.Errorf("%s has no place for the table of %s", path, name)
	}
	return head + begin, table, end + tail, nil
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestFuzzed: make fuzz runs every fuzz test, and no other.
func TestFuzzed(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	_, list, ok := strings.Cut(strings.ReplaceAll(string(makefile), "\\\n", " "), "\nFUZZ = ")
	if !ok {
		t.Fatal("the Makefile has no FUZZ")
	}
	list, _, _ = strings.Cut(list, "\n")
	listed := strings.Fields(list)
	var have []string
	name := regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		for _, m := range name.FindAllSubmatch(text, -1) {
			have = append(have, "./"+dir+":"+string(m[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range have {
		if !slices.Contains(listed, f) {
			t.Errorf("%s is not in FUZZ of the Makefile", f)
		}
	}
	for _, f := range listed {
		if !slices.Contains(have, f) {
			t.Errorf("FUZZ of the Makefile has %s, which is no fuzz test", f)
		}
	}
}

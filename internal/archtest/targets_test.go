// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package archtest

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestPure386: make unit386 runs the tests of every pure package.
func TestPure386(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	_, list, ok := strings.Cut(strings.ReplaceAll(string(makefile), "\\\n", " "), "\nPURE = ")
	if !ok {
		t.Fatal("the Makefile has no PURE")
	}
	list, _, _ = strings.Cut(list, "\n")
	pure := strings.Fields(list)
	covered := func(name string) bool {
		return slices.ContainsFunc(pure, func(p string) bool {
			tree, all := strings.CutSuffix(p, "/...")
			return p == name || all && (name == tree || strings.HasPrefix(name, tree+"/"))
		})
	}
	n := 0
	for _, path := range pureRows(architectureTables(t)) {
		if n++; !covered(short(path)) {
			t.Errorf("%s is pure, and not in PURE of the Makefile", path)
		}
	}
	if n < 10 {
		t.Errorf("%d pure packages", n)
	}
}

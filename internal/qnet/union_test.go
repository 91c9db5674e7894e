// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnet

import (
	"slices"
	"testing"
)

// TestUnion: of all pairs of lists of up to six nodes, what sorting them finds.
func TestUnion(t *testing.T) {
	list := func(bits int) (ids []NodeID) {
		for id := range 6 {
			if bits>>id&1 == 1 {
				ids = append(ids, NodeID(id+1))
			}
		}
		return ids
	}
	for i := range 1 << 6 {
		for k := range 1 << 6 {
			a, b := list(i), list(k)
			want := SortIDs(slices.Concat(a, b))
			if got := Union(a, b); !slices.Equal(got, want) {
				t.Fatalf("of %v and %v: %v", a, b, got)
			}
			if !slices.Equal(a, list(i)) || !slices.Equal(b, list(k)) {
				t.Fatalf("%v or %v was changed", list(i), list(k))
			}
		}
	}
}

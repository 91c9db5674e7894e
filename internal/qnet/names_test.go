// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnet_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/qnet"
)

func TestNames(t *testing.T) {
	n := qnet.NewNames([]qnet.Name{{3, "pve3"}, {1, "pve1"}, {1, "again"}, {2, "bad\x1b[2J"}, {0, "nobody"}, {4, strings.Repeat("x", 256)}, {5, ""}, {6, "a b"}})
	if !slices.Equal(n, qnet.Names{{1, "pve1"}, {3, "pve3"}}) {
		t.Fatalf("%v", n)
	}
	for _, tt := range []struct {
		names qnet.Names
		ids   []qnet.NodeID
		want  string
	}{
		{n, nil, "nobody"},
		{n, []qnet.NodeID{1}, "pve1"},
		{n, []qnet.NodeID{2}, "node 2"},
		{n, []qnet.NodeID{1, 3}, "pve1 and pve3"},
		{n, []qnet.NodeID{1, 2, 3}, "pve1, node 2 and pve3"},
		{nil, []qnet.NodeID{1}, "node 1"},
		{nil, []qnet.NodeID{1, 2}, "nodes 1 and 2"},
		{nil, []qnet.NodeID{1, 2, 4294967295}, "nodes 1, 2 and 4294967295"},
		{n, []qnet.NodeID{2, 4}, "nodes 2 and 4"},
	} {
		if got := tt.names.List(tt.ids); got != tt.want {
			t.Errorf("%v of %v: %q, want %q", tt.ids, tt.names, got, tt.want)
		}
	}
}

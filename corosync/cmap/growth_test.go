// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cmap_test

import (
	"os"
	"runtime"
	"testing"

	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/internal/leak"
)

// TestNoGrowth asks twenty thousand times: nothing may be left of a call. bench/ipc
// asks a million times.
func TestNoGrowth(t *testing.T) {
	corotest.Each(t, func(s *corotest.Server) {
		keys := corotest.NewCmap()
		keys.Set("totem.cluster_name", cmap.StringValue("pve"))
		s.Handle("cmap", keys)
	}, func(t *testing.T, o qb.Options) {
		c, err := cmap.Dial(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ask := func(n int) (heap uint64, goroutines, files int) {
			for range n {
				if _, err := c.Get(t.Context(), "totem.cluster_name"); err != nil {
					t.Fatal(err)
				}
			}
			runtime.GC()
			runtime.GC() // what the first one has finalised
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			fds, err := os.ReadDir("/proc/self/fd")
			if err != nil {
				t.Fatal(err)
			}
			return m.HeapAlloc, leak.Goroutines(), len(fds)
		}
		heap, goroutines, files := ask(1000)
		h, g, f := ask(20000)
		if h > heap+64<<10 { // four bytes a call would be more
			t.Errorf("the heap grew by %d bytes", h-heap)
		}
		if g > goroutines || f > files {
			t.Errorf("%d goroutines and %d files, were %d and %d", g, f, goroutines, files)
		}
	})
}

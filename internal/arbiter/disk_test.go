// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/store"
)

// smallDisk mounts a file system of 1 MiB, and returns what makes it full, or read-only,
// and what mends that.
func smallDisk(t *testing.T) (dir string, faults map[string][2]func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("a full disk can only be tried as root")
		}
		t.Skip("a full disk can only be tried as root: needs to mount a tmpfs")
	}
	dir = t.TempDir()
	mount := func(flags uintptr) {
		if err := syscall.Mount("none", dir, "tmpfs", flags, "size=1m"); err != nil {
			t.Fatal(err)
		}
	}
	mount(0)
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	filler := filepath.Join(dir, "filler")
	return dir, map[string][2]func(){
		"no space left on device": {
			func() { _ = os.WriteFile(filler, make([]byte, 2<<20), 0o600) }, // fills what there is
			func() {
				if err := os.Remove(filler); err != nil {
					t.Fatal(err)
				}
			},
		},
		"read-only file system": {
			func() { mount(syscall.MS_REMOUNT | syscall.MS_RDONLY) },
			func() { mount(syscall.MS_REMOUNT) },
		},
	}
}

// TestRealDisk: on a disk that is full, or read-only, from the start nothing is given; the
// node, the log and the status are told why, and the vote comes by itself when there is
// room again.
func TestRealDisk(t *testing.T) {
	for _, fault := range []string{"no space left on device", "read-only file system"} {
		t.Run(fault, func(t *testing.T) {
			dir, faults := smallDisk(t)
			spoil, mend := faults[fault][0], faults[fault][1]
			spoil()
			a := startArbiter(t, func(cfg *Config) { cfg.Store = store.File(filepath.Join(dir, "grants.db")) })
			var ps [2]*peer
			for i := range ps {
				ps[i] = a.dial(t)
				ps[i].enter(qnet.NodeID(i+1), whole, 1, 2)
			}
			for _, p := range ps {
				if v := p.vote(); v != qnet.VoteNACK {
					t.Errorf("node %d: %v that can't be recorded", p.node, v)
				}
			}
			if st := askStatus(t, a); !strings.Contains(st, "can't be recorded") || !strings.Contains(st, fault) {
				t.Errorf("the status does not say why: %s", st)
			}
			for _, want := range []string{"event=store_unusable", "event=grant_not_recorded", fault} {
				a.logs(t, want)
			}
			mend()
			for _, p := range ps {
				if v := p.vote(); v != qnet.VoteACK {
					t.Errorf("node %d, with room again: %v", p.node, v)
				}
			}
		})
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qb_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/qb"
)

const key = "totem.cluster_name"

// get asks a real cmap for the length and type of a key.
func get(ctx context.Context, c *qb.Conn, room uint64) (*qb.Reader, error) {
	m := qb.NewMessage(2, 288)
	m.Name(16, key)
	m.U64(280, room)
	return c.Call(ctx, "get", m, 2)
}

func eachReal(t *testing.T, f func(t *testing.T, d *corotest.Daemon)) {
	for _, kind := range []string{"shm", "socket"} {
		t.Run(kind, func(t *testing.T) { f(t, corotest.Real(t, "system {\n qb_ipc_type: "+kind+"\n}\n")) })
	}
}

// TestReal reads a key from a real Corosync, often, then kills it while calls go on.
func TestReal(t *testing.T) {
	eachReal(t, func(t *testing.T, d *corotest.Daemon) {
		c, err := qb.Dial(t.Context(), "cmap", qb.Options{}, qb.Handler{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for range 5000 {
			r, err := get(t.Context(), c, 64)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Text(40, int(r.U64(24))); got != "fake" || r.U8(32) != 11 {
				t.Fatalf("got %q of type %d", got, r.U8(32))
			}
		}
		if _, err := c.Call(t.Context(), "nothing", qb.NewMessage(77, 16), 0); !errors.Is(err, corosync.ErrInvalidParam) {
			t.Errorf("unknown request: %v", err)
		}
		result := make(chan error)
		go func() {
			for {
				if _, err := get(context.Background(), c, 64); err != nil {
					result <- err
					return
				}
			}
		}()
		d.Kill()
		if err := <-result; !errors.Is(err, qb.ErrLost) {
			t.Errorf("killed: %v", err)
		}
		settle(t, func() bool { // what the daemon could not remove
			left, _ := filepath.Glob("/dev/shm/qb-*/*cmap*")
			return len(left) == 0
		})
		d.Start()
		c2, err := qb.Dial(t.Context(), "cmap", qb.Options{}, qb.Handler{})
		if err != nil {
			t.Fatal(err)
		}
		c2.Close()
	})
}

// TestRealStopped gives up a call to a daemon that stands still.
func TestRealStopped(t *testing.T) {
	eachReal(t, func(t *testing.T, d *corotest.Daemon) {
		c, err := qb.Dial(t.Context(), "cmap", qb.Options{}, qb.Handler{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := get(t.Context(), c, 64); err != nil {
			t.Fatal(err)
		}
		d.Signal(syscall.SIGSTOP)
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error)
		go func() {
			_, err := get(ctx, c, 64)
			result <- err
		}()
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("stopped: %v", err)
		}
		ctx, cancel = context.WithCancel(t.Context())
		go func() {
			_, err := qb.Dial(ctx, "cmap", qb.Options{}, qb.Handler{})
			result <- err
		}()
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "\x00") {
			t.Errorf("connect to a stopped one: %q", err)
		}
		d.Signal(syscall.SIGCONT)
	})
}

// TestRealNothingLeft opens and closes connections to a real daemon.
func TestRealNothingLeft(t *testing.T) {
	eachReal(t, func(t *testing.T, _ *corotest.Daemon) {
		for range 30 {
			c, err := qb.Dial(t.Context(), "cmap", qb.Options{}, qb.Handler{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := get(t.Context(), c, 64); err != nil {
				t.Fatal(err)
			}
			c.Close()
		}
		maps, err := os.ReadFile("/proc/self/maps")
		if err != nil || bytes.Contains(maps, []byte("/qb-")) {
			t.Errorf("mappings are left: %v", err)
		}
		settle(t, func() bool {
			left, _ := filepath.Glob("/dev/shm/qb-*/*")
			return len(left) == 0
		})
	})
}

// BenchmarkReal is a cmap get from a real Corosync.
func BenchmarkReal(b *testing.B) {
	corotest.Real(b, "")
	c, err := qb.Dial(b.Context(), "cmap", qb.Options{}, qb.Handler{})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := get(b.Context(), c, 64); err != nil {
			b.Fatal(err)
		}
	}
}

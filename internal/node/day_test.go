// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"io"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/leak"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// TestDayOfRings: for a day of virtual time the other node leaves and joins twice a
// minute; now and then the connection is lost, or the configuration is reloaded. The
// daemon has as many goroutines, files and bytes then as after the first hour.
// TestDayOfJoinsAndLeaves of package sim looks into the machines.
func TestDayOfRings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		n.cfg.Log = slog.New(daemon.NewLogHandler(io.Discard, nil, slog.LevelDebug))
		n.online()
		d := &nodeDay{nodeUnderTest: n, begin: time.Now(), seq: 8, votes: 1}
		d.until(time.Hour)
		early := d.look()
		d.until(24 * time.Hour)
		late := d.look()
		t.Logf("%d rings, %d connections; after 1 h %+v, after 24 h %+v", d.rings, d.connections, early, late)
		if d.rings < 4000 || d.connections < 200 {
			t.Errorf("%d rings and %d connections prove nothing", d.rings, d.connections)
		}
		if late.goroutines > early.goroutines || late.files > early.files || late.heap > early.heap+64<<10 {
			t.Errorf("after 1 h %+v, after 24 h %+v", early, late)
		}
		n.stop()
	})
}

// nodeDay is a daemon in whose cluster nodes come and go.
type nodeDay struct {
	*nodeUnderTest
	begin              time.Time
	seq                uint64 // of the ring
	votes              uint32
	cycles             int
	rings, connections int
}

// until lets time pass up to that, from the beginning.
func (d *nodeDay) until(end time.Duration) {
	for ; time.Since(d.begin) < end-time.Minute; d.cycles++ {
		d.ring(1)
		d.ring(1, 2)
		switch {
		case d.cycles%10 == 3:
			d.hangUp()
			d.connections++
			after(5 * time.Second)
			d.vote()
		case d.cycles%25 == 4:
			d.engine.reload(func(k map[string]string) { k["totem.config_version"] = strconv.Itoa(d.cycles) })
		}
	}
	after(time.Minute)
	d.casts(true, d.seq)
	d.forget()
}

// ring plays a ring of these members, which gets its vote.
func (d *nodeDay) ring(members ...uint32) {
	d.seq += 4
	d.rings++
	d.engine.ring(d.seq, true, members...)
	after(100 * time.Millisecond)
	d.vote()
	d.casts(true, d.seq)
	after(14 * time.Second)
}

func (d *nodeDay) vote() {
	d.t.Helper()
	c, ring := d.arbiter.conn(), qnet.RingID{Node: 1, Seq: d.seq}
	if c == nil || lastOf[wire.Init](c).RingID.V.IsZero() {
		d.t.Fatal("the daemon is not connected")
	}
	d.votes++
	c.vote(d.votes, ring, qnet.VoteACK)
	synctest.Wait()
}

// forget drops what the fakes have taken note of.
func (d *nodeDay) forget() {
	d.engine.set(func(e *fakeEngine) { e.polls = slices.Clone(e.polls[len(e.polls)-1:]) })
	d.arbiter.set(func(a *fakeArbiter) {
		a.dialed = nil
		for _, c := range a.conns {
			c.mu.Lock()
			c.got = slices.Clone(c.got[:2]) // up to its Init
			c.mu.Unlock()
		}
	})
}

// daemonHeld is what the process holds at a moment.
type daemonHeld struct {
	goroutines, files int
	heap              int64 // bytes
}

func (d *nodeDay) look() daemonHeld {
	d.t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		d.t.Fatal(err)
	}
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return daemonHeld{leak.Goroutines(), len(files), int64(m.HeapAlloc)}
}

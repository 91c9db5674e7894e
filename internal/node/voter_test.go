// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/qnet"
)

// startVoter runs a voter over an engine, and notes its results.
func startVoter(t *testing.T, e *fakeEngine) (v *voter, results func() string) {
	t.Helper()
	v = newVoter(e, "Qdevice", time.Now)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	go v.run(ctx)
	var got []string
	go func() {
		for {
			select {
			case r := <-v.results:
				got = append(got, fmt.Sprintf("%d stale=%v %v", r.ticket, r.stale, r.err))
			case <-ctx.Done():
				return
			}
		}
	}()
	return v, func() string {
		synctest.Wait()
		return fmt.Sprint(got)
	}
}

func poll(seq uint64, cast bool, until time.Time) qdevice.Poll {
	return qdevice.Poll{Ring: qnet.RingID{Node: 1, Seq: seq}, Cast: cast, Until: until}
}

// made are the polls that an engine took.
func (e *fakeEngine) made() (s string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range e.polls {
		s += fmt.Sprintf(" %d:%v", p.ring.Seq, p.cast)
	}
	return s
}

// TestVoterStale: a poll that Corosync does not take in time is not made any
// more (N3): the arbiter's word is too old.
func TestVoterStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine()
		busy := true
		e.pollErr = func(corosync.RingID) error {
			if busy {
				return corosync.ErrTryAgain
			}
			return nil
		}
		v, results := startVoter(t, e)
		v.add(poll(8, true, time.Now().Add(time.Second)))
		after(time.Second)
		e.set(func(*fakeEngine) { busy = false })
		after(time.Second)
		if got := results(); got != "[1 stale=true <nil>]" || e.made() != "" {
			t.Errorf("results %s, made%s", got, e.made())
		}
		v.add(poll(8, true, time.Now().Add(time.Second)))
		v.add(poll(8, false, time.Time{}))
		if got := results(); got != "[1 stale=true <nil> 3 stale=false <nil>]" || e.made() != " 8:false" {
			t.Errorf("results %s, made%s", got, e.made())
		}
	})
}

// TestVoterOrder: while one poll hangs only the newest of those behind it counts;
// none is ever made after a newer one.
func TestVoterOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine()
		e.gate = make(chan struct{})
		v, results := startVoter(t, e)
		v.add(poll(8, true, time.Time{}))
		synctest.Wait()
		v.add(poll(8, false, time.Time{}))
		v.add(poll(12, false, time.Time{}))
		v.add(poll(12, true, time.Time{}))
		if got := results(); got != "[]" {
			t.Errorf("results %s while the first hangs", got)
		}
		close(e.gate)
		if got := results(); got != "[1 stale=false <nil> 4 stale=false <nil>]" || e.made() != " 8:true 12:true" {
			t.Errorf("results %s, made%s", got, e.made())
		}
		e.set(func(e *fakeEngine) { e.pollErr = func(corosync.RingID) error { return errors.New("gone") } })
		v.add(poll(12, true, time.Time{}))
		if got := results(); got != "[1 stale=false <nil> 4 stale=false <nil> 5 stale=false gone]" {
			t.Errorf("results %s", got)
		}
	})
}

// TestVoterBusy: a newer poll takes the place of one that Corosync is too busy for.
func TestVoterBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine()
		e.pollErr = func(ring corosync.RingID) error {
			if ring.Seq == 8 {
				return corosync.ErrTryAgain
			}
			return nil
		}
		v, results := startVoter(t, e)
		v.add(poll(8, true, time.Time{}))
		after(time.Second)
		v.add(poll(12, false, time.Time{}))
		after(time.Second)
		if got := results(); got != "[2 stale=false <nil>]" || e.made() != " 12:false" {
			t.Errorf("results %s, made%s", got, e.made())
		}
	})
}

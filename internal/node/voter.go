// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/timing"
)

// tryAgainTime is how long a poll waits that Corosync did not take.
const tryAgainTime = 20 * time.Millisecond

// voter makes the polls, on a goroutine that does nothing else: whatever else
// the daemon does, none waits for it. A poll that could not be made before the
// next one came is dropped in its favour: only the last word counts.
type voter struct {
	engine Engine
	name   string // of the device
	now    func() time.Time

	results chan pollResult // of the newest poll; all before it are done with, too
	wake    chan struct{}   // capacity 1: there is something in next

	mu     sync.Mutex
	next   *qdevice.Poll
	ticket uint64
}

// pollResult is the end of a poll and of all before it.
type pollResult struct {
	ticket uint64
	stale  bool // not made: its time had passed (N3)
	err    error
}

func newVoter(e Engine, name string, now func() time.Time) *voter {
	return &voter{engine: e, name: name, now: now, results: make(chan pollResult), wake: make(chan struct{}, 1)}
}

// add asks for a poll, and returns the ticket that its result will have.
func (p *voter) add(o qdevice.Poll) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = &o
	p.ticket++
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return p.ticket
}

// pop takes the poll that is to be made, nil if there is none, and the last ticket.
func (p *voter) pop() (*qdevice.Poll, uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.next
	p.next = nil
	return o, p.ticket
}

// run makes polls until ctx is done, which is no error.
func (p *voter) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.wake:
		}
		o, ticket := p.pop()
		if o == nil {
			continue // it was made in the place of an older one
		}
		r := p.poll(ctx, *o)
		r.ticket = max(ticket, r.ticket)
		select {
		case p.results <- r:
		case <-ctx.Done():
			return nil
		}
	}
}

// poll makes one poll, and again as long as Corosync is too busy for it. A newer
// one takes its place meanwhile.
func (p *voter) poll(ctx context.Context, o qdevice.Poll) (r pollResult) {
	for {
		// Rule N3: this may be long after the machine asked for it.
		if timing.Due(p.now(), o.Until) {
			r.stale = true
			return r
		}
		err := p.engine.Poll(ctx, p.name, o.Cast, corosync.RingID{Node: uint32(o.Ring.Node), Seq: o.Ring.Seq})
		if !errors.Is(err, corosync.ErrTryAgain) {
			r.err = err
			return r
		}
		t := time.NewTimer(tryAgainTime)
		select {
		case <-ctx.Done():
			t.Stop()
			r.err = ctx.Err()
			return r
		case <-t.C:
		}
		if newer, ticket := p.pop(); newer != nil {
			o, r.ticket = *newer, ticket
		}
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"context"
	"time"

	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/timing"
)

const (
	// With at least napClients connections, and nothing but echoes for calmTime,
	// sockets are looked at once in napTime, twice that with manyClients: waking up
	// costs more than ten echoes, and C answers every echo 40 ms late.
	napClients  = 500
	manyClients = 4000
	napTime     = 40 * time.Millisecond
	calmTime    = 2 * time.Second

	// A reply that no node waits for may wait so long for the vote that often
	// follows: both go in one packet. C sends it up to 40 ms late.
	replyTime = 25 * time.Millisecond

	// gapTime is how late a timer may be without a reason: the process stood still.
	gapTime = 200 * time.Millisecond
)

// pauses are what a loop that has nothing to do waits for, besides other goroutines.
//
// Invariant: while armed is not zero, timer fires then.
type pauses struct {
	timer   *time.Timer
	armed   time.Time
	waiting bool      // the poller will say when a socket has something to say
	stirred time.Time // last time that anything but an echo came
	napEnd  time.Time // when the sockets are looked at again; zero: there is no nap
	unsent  time.Time // since when something that is not urgent waits in dirty; zero if nothing does
}

func newPauses() pauses {
	p := pauses{timer: time.NewTimer(time.Hour)}
	p.timer.Stop()
	return p
}

// naps reports whether there is a nap, after ending one whose time has passed.
func (p *pauses) naps(now time.Time) bool {
	if timing.Due(now, p.napEnd) {
		p.napEnd = time.Time{}
	}
	return !p.napEnd.IsZero()
}

// watch has the sockets looked at: as soon as one has something to say, or, while
// nothing but echoes comes, after a while. See napTime.
func (l *loop) watch() {
	if l.waiting || !l.napEnd.IsZero() {
		return
	}
	calm := len(l.conns) >= napClients && time.Since(l.stirred) > calmTime
	if err := l.poll.setShut(calm); err != nil {
		l.log.Error("sockets can't be watched", "reason", fault.Words(err))
	}
	if calm {
		d := napTime
		if len(l.conns) >= manyClients {
			d *= 2
		}
		l.napEnd = time.Now().Add(d)
		l.armed = time.Time{} // the machine's instant, which may be sooner, has to wait
		return
	}
	l.waiting = true
	l.poll.again <- struct{}{}
}

// wait waits for something to do, and does it if it comes from another goroutine.
func (l *loop) wait(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-l.poll.wakeup:
		l.waiting = false
	case e := <-l.events:
		l.connEvent(time.Now(), e)
	case f := <-l.calls:
		f(time.Now())
	case <-l.timer.C:
		l.armed = time.Time{}
	}
}

// next does one thing that comes from another goroutine, without waiting for one, and
// reports whether there was one.
func (l *loop) next() bool {
	select {
	case <-l.poll.wakeup:
		l.waiting = false
	case e := <-l.events:
		l.connEvent(time.Now(), e)
	case f := <-l.calls:
		f(time.Now())
	default:
		return false
	}
	return true
}

// tick runs the machine's timers that are due. What has arrived is read before: a client
// whose message lies unread is not silent. A turn has done that, but it has not
// read everything after the process, or the machine that it runs on, stood still.
func (l *loop) tick() {
	at, now := l.machine.Deadline(), time.Now()
	if !timing.Due(now, at) {
		return
	}
	switch {
	case now.Sub(at) > gapTime:
		l.look()
		l.serve(true)
	case !l.napEnd.IsZero():
		return // until the look
	}
	l.step(time.Now(), nil, qnetd.Tick{})
}

// arm sets the timer. An instant that has moved back needs nothing: an early wakeup does no
// harm.
func (l *loop) arm() {
	at := l.deadline()
	if !timing.Before(at, l.armed) {
		return
	}
	l.armed = at
	l.timer.Reset(time.Until(at))
}

// deadline is when there is something to do although nothing comes. During a nap the machine
// has to wait: thousands of clients have a deadline of their own each.
func (l *loop) deadline() time.Time {
	at := l.machine.Deadline()
	if !l.napEnd.IsZero() {
		at = l.napEnd
	}
	if !l.unsent.IsZero() {
		at = timing.Earliest(at, l.unsent.Add(replyTime))
	}
	return at
}

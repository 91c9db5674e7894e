// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qdevice"
)

// polls counts the polls that were asked for and those that are done with, and keeps what
// may be done only then.
//
// Invariant: answered ≤ asked; the tickets in held are above answered, except within
// loop.polled, at most asked, and do not fall.
type polls struct {
	voter    *voter
	limit    int    // of held
	asked    uint64 // ticket of the last poll
	answered uint64 // all up to this ticket are done with
	held     []heldOutput
}

// heldOutput is something for the arbiter that waits for the answer to a poll.
type heldOutput struct {
	ticket uint64
	do     func()
}

// ask asks for a poll.
func (p *polls) ask(o qdevice.Poll) { p.asked = p.voter.add(o) }

// done reports whether all that were asked for are done with.
func (p *polls) done() bool { return p.answered >= p.asked }

// after does something when the polls that were asked for are done with, which may be now.
// It reports whether there was room for it to wait: what waits is bounded as what is to be
// sent is, where it will have to fit.
func (p *polls) after(do func()) bool {
	if p.done() && len(p.held) == 0 {
		do()
		return true
	}
	if len(p.held) >= p.limit {
		return false
	}
	p.held = append(p.held, heldOutput{p.asked, do})
	return true
}

// release does what waits for nothing any more.
func (p *polls) release() {
	for len(p.held) > 0 && p.held[0].ticket <= p.answered {
		h := p.held[0]
		p.held = p.held[1:]
		h.do()
	}
}

// errTalks is the end of a link whose arbiter makes more wait than may be kept.
var errTalks = errors.New("the arbiter says more than can be answered while Corosync stands still")

// hold does something on the present link after the polls that were asked for. A link that
// has gone meanwhile needs nothing any more.
func (l *loop) hold(do func(*link)) {
	k := l.link
	if k != nil && !l.polls.after(func() { do(k) }) {
		k.fail(errTalks)
	}
}

// polled takes the end of polls, and does what was waiting for it.
func (l *loop) polled(ctx context.Context, r pollResult) error {
	if r.err != nil && ctx.Err() == nil && l.machine != nil {
		switch {
		case (l.removal.asked || r.ticket <= l.removal.excused) && errors.Is(r.err, corosync.ErrNotExist): // the device is gone, as it should be
		case errors.Is(r.err, corosync.ErrMessage):
			daemon.LogEvent(l.log, event.Event{Kind: event.PollPast, Level: event.Debug})
		case l.engine.Err() != nil:
			return engineLost(l.engine)
		default:
			return fmt.Errorf("can't poll votequorum: %w", r.err)
		}
	}
	l.polls.answered = r.ticket
	if r.stale && l.machine != nil { // it is the machine's turn, before anything is confirmed
		daemon.LogEvent(l.log, event.Event{Kind: event.PollStale, Level: event.Warning})
		l.step(ctx, qdevice.Tick{})
	}
	l.polls.release()
	l.removal.proceed(&l.polls)
	return nil
}

// lastPollTime is how long the last poll may take.
const lastPollTime = time.Second

// withdraw takes the vote back.
func (l *loop) withdraw() {
	if l.machine == nil || l.engine.Err() != nil {
		return
	}
	l.step(context.Background(), qdevice.Withdraw{})
	late := time.NewTimer(lastPollTime)
	defer late.Stop()
	for !l.polls.done() {
		select {
		case r := <-l.polls.voter.results:
			l.polls.answered = r.ticket
		case <-late.C:
			daemon.LogEvent(l.log, event.Event{Kind: event.PollUnanswered, Level: event.Warning, For: lastPollTime})
			return
		}
	}
}

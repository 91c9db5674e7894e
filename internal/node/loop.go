// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/qnet"
)

// loop runs a node machine: one goroutine, one timer. Nothing that it does
// waits for anybody: polls, connections, heuristics, the configuration and the
// log each have goroutines of their own.
type loop struct {
	machine *qdevice.Node // nil until the configuration was read
	cfg     *nodeconf.Config
	seed    uint64
	log     *slog.Logger
	notes   notes
	now     func() time.Time
	timer   *time.Timer
	wg      sync.WaitGroup

	// What comes from other goroutines.
	updates   chan update
	links     chan linkEvent
	heuristic chan heuristicsResult
	calls     chan func(time.Time)

	// What others are told.
	activity   chan struct{} // capacity 1: there was more to do than usual
	configured chan struct{} // closed when there is a machine
	ringKnown  chan struct{} // closed when it knows a ring
	firstRing  sync.Once
	recheck    func() // asks for another look at the votes

	// What votequorum has told.
	engine     Engine
	registered bool                 // the device is registered in votequorum, by us or by one before us
	expected   uint32               // votes
	membership *votequorum.NodeList // the last ones, until there is a machine
	quorum     *votequorum.Quorum

	polls    polls
	removal  removal
	uplink   uplink
	hosts    hosts
	link     *link // nil: none
	runner   heuristicsRunner
	outcomes map[string]outcome // of heuristics commands, by name
}

// newLoop makes the loop of a daemon whose engine has told info of this node.
func newLoop(d *node, info votequorum.Info) *loop {
	s := d.cfg.Settings
	queue := max(s.SendBuffers, leastQueue)
	if queue != s.SendBuffers {
		d.log.Warn("net_max_send_buffers is too small and is not used", "set", s.SendBuffers, "used", leastQueue)
	}
	l := &loop{
		seed: rand.Uint64(), log: d.log, notes: notes{log: d.log}, now: d.cfg.now,
		updates: d.reader.updates, links: make(chan linkEvent), heuristic: make(chan heuristicsResult), calls: make(chan func(time.Time)),
		activity: make(chan struct{}, 1), configured: make(chan struct{}), ringKnown: make(chan struct{}), recheck: d.reader.recheck,
		engine: d.engine, expected: info.Expected,
		registered: info.Flags.Has(votequorum.Registered) && info.DeviceName == s.DeviceName,
		polls:      polls{voter: newVoter(d.engine, s.DeviceName, d.cfg.now), limit: queue},
		hosts:      hosts{failures: map[string]string{}}, outcomes: map[string]outcome{},
	}
	l.uplink = uplink{
		dialer: d.cfg.dialer, tls: d.certs.config, limits: linkLimits{message: s.MaxReplySize, queue: queue},
		log: d.log, events: l.links, wg: &l.wg,
	}
	return l
}

// leastQueue is the least number of messages that may wait to be sent: what is
// told to an arbiter at the start of a connection has to fit.
const leastQueue = 10

// run runs the machine until ctx is done, which is no error.
func (l *loop) run(ctx context.Context) error {
	l.timer = time.NewTimer(time.Hour)
	defer l.timer.Stop()
	defer l.wg.Wait()
	defer l.hangUp() // also when withdraw runs into a defect
	defer l.withdraw()
	for {
		if err := l.turn(ctx); err != nil {
			if errors.Is(err, errStopped) {
				return nil
			}
			return err
		}
		if l.machine == nil {
			continue
		}
		if at := l.machine.Deadline(); !at.IsZero() {
			l.timer.Reset(at.Sub(l.now()))
		} else {
			l.timer.Stop()
		}
	}
}

// errStopped is the end that was asked for.
var errStopped = errors.New("stopped")

// turn takes one thing that has happened. What the time is, is asked after it
// was received (N3).
func (l *loop) turn(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return errStopped
	case ev, ok := <-l.engine.Events():
		if !ok {
			return engineLost(l.engine)
		}
		l.event(ctx, ev)
		l.noteActivity()
	case u := <-l.updates:
		l.update(ctx, u)
		l.noteActivity()
	case e := <-l.links:
		l.linkEvent(ctx, e)
		if _, ok := e.in.(qdevice.Connected); ok {
			l.noteActivity()
		}
	case r := <-l.polls.voter.results:
		return l.polled(ctx, r)
	case h := <-l.heuristic:
		l.heuristicsEnded(ctx, h)
	case f := <-l.calls:
		f(l.now())
	case <-l.timer.C:
		if l.machine != nil {
			l.step(ctx, qdevice.Tick{})
		}
	}
	return nil
}

// noteActivity tells that memory was used which is not needed every day.
func (l *loop) noteActivity() {
	select {
	case l.activity <- struct{}{}:
	default:
	}
}

// engineLost is the end of a daemon whose engine was lost.
func engineLost(e Engine) error {
	err := e.Err()
	if err == nil {
		err = errors.New("its events have ended")
	}
	return fmt.Errorf("Corosync is gone: %w", err) //nolint:staticcheck // a name
}

// event takes what votequorum tells.
func (l *loop) event(ctx context.Context, ev votequorum.Event) {
	switch ev := ev.(type) {
	case votequorum.NodeList:
		l.log.Debug("Corosync is in sync", "ring", ev.Ring, "members", fmt.Sprint(ev.Members))
		l.membership = &ev
		l.ring(ctx)
	case votequorum.Quorum:
		l.log.Debug("Corosync's sync has ended", "quorate", ev.Quorate)
		l.quorum = &ev
		l.counted(ctx)
	case votequorum.ExpectedVotes:
		l.expected = ev.Votes
		l.recheck()
	}
}

// ring takes a new ring. While the configuration is still being read, which can't
// be in a sync, a device that one before us left registered must be polled:
// Corosync would wait for it (C11).
func (l *loop) ring(ctx context.Context) {
	if l.membership == nil {
		return
	}
	ring := qnet.RingID{Node: qnet.NodeID(l.membership.Ring.Node), Seq: l.membership.Ring.Seq}
	if l.machine == nil {
		if l.registered {
			l.polls.ask(qdevice.Poll{Ring: ring})
		}
		return
	}
	l.step(ctx, qdevice.Membership{Ring: ring, Members: nodeIDs(l.membership.Members)})
	l.firstRing.Do(func() { close(l.ringKnown) })
}

// counted takes the end of a sync.
func (l *loop) counted(ctx context.Context) {
	if l.machine == nil || l.quorum == nil {
		return
	}
	q := qdevice.Quorum{Quorate: l.quorum.Quorate}
	for _, n := range l.quorum.Nodes {
		if n.Node != 0 { // the device itself
			q.Nodes = append(q.Nodes, qnet.Node{ID: qnet.NodeID(n.Node), State: nodeState(n.State)})
		}
	}
	l.step(ctx, q)
}

func nodeIDs(list []uint32) []qnet.NodeID {
	ids := make([]qnet.NodeID, len(list))
	for i, id := range list {
		ids[i] = qnet.NodeID(id)
	}
	return qnet.SortIDs(ids)
}

func nodeState(s votequorum.State) qnet.NodeState {
	switch s {
	case votequorum.Member:
		return qnet.NodeStateMember
	case votequorum.Dead:
		return qnet.NodeStateDead
	case votequorum.Leaving:
		return qnet.NodeStateLeaving
	}
	return qnet.NodeStateNotSet
}

// linkEvent takes what has happened on the link.
func (l *loop) linkEvent(ctx context.Context, e linkEvent) {
	if e.link != l.link {
		return // it was let go of
	}
	switch in := e.in.(type) {
	case qdevice.Connected:
		e.link.up = true
		clear(l.hosts.failures)
		l.log.Debug("TCP connection to the arbiter", "address", e.link.raw.RemoteAddr().String())
	case qdevice.Disconnected:
		l.hosts.refused(e.link)
		l.hosts.failed(e.link, in.Why)
		l.hangUp()
	}
	e.link.shaking = false
	l.step(ctx, e.in)
	switch e.in.(type) {
	case qdevice.Received, qdevice.Garbled:
		if !e.link.shaking { // the end of a handshake lets the reader go on
			e.link.proceed()
		}
	}
}

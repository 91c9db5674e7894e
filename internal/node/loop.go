// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// loop runs a node machine: one goroutine, one timer. Nothing that it does
// waits for anybody: polls, connections, heuristics, the configuration and the
// log each have goroutines of their own.
type loop struct {
	machine *qdevice.Node // nil until the configuration was read
	cfg     *nodeconf.Config
	log     *slog.Logger
	notes   notes
	now     func() time.Time
	engine  Engine
	voter   *voter
	dialer  *dialer
	tls     func() (*tls.Config, error)
	limits  linkLimits
	runner  heuristicsRunner
	seed    uint64

	updates   chan update
	links     chan linkEvent
	heuristic chan heuristicsResult
	calls     chan func(time.Time)
	stirred   chan struct{} // capacity 1: there was more to do than usual
	recheck   func()        // asks for another look at the votes
	onConfig  func()        // called once, when there is a machine
	onRing    func()        // called once, when it knows a ring

	registered bool   // the device is registered in votequorum, by us or by one before us
	expected   uint32 // votes
	first      sync.Once
	membership *votequorum.NodeList // the last ones, until there is a machine
	quorum     *votequorum.Quorum

	link     *link             // nil: none
	order    []int             // hosts by preference; those that failed last come last
	failures map[string]string // by host: why the last try to use it has failed
	outcomes map[string]outcome
	wg       sync.WaitGroup
	asked    uint64 // ticket of the last poll
	answered uint64 // all up to this ticket are done with
	held     []heldOutput

	unregister bool          // the device is being taken out of votequorum
	settled    chan struct{} // of the update that says so, until it is closed
	excused    uint64        // polls up to this ticket may have found no device

	timer *time.Timer
}

// heldOutput is something for the arbiter that waits for the answer to a poll.
type heldOutput struct {
	ticket uint64
	do     func()
}

// run runs the machine until ctx is done, which is no error.
func (l *loop) run(ctx context.Context) error {
	l.failures, l.outcomes = map[string]string{}, map[string]outcome{}
	l.timer = time.NewTimer(time.Hour)
	defer l.timer.Stop()
	defer l.wg.Wait()
	defer l.hangUp() // also when leave runs into a defect
	defer l.leave()
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
			return gone(l.engine)
		}
		l.event(ctx, ev)
		l.stir()
	case u := <-l.updates:
		l.update(ctx, u)
		l.stir()
	case e := <-l.links:
		l.linkEvent(ctx, e)
		if _, ok := e.in.(qdevice.Connected); ok {
			l.stir()
		}
	case r := <-l.voter.results:
		return l.polled(ctx, r)
	case h := <-l.heuristic:
		for _, o := range h.outcomes {
			l.outcomes[o.Name] = outcome{o, time.Now()}
		}
		l.step(ctx, qdevice.HeuristicsDone{ID: h.id, Result: h.result})
	case f := <-l.calls:
		f(l.now())
	case <-l.timer.C:
		if l.machine != nil {
			l.step(ctx, qdevice.Tick{})
		}
	}
	return nil
}

// stir tells that memory was used which is not needed every day.
func (l *loop) stir() {
	select {
	case l.stirred <- struct{}{}:
	default:
	}
}

// gone is the end of a daemon whose engine was lost.
func gone(e Engine) error {
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
			l.asked = l.voter.add(qdevice.Poll{Ring: ring})
		}
		return
	}
	l.step(ctx, qdevice.Membership{Ring: ring, Members: nodeIDs(l.membership.Members)})
	l.first.Do(l.onRing)
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

// polled takes the end of polls, and lets go what was waiting for it.
func (l *loop) polled(ctx context.Context, r pollResult) error {
	if r.err != nil && ctx.Err() == nil && l.machine != nil {
		switch {
		case (l.unregister || r.ticket <= l.excused) && errors.Is(r.err, corosync.ErrNotExist): // the device is gone, as it should be
		case errors.Is(r.err, corosync.ErrMessage):
			daemon.LogEvent(l.log, event.Event{Kind: event.PollPast, Level: event.Debug})
		case l.engine.Err() != nil:
			return gone(l.engine)
		default:
			return fmt.Errorf("can't poll votequorum: %w", r.err)
		}
	}
	l.answered = r.ticket
	if r.stale && l.machine != nil { // it is the machine's turn, before anything is confirmed
		daemon.LogEvent(l.log, event.Event{Kind: event.PollStale, Level: event.Warning})
		l.step(ctx, qdevice.Tick{})
	}
	for len(l.held) > 0 && l.held[0].ticket <= l.answered {
		h := l.held[0]
		l.held = l.held[1:]
		h.do()
	}
	l.settle()
	return nil
}

// step runs the machine once and does what it asks for.
func (l *loop) step(ctx context.Context, in qdevice.Input) {
	now := l.now()
	for _, o := range l.machine.Step(now, in) {
		switch o := o.(type) {
		case qdevice.Poll:
			l.asked = l.voter.add(o)
		case qdevice.Send:
			l.send(o.Msg)
		case qdevice.StartTLS:
			l.hold((*link).handshake)
			l.link.shaking = true
		case qdevice.Connect:
			l.connect(ctx)
		case qdevice.Close:
			l.failed(l.link, o.Why)
			l.hangUp()
		case qdevice.RunHeuristics:
			l.runner.Run(o.ID, o.Timeout)
		case qdevice.Unregister:
			l.unregister = true
		case qdevice.Notice:
			l.notice(ctx, o)
		}
	}
}

// send sends a message when the polls before it are done with. An echo request
// confirms nothing: it goes at once, so that a Corosync that stands still does
// not look like a dead node to the arbiter.
func (l *loop) send(m wire.Message) {
	if _, echo := m.(wire.EchoRequest); echo && l.link != nil {
		l.sendOn(l.link, m)
		return
	}
	l.hold(func(k *link) { l.sendOn(k, m) })
}

func (l *loop) sendOn(k *link, m wire.Message) {
	if err := k.send(m); err != nil {
		l.log.Error("message not sent", "message", m.Type().String(), "reason", fault.Words(err))
		k.fail(err)
	}
}

// errTalks is the end of a link whose arbiter makes more wait than may be kept.
var errTalks = errors.New("the arbiter says more than can be answered while Corosync stands still")

// hold does something on the present link now, or after the polls that were
// asked for. A link that has gone meanwhile needs nothing any more. What waits is
// bounded as what is to be sent is: it will have to fit there.
func (l *loop) hold(do func(*link)) {
	k := l.link
	if k == nil {
		return
	}
	if l.answered >= l.asked && len(l.held) == 0 {
		do(k)
		return
	}
	if len(l.held) >= l.limits.queue {
		k.fail(errTalks)
		return
	}
	l.held = append(l.held, heldOutput{l.asked, func() { do(k) }})
}

// connect begins to connect to the arbiter.
func (l *loop) connect(ctx context.Context) {
	if len(l.order) != len(l.cfg.Hosts) {
		l.order = make([]int, len(l.cfg.Hosts))
		for i := range l.order {
			l.order[i] = i
		}
	}
	p := place{port: l.cfg.Port, ipVersion: l.cfg.IPVersion}
	for _, i := range l.order {
		p.hosts = append(p.hosts, l.cfg.Hosts[i])
	}
	l.link = &link{place: p, cluster: l.cfg.Machine.Cluster, patience: l.cfg.Machine.ConnectTimeout, dialer: l.dialer, tls: l.tls, limits: l.limits, log: l.log, events: l.links, wg: &l.wg}
	l.link.start(ctx)
}

// hangUp lets go of the link.
func (l *loop) hangUp() {
	if l.link != nil {
		l.link.close()
	}
	l.link, l.held = nil, nil
}

// linkEvent takes what has happened on the link.
func (l *loop) linkEvent(ctx context.Context, e linkEvent) {
	if e.link != l.link {
		return // it was let go of
	}
	switch in := e.in.(type) {
	case qdevice.Connected:
		e.link.up = true
		clear(l.failures)
		l.log.Debug("TCP connection to the arbiter", "address", e.link.raw.RemoteAddr().String())
	case qdevice.Disconnected:
		for i, err := range e.link.refused {
			if err != nil {
				l.failures[e.link.place.hosts[i]] = fault.Words(err)
			}
		}
		l.failed(e.link, in.Why)
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

// failed notes why a link has ended. A host that it had reached becomes the last
// one to be tried: what answers there may be no arbiter, or another one.
func (l *loop) failed(k *link, why string) {
	if k == nil || !k.up {
		return
	}
	host := k.place.hosts[k.host]
	l.failures[host] = why
	if len(l.order) == len(k.place.hosts) {
		i := k.host
		l.order = append(append(slices.Clone(l.order[:i]), l.order[i+1:]...), l.order[i])
	}
}

// leaveTime is how long the last poll may take.
const leaveTime = time.Second

// leave takes the vote back.
func (l *loop) leave() {
	if l.machine != nil && l.engine.Err() == nil {
		l.step(context.Background(), qdevice.Withdraw{})
		late := time.NewTimer(leaveTime)
		defer late.Stop()
		for gone := false; !gone && l.answered < l.asked; {
			select {
			case r := <-l.voter.results:
				l.answered = r.ticket
			case <-late.C:
				daemon.LogEvent(l.log, event.Event{Kind: event.PollUnanswered, Level: event.Warning, For: leaveTime})
				gone = true
			}
		}
	}
}

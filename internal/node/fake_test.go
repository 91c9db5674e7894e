// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/daemon/daemontest"
	"github.com/quorate/quorate/internal/heuristics"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// fakeEngine is a Corosync that a test plays. Its zero values serve at once.
type fakeEngine struct {
	events  chan votequorum.Event
	changes chan struct{}

	mu         sync.Mutex
	keys       map[string]string
	inSync     chan struct{} // Keys wait until it is closed; nil: they do not
	gate       chan struct{} // each Poll takes one; nil: they do not wait
	registered string
	masterWins bool
	votes      map[uint32]votequorum.Info
	busy       bool  // Keys are refused: try again
	busyVotes  bool  // Info of other nodes, likewise
	refuse     error // of Register
	pollErr    func(ring corosync.RingID) error
	polls      []fakePoll
	lost       error
	closed     bool
	panics     bool
}

type fakePoll struct {
	at   time.Time
	ring corosync.RingID
	cast bool
}

func newFakeEngine() *fakeEngine {
	return &fakeEngine{
		events: make(chan votequorum.Event, 100), changes: make(chan struct{}, 1),
		keys: map[string]string{
			"totem.cluster_name": "prod", "totem.config_version": "3", "quorum.device.model": "net",
			"quorum.device.votes": "1", "quorum.device.net.host": "arbiter", "quorum.device.net.tls": "off",
			"nodelist.node.0.nodeid": "1", "nodelist.node.1.nodeid": "2", "runtime.votequorum.this_node_id": "1",
		},
		votes: map[uint32]votequorum.Info{
			0: {Node: 1, Votes: 1, DeviceVotes: 1}, 1: {Node: 1, Votes: 1, DeviceVotes: 1}, 2: {Node: 2, Votes: 1, DeviceVotes: 1},
		},
	}
}

func (e *fakeEngine) Keys(ctx context.Context, prefixes ...string) (map[string]string, error) {
	e.mu.Lock()
	wait := e.inSync
	e.mu.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.busy {
		return nil, corosync.ErrTryAgain
	}
	m := maps.Clone(e.keys)
	maps.DeleteFunc(m, func(k, _ string) bool {
		for _, p := range prefixes {
			if strings.HasPrefix(k, p) {
				return false
			}
		}
		return true
	})
	return m, nil
}

func (e *fakeEngine) Changes() <-chan struct{}        { return e.changes }
func (e *fakeEngine) Events() <-chan votequorum.Event { return e.events }
func (e *fakeEngine) set(f func(*fakeEngine))         { e.mu.Lock(); defer e.mu.Unlock(); f(e) }
func (e *fakeEngine) reload(f func(map[string]string)) {
	e.set(func(e *fakeEngine) { f(e.keys) })
	e.changes <- struct{}{}
}

func (e *fakeEngine) Register(_ context.Context, name string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refuse == nil {
		e.registered = name
	}
	return e.refuse
}

func (e *fakeEngine) Unregister(_ context.Context, name string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.lost != nil:
		return e.lost
	case e.registered != name:
		return corosync.ErrNotExist
	}
	e.registered = ""
	return nil
}

func (e *fakeEngine) Poll(ctx context.Context, _ string, cast bool, ring corosync.RingID) error {
	e.mu.Lock()
	gate := e.gate
	e.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.pollErr != nil {
		if err := e.pollErr(ring); err != nil {
			return err
		}
	}
	e.polls = append(e.polls, fakePoll{time.Now(), ring, cast})
	return nil
}

func (e *fakeEngine) MasterWins(_ context.Context, _ string, allow bool) error {
	e.set(func(e *fakeEngine) { e.masterWins = allow })
	return nil
}

func (e *fakeEngine) Info(_ context.Context, node uint32) (votequorum.Info, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.panics && node != 0 {
		panic("a defect")
	}
	if e.busyVotes && node != 0 {
		return votequorum.Info{}, corosync.ErrTryAgain
	}
	i, ok := e.votes[node]
	if !ok {
		return i, corosync.ErrNotExist
	}
	if i.DeviceName = e.registered; e.registered != "" {
		i.Flags |= votequorum.Registered
	}
	return i, nil
}

func (e *fakeEngine) Err() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.lost
}

func (e *fakeEngine) Close() error {
	e.set(func(e *fakeEngine) { e.closed = true })
	return nil
}

// ring plays a sync: the node list, and, if settled, the quorum that ends it.
func (e *fakeEngine) ring(seq uint64, settled bool, members ...uint32) {
	e.events <- votequorum.NodeList{Ring: corosync.RingID{Node: members[0], Seq: seq}, Members: members}
	if settled {
		e.events <- quorumEvent(true, members...)
	}
}

func quorumEvent(quorate bool, members ...uint32) votequorum.Quorum {
	q := votequorum.Quorum{Quorate: quorate, Nodes: []votequorum.NodeState{{Node: 0, State: votequorum.Member}}}
	for _, m := range members {
		q.Nodes = append(q.Nodes, votequorum.NodeState{Node: m, State: votequorum.Member})
	}
	return q
}

// last returns the last poll, and how many there were.
func (e *fakeEngine) last() (fakePoll, int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.polls) == 0 {
		return fakePoll{}, 0
	}
	return e.polls[len(e.polls)-1], len(e.polls)
}

// fakeArbiter is an arbiter that a test plays: it answers everything but gives
// votes only when it is told to.
type fakeArbiter struct {
	grace time.Duration

	mu     sync.Mutex
	down   bool // connections are refused
	silent bool // nothing is answered
	code   wire.ReplyError
	tls    wire.TLSSupport
	conns  []*arbiterConn
	dialed []string
}

// arbiterConn is one connection to it.
type arbiterConn struct {
	c    net.Conn
	out  chan []byte
	mu   sync.Mutex
	got  []wire.Message
	hold chan struct{} // nothing is read until it is closed; nil: all is
}

var errRefused = errors.New("connection refused")

// dialer reaches the arbiter under any name.
func (a *fakeArbiter) dialer() *dialer {
	return &dialer{
		lookup: func(context.Context, string, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
		},
		dial: func(_ context.Context, _, address string) (net.Conn, error) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.dialed = append(a.dialed, address)
			if a.down {
				return nil, errRefused
			}
			ours, theirs := net.Pipe()
			c := &arbiterConn{c: ours, out: make(chan []byte, 100)}
			a.conns = append(a.conns, c)
			go a.read(c)
			go func() {
				for b := range c.out {
					if _, err := c.c.Write(b); err != nil {
						return
					}
				}
			}()
			return theirs, nil
		},
	}
}

func (a *fakeArbiter) read(c *arbiterConn) {
	stream, buf := wire.NewStream(1<<20), make([]byte, 4096)
	for {
		n, err := c.c.Read(buf)
		stream.Push(buf[:n])
		for m, _, ok := stream.Next(); ok; m, _, ok = stream.Next() {
			c.mu.Lock()
			c.got = append(c.got, m)
			c.mu.Unlock()
			a.mu.Lock()
			if r := a.answer(m); r != nil && !a.silent {
				c.send(r)
			}
			a.mu.Unlock()
		}
		if err != nil {
			return
		}
		c.mu.Lock()
		hold := c.hold
		c.mu.Unlock()
		if hold != nil {
			<-hold
		}
	}
}

func (a *fakeArbiter) answer(m wire.Message) wire.Message {
	switch m := m.(type) {
	case wire.Preinit:
		return wire.PreinitReply{Seq: m.Seq, TLS: wire.Some(a.tls), ClientCertRequired: wire.Some(uint8(1))}
	case wire.Init:
		return wire.InitReply{
			Seq: m.Seq, Code: wire.Some(a.code), MaxRequestSize: wire.Some(uint32(1 << 15)), MaxReplySize: wire.Some(uint32(1 << 15)),
			SupportedMessages: wire.Some(wire.SupportedMessages()), SupportedOptions: wire.Some(wire.SupportedOptions()),
			SupportedAlgorithms: wire.Some([]uint16{0, 1, 2, 3}),
			Grace:               wire.Opt[uint32]{V: uint32(a.grace.Milliseconds()), Set: a.grace > 0},
		}
	case wire.NodeList:
		return wire.NodeListReply{Seq: m.Seq, ListType: m.ListType, RingID: wire.Some(m.RingID.V), Vote: wire.Some(qnet.VoteWaitForReply)}
	case wire.EchoRequest:
		return wire.EchoReply{Seq: m.Seq}
	}
	return nil
}

// set changes the arbiter.
func (a *fakeArbiter) set(f func(*fakeArbiter)) { a.mu.Lock(); defer a.mu.Unlock(); f(a) }

// conn returns the newest connection.
func (a *fakeArbiter) conn() *arbiterConn {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.conns) == 0 {
		return nil
	}
	return a.conns[len(a.conns)-1]
}

func (c *arbiterConn) send(m wire.Message) {
	b, err := wire.Append(nil, m)
	if err != nil {
		panic(err)
	}
	c.out <- b
}

func (c *arbiterConn) vote(seq uint32, ring qnet.RingID, v qnet.Vote) {
	c.send(wire.VoteInfo{Seq: wire.Some(seq), RingID: wire.Some(ring), Vote: wire.Some(v)})
}

// count counts the messages of one type that came.
func (c *arbiterConn) count(t wire.MessageType) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.got {
		if m.Type() == t {
			n++
		}
	}
	return n
}

// lastOf returns the last message of one type.
func lastOf[M wire.Message](c *arbiterConn) (last M) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.got {
		if m, ok := m.(M); ok {
			last = m
		}
	}
	return last
}

// fakeRunner notes what heuristics are asked for.
type fakeRunner struct {
	mu       sync.Mutex
	commands []nodeconf.Command
	bad      error
	runs     []time.Duration
	result   qnet.Heuristics
	done     func(uint64, qnet.Heuristics, []heuristics.Outcome)
}

func (r *fakeRunner) SetCommands(list []nodeconf.Command) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bad == nil {
		r.commands = list
	}
	return r.bad
}

func (r *fakeRunner) Run(id uint64, timeout time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.runs = append(r.runs, timeout)
	if r.result != qnet.HeuristicsUndefined {
		go r.done(id, r.result, []heuristics.Outcome{{Name: "ping", Result: r.result, Duration: time.Second}})
	}
}

func (r *fakeRunner) Close() error { return nil }

// nodeUnderTest is a daemon between a fake engine and a fake arbiter.
type nodeUnderTest struct {
	t       *testing.T
	engine  *fakeEngine
	arbiter *fakeArbiter
	runner  *fakeRunner
	log     *daemontest.LogBuffer
	cfg     Config
	cancel  context.CancelFunc
	done    chan error
	ready   bool
	trims   int
}

// newNodeUnderTest makes a daemon in a bubble of virtual time, but does not start it.
func newNodeUnderTest(t *testing.T) *nodeUnderTest {
	t.Helper()
	n := &nodeUnderTest{
		t: t, engine: newFakeEngine(), arbiter: &fakeArbiter{grace: 16 * time.Second}, runner: &fakeRunner{result: qnet.HeuristicsPass},
		log: &daemontest.LogBuffer{}, done: make(chan error, 1),
	}
	n.cfg = Config{
		Settings: nodeconf.DefaultSettings(),
		Engine:   func(context.Context) (Engine, error) { return n.engine, nil },
		Log:      slog.New(daemon.NewLogHandler(n.log, nil, slog.LevelDebug)),
		OnReady:  func() { n.ready = true },
		dialer:   n.arbiter.dialer(), now: time.Now, Trim: func() { n.trims++ },
		runner: func(done func(uint64, qnet.Heuristics, []heuristics.Outcome)) heuristicsRunner {
			n.runner.done = done
			return n.runner
		},
	}
	n.cfg.Settings.LockFile = filepath.Join(t.TempDir(), "pid")
	return n
}

func (n *nodeUnderTest) start() {
	n.t.Helper()
	var ctx context.Context
	ctx, n.cancel = context.WithCancel(context.Background())
	go func() { n.done <- Run(ctx, n.cfg) }()
	n.t.Cleanup(func() {
		n.cancel()
		if n.t.Failed() {
			n.t.Logf("log:\n%s", n.log)
		}
	})
	synctest.Wait()
}

// stop ends the daemon as SIGTERM does, and closes the arbiter's connections.
func (n *nodeUnderTest) stop() {
	n.t.Helper()
	n.cancel()
	if err := <-n.done; err != nil {
		n.t.Errorf("the daemon ended with: %v", err)
	}
	n.hangUp()
}

// failed waits for the daemon to end by itself.
func (n *nodeUnderTest) failed() error {
	n.t.Helper()
	err := <-n.done
	if err == nil {
		n.t.Error("the daemon ended without an error")
	}
	n.hangUp()
	return err
}

func (n *nodeUnderTest) hangUp() {
	n.arbiter.set(func(a *fakeArbiter) {
		for _, c := range a.conns {
			_ = c.c.Close()
			close(c.out)
		}
		a.conns = nil
	})
}

// after lets virtual time pass.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

var ring8 = qnet.RingID{Node: 1, Seq: 8}

// online starts the daemon, and takes it to its first ACK in ring 1.8.
func (n *nodeUnderTest) online() *arbiterConn {
	n.t.Helper()
	n.engine.ring(8, true, 1, 2)
	n.start()
	c := n.arbiter.conn()
	if c == nil {
		n.t.Fatal("the daemon did not connect")
	}
	c.vote(1, ring8, qnet.VoteACK)
	synctest.Wait()
	n.casts(true, 8)
	return c
}

// casts says what the last poll must have been.
func (n *nodeUnderTest) casts(cast bool, seq uint64) {
	n.t.Helper()
	p, count := n.engine.last()
	if count == 0 || p.cast != cast || p.ring.Seq != seq {
		n.t.Fatalf("poll %d: cast %v for ring %v, want %v for %d", count, p.cast, p.ring, cast, seq)
	}
}

// logged says that the log must have a line with this text.
func (n *nodeUnderTest) logged(text string) {
	n.t.Helper()
	if !strings.Contains(n.log.String(), text) {
		n.t.Errorf("the log lacks %q", text)
	}
}

// loggedTimes says how often the log must have a text.
func (n *nodeUnderTest) loggedTimes(text string, want int) {
	n.t.Helper()
	if got := strings.Count(n.log.String(), text); got != want {
		n.t.Errorf("the log has %q %d times, want %d", text, got, want)
	}
}

var _ io.Writer = (*daemontest.LogBuffer)(nil)

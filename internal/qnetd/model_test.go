// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"quorate/internal/qnet"
	"quorate/internal/qnetd"
	"quorate/internal/wire"
)

// What a C node does with its vote (facts: its client notices silence within 2
// heartbeats; votequorum counts a dead daemon's last word for 1.25 more).
const (
	beat       = 8 * time.Second
	notices    = 2 * beat
	lastWord   = beat + beat/4
	deviceName = "model"
)

// link is one connection with what is under way in each direction.
type link struct {
	id       qnetd.ConnID
	up, down []wire.Message
	dead     bool // the arbiter has closed it, or is gone
}

// modelNode is a node as far as its vote goes.
type modelNode struct {
	id      qnet.NodeID
	ring    qnet.RingID
	members qnet.NodeList
	link    *link
	cut     bool      // nothing passes between it and the arbiter, silently
	acked   bool      // it casts the device's vote for its ring
	until   time.Time // a killed daemon's last word counts until then; zero if it lives
	heard   time.Time
	echoed  time.Time
	seq     uint32
}

// world is one history of two nodes and an arbiter.
type world struct {
	rng     *rand.Rand
	now     time.Time
	cfg     qnetd.Config
	server  *qnetd.Server
	stored  map[string]qnet.Grant
	pending []qnetd.Persist
	conn    qnetd.ConnID
	ringSeq uint64
	split   bool
	nodes   [2]*modelNode
	trace   []string
	acks    int
}

func newWorld(seed uint64, cfg qnetd.Config) *world {
	w := &world{
		rng: rand.New(rand.NewPCG(seed, 7)), now: time.Unix(1_000_000, 0), cfg: cfg, stored: map[string]qnet.Grant{}, ringSeq: 4,
	}
	w.server = qnetd.New(cfg, w.now, nil)
	for i := range w.nodes {
		w.nodes[i] = &modelNode{id: qnet.NodeID(i + 1), heard: w.now}
	}
	w.form(false)
	return w
}

func (w *world) note(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf("%8.3f ", w.now.Sub(time.Unix(1_000_000, 0)).Seconds())+fmt.Sprintf(format, args...))
}

// form makes new rings: one for both nodes, or one for each.
func (w *world) form(split bool) {
	w.split = split
	w.ringSeq++
	for _, n := range w.nodes {
		n.acked = false // a new ring needs a fresh ACK
		n.ring, n.members = qnet.RingID{Node: 1, Seq: w.ringSeq}, qnet.NodeList{{ID: 1}, {ID: 2}}
		if split {
			n.ring, n.members = qnet.RingID{Node: n.id, Seq: w.ringSeq}, qnet.NodeList{{ID: n.id}}
		}
		if n.link != nil && n.until.IsZero() {
			n.report()
		}
	}
	w.note("split %v, ring %d", split, w.ringSeq)
}

func (n *modelNode) number() wire.Opt[uint32] {
	n.seq++
	return wire.Some(n.seq)
}

func (n *modelNode) report() {
	n.link.up = append(n.link.up, wire.NodeList{
		Seq: n.number(), ListType: wire.Some(qnet.Membership), RingID: wire.Some(n.ring), Nodes: n.members,
	})
}

// connect starts a new connection of a node whose daemon lives.
func (w *world) connect(n *modelNode) {
	w.conn++
	n.link, n.until, n.heard, n.echoed = &link{id: w.conn}, time.Time{}, w.now, w.now
	n.acked = false
	w.step(qnetd.Connected{Conn: w.conn, Addr: "model"})
	n.link.up = append(n.link.up,
		wire.Preinit{Seq: n.number(), ClusterName: wire.Some(deviceName)},
		wire.Init{
			Seq: n.number(), NodeID: wire.Some(n.id), Algorithm: wire.Some(qnet.FFSplit), Heartbeat: wire.Some(uint32(beat.Milliseconds())),
			TieBreaker: wire.Some(qnet.TieBreaker{Mode: qnet.TieBreakerLowest}), RingID: wire.Some(n.ring),
		},
		wire.NodeList{Seq: n.number(), ListType: wire.Some(qnet.InitialConfig), Nodes: qnet.NodeList{{ID: 1}, {ID: 2}}},
	)
	n.report()
	w.note("node %d connects", n.id)
}

// step runs the machine and carries its outputs out.
func (w *world) step(in qnetd.Input) {
	for _, o := range w.server.Step(w.now, in) {
		switch o := o.(type) {
		case qnetd.Send:
			for _, n := range w.nodes {
				if n.link != nil && n.link.id == o.Conn {
					n.link.down = append(n.link.down, o.Msg)
				}
			}
		case qnetd.Close:
			for _, n := range w.nodes {
				if n.link != nil && n.link.id == o.Conn {
					n.link.down, n.link.dead = nil, true // a reset: nothing arrives any more
				}
			}
		case qnetd.Persist:
			w.pending = append(w.pending, o)
		}
	}
}

// persist answers the oldest write: most succeed.
func (w *world) persist(ok bool) {
	if len(w.pending) == 0 {
		return
	}
	p := w.pending[0]
	w.pending = w.pending[1:]
	if !ok {
		w.step(qnetd.Persisted{ID: p.ID, Err: errors.New("disk full")})
		return
	}
	w.stored[p.Cluster] = p.Grant
	w.step(qnetd.Persisted{ID: p.ID})
}

// up and down deliver the next message of a connection.
func (w *world) up(n *modelNode) {
	if l := n.link; l != nil && !n.cut && !l.dead && len(l.up) > 0 {
		m := l.up[0]
		l.up = l.up[1:]
		w.step(qnetd.Received{Conn: l.id, Msg: m})
	}
}

func (w *world) down(n *modelNode) {
	l := n.link
	if l == nil || n.cut || len(l.down) == 0 || !n.until.IsZero() {
		return
	}
	m := l.down[0]
	l.down = l.down[1:]
	n.heard = w.now
	v, ok := m.(wire.VoteInfo)
	if !ok {
		return
	}
	l.up = append(l.up, wire.VoteInfoReply{Seq: v.Seq})
	if v.RingID.V != n.ring {
		return
	}
	switch v.Vote.V {
	case qnet.VoteACK:
		n.acked = true
		w.acks++
		w.note("node %d casts for ring %s", n.id, n.ring)
	case qnet.VoteNACK:
		n.acked = false
	}
}

// pass lets time go by.
func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	w.step(qnetd.Tick{})
	for _, n := range w.nodes {
		switch {
		case !n.until.IsZero():
			if w.now.After(n.until) {
				n.acked = false
			}
			continue
		case n.link == nil:
			n.acked = false
			continue
		case w.now.Sub(n.heard) > notices || (n.link.dead && !n.cut):
			n.link, n.acked = nil, false // the client gives up and casts no more
			continue
		}
		if w.now.Sub(n.echoed) >= beat {
			n.echoed = w.now
			n.link.up = append(n.link.up, wire.EchoRequest{Seq: n.number()})
		}
	}
}

// kill ends a node's daemon. The kernel tells the arbiter, unless the link is cut.
func (w *world) kill(n *modelNode) {
	if n.link == nil || !n.until.IsZero() {
		return
	}
	w.note("the daemon of node %d is killed", n.id)
	l := n.link
	n.until = w.now.Add(lastWord)
	if !n.cut && !l.dead {
		l.dead = true
		w.step(qnetd.Disconnected{Conn: l.id, Why: "killed"})
	}
}

// restart kills the arbiter and starts it with what is on disk.
func (w *world) restart() {
	w.note("the arbiter restarts")
	w.pending = nil
	var stored []qnetd.Stored
	if g, ok := w.stored[deviceName]; ok {
		stored = append(stored, qnetd.Stored{Cluster: deviceName, Grant: g})
	}
	for _, n := range w.nodes {
		if n.link != nil {
			n.link.dead, n.link.down = true, nil
		}
	}
	w.server = qnetd.New(w.cfg, w.now, stored)
}

// random does one thing.
func (w *world) random() {
	n := w.nodes[w.rng.IntN(2)]
	switch r := w.rng.IntN(1000); {
	case r < 400:
		w.up(n)
	case r < 750:
		w.down(n)
	case r < 850:
		w.persist(w.rng.IntN(10) > 0)
	case r < 960:
		w.pass(time.Duration(w.rng.IntN(1500)) * time.Millisecond)
	case r < 966:
		w.form(w.rng.IntN(3) > 0)
	case r < 974:
		n.cut = !n.cut
		w.note("node %d cut from the arbiter: %v", n.id, n.cut)
	case r < 978:
		w.kill(n)
	case r < 980:
		w.restart()
	default:
		if n.link == nil || (!n.until.IsZero() && !n.cut && w.now.After(n.until)) {
			if !n.cut {
				w.connect(n)
			}
		}
	}
}

func (w *world) bothActive() bool { return w.split && w.nodes[0].acked && w.nodes[1].acked }

// calm heals everything and lets all messages through.
func (w *world) calm(d time.Duration) {
	for _, n := range w.nodes {
		n.cut = false
	}
	for end := w.now.Add(d); w.now.Before(end); w.pass(100 * time.Millisecond) {
		for _, n := range w.nodes {
			if n.link == nil || (!n.until.IsZero() && w.now.After(n.until)) {
				w.connect(n)
			}
		}
		for range 40 {
			for _, n := range w.nodes {
				w.up(n)
				w.down(n)
			}
			w.persist(true)
		}
	}
}

func modelConfig() qnetd.Config {
	cfg := qnetd.Defaults()
	cfg.TLS = wire.TLSUnsupported
	return cfg
}

func (w *world) fail(t *testing.T, seed uint64, what string) {
	t.Helper()
	t.Errorf("seed %d: %s", seed, what)
	for _, l := range w.trace[max(0, len(w.trace)-40):] {
		t.Log(l)
	}
}

// TestRandomHistories: whatever links, daemons, disks and the arbiter do, two
// sides never cast the vote at once (H1 to H6), and when calm returns, whole or
// split, the vote comes back (H7, H8).
func TestRandomHistories(t *testing.T) {
	acks := 0
	for seed := range uint64(4000) {
		w := newWorld(seed, modelConfig())
		for range 1500 {
			w.random()
			if w.bothActive() {
				w.fail(t, seed, "both sides cast the vote")
				return
			}
		}
		w.form(seed%2 == 0)
		w.calm(2 * time.Minute)
		if w.bothActive() {
			w.fail(t, seed, "both sides cast the vote in the end")
			return
		}
		if one, two := w.nodes[0].acked, w.nodes[1].acked; !one && !two || !w.split && !(one && two) {
			w.fail(t, seed, fmt.Sprintf("no vote came back: %v, %v", one, two))
			return
		}
		acks += w.acks
	}
	if acks < 10000 {
		t.Errorf("only %d votes were cast: the histories prove nothing", acks)
	}
}

// TestModelCatches: without hold times, as with C's rules, the same histories
// must show two sides at once. Otherwise the test above proves nothing.
func TestModelCatches(t *testing.T) {
	cfg := modelConfig()
	cfg.HoldTime = 0
	for seed := range uint64(400) {
		w := newWorld(seed, cfg)
		for range 1500 {
			if w.random(); w.bothActive() {
				return
			}
		}
	}
	t.Error("a vote that is given away at once was never seen on both sides")
}

// TestDeterminism: equal histories give equal outputs.
func TestDeterminism(t *testing.T) {
	for seed := range uint64(20) {
		a, b := newWorld(seed, modelConfig()), newWorld(seed, modelConfig())
		for range 1000 {
			a.random()
			b.random()
		}
		if fmt.Sprint(a.trace) != fmt.Sprint(b.trace) || fmt.Sprint(a.server.Status(a.now)) != fmt.Sprint(b.server.Status(b.now)) {
			t.Fatalf("seed %d: two runs differ", seed)
		}
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd_test

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/wire"
)

// What a node does with its vote: its daemon gives up when an echo was not
// answered by the time of the next one, and votequorum counts a dead daemon's
// last word for 1.25 heartbeats more.
const (
	beat       = 8 * time.Second
	lastWord   = beat + beat/4
	modelName  = "model"
	modelStart = 1_000_000
)

// totemRing is a ring as Totem formed it. Once a member has left it nobody can
// do anything in it: the token does not come round any more.
//
// This is not package totem, on purpose: it knows no messages and no sync, and a
// node hears of a ring whenever chance has it, or never. What the arbiter promises
// must hold whatever Totem does within a ring, and a mistake that both models
// shared would hide here.
type totemRing struct {
	id      qnet.RingID
	members []qnet.NodeID
	broken  bool
}

// link is one connection with what is under way in each direction.
type link struct {
	id       qnetd.ConnID
	node     *modelNode
	up, down []wire.Message
	slow     time.Time   // nothing moves on it until then
	left     bool        // the node has closed it: what it sent before still arrives
	dead     bool        // the arbiter is gone: what it sent before still arrives
	ring     qnet.RingID // the last one that the node has told on it
}

// modelNode is a node as far as its vote goes: Corosync, and its node daemon.
type modelNode struct {
	id      qnet.NodeID
	runs    bool       // Corosync does
	counter uint64     // the ring number that it has stored
	ring    *totemRing // the last one that the daemon was told of
	next    *totemRing // one that it is about to be told of

	link           *link
	alive          bool // the daemon is
	cutUp, cutDown bool // nothing passes to or from the arbiter, silently
	acked          bool // it casts the device's vote for its ring
	until          time.Time
	echoed, proven time.Time // when the last echo and the last answered echo were sent
	answered       bool
	grace          time.Duration // that the arbiter has announced; 0 for a C node
	number         uint32
	retries        time.Time // not before then does it connect again
}

func (n *modelNode) active() bool {
	return n.runs && n.acked && n.next == nil && n.ring != nil && !n.ring.broken
}

func (n *modelNode) seq() wire.Opt[uint32] {
	n.number++
	return wire.Some(n.number)
}

func (n *modelNode) send(m wire.Message) {
	if n.link != nil {
		n.link.up = append(n.link.up, m)
	}
}

// report tells the ring that the daemon was told of last.
func (n *modelNode) report() {
	n.link.ring = n.ring.id
	n.send(wire.NodeList{Seq: n.seq(), ListType: wire.Some(qnet.Membership), RingID: wire.Some(n.ring.id), Nodes: nodeList(n.ring.members)})
}

// tellQuorum tells what votequorum has counted: nobody is quorate without the device.
func (n *modelNode) tellQuorum() {
	quorate := uint8(0)
	if n.active() {
		quorate = 1
	}
	n.send(wire.NodeList{Seq: n.seq(), ListType: wire.Some(qnet.Quorum), Quorate: wire.Some(quorate), Nodes: nodeList(n.ring.members)})
}

func nodeList(ids []qnet.NodeID) (l qnet.NodeList) {
	for _, id := range ids {
		l = append(l, qnet.Node{ID: id})
	}
	return l
}

// form gives the running nodes new rings, one for each group. The rings that
// they were in are broken; the daemons are told later.
func (w *world) form() {
	for _, n := range w.nodes {
		for _, r := range []*totemRing{n.ring, n.next} {
			if r != nil {
				r.broken = true
			}
		}
	}
	rings := map[int]*totemRing{}
	for _, n := range w.nodes {
		if !n.runs {
			continue
		}
		r := rings[w.group[n.id]]
		if r == nil {
			r = &totemRing{id: qnet.RingID{Node: n.id}}
			rings[w.group[n.id]] = r
		}
		r.members = append(r.members, n.id)
		r.id.Seq = max(r.id.Seq, n.counter+4)
		n.next = r
	}
	for _, n := range w.nodes {
		if n.runs {
			n.counter = n.next.id.Seq
		}
	}
	w.note("rings %v", w.rings())
}

func (w *world) rings() (list []string) {
	for _, n := range w.nodes {
		if n.runs && n.next != nil && n.next.members[0] == n.id {
			list = append(list, fmt.Sprintf("%s %v", n.next.id, n.next.members))
		}
	}
	return list
}

// adopt tells a daemon of the ring that its Corosync is in. It needs a fresh
// ACK for that.
func (w *world) adopt(n *modelNode) {
	if n.next == nil {
		return
	}
	n.ring, n.next, n.acked = n.next, nil, false
	if n.link != nil && n.link.ring != (qnet.RingID{}) {
		n.report()
	}
}

// connect starts a new connection of a node whose daemon lives.
func (w *world) connect(n *modelNode) {
	if !n.runs || !n.alive || n.link != nil || n.cutUp || n.cutDown || w.now.Before(n.retries) {
		return
	}
	if n.next != nil {
		w.adopt(n)
	}
	w.conn++
	n.link = &link{id: w.conn, node: n}
	w.links = append(w.links, n.link)
	n.echoed, n.answered = w.now, true
	w.step(qnetd.Connected{Conn: w.conn, Addr: "model"})
	init := wire.Init{
		NodeID: wire.Some(n.id), Algorithm: wire.Some(w.algorithm), Heartbeat: wire.Some(uint32(beat.Milliseconds())),
		TieBreaker: wire.Some(w.tie), RingID: wire.Some(n.ring.id),
	}
	if w.ours && n.acked {
		init.StillCasting = wire.Some(uint8(1))
	}
	n.send(wire.Preinit{Seq: n.seq(), ClusterName: wire.Some(modelName)})
	init.Seq = n.seq()
	n.send(init)
	w.note("node %d connects in ring %s, casting %v", n.id, n.ring.id, n.acked)
}

// welcomed goes on after a good Init reply.
func (w *world) welcomed(n *modelNode, m wire.InitReply) {
	if m.Code.V != wire.NoError {
		w.note("node %d refused: %v", n.id, m.Code.V)
		n.retries = w.now.Add(3 * time.Second)
		w.leave(n)
		return
	}
	n.proven = w.now // the reply says as much as that of an echo
	if w.ours {
		n.grace = time.Duration(m.Grace.V) * time.Millisecond
	}
	n.send(wire.SetOption{Seq: n.seq(), KeepActivePartition: wire.Some(w.kap)})
	n.send(wire.NodeList{Seq: n.seq(), ListType: wire.Some(qnet.InitialConfig), Nodes: nodeList(w.config())})
	n.report()
}

// leave ends a node's side of its connection. A C node's vote ends with it,
// ours when the grace has passed.
func (w *world) leave(n *modelNode) {
	if n.link == nil {
		return
	}
	n.link.left, n.link = true, nil
	if n.acked && !(w.ours && w.now.Before(n.proven.Add(n.grace))) {
		n.acked = false
	}
}

// kill ends a node's daemon. Its kernel closes the connection.
func (w *world) kill(n *modelNode) {
	if !n.alive {
		return
	}
	w.note("the daemon of node %d is killed", n.id)
	n.alive, n.until = false, w.now.Add(lastWord)
	if n.link != nil {
		n.link.left, n.link = true, nil
	}
}

// crash ends Corosync on a node, and with it the daemon.
func (w *world) crash(n *modelNode) {
	if !n.runs {
		return
	}
	w.kill(n)
	w.note("node %d crashes", n.id)
	n.runs, n.acked = false, false
	w.form()
	n.ring, n.next = nil, nil
}

// boot starts a node: it is alone at first. It may have lost its ring counter.
func (w *world) boot(n *modelNode, lost bool) {
	if n.runs {
		return
	}
	w.note("node %d boots, counter lost %v", n.id, lost)
	n.runs, n.alive, n.acked, n.until = true, true, false, time.Time{}
	if lost {
		n.counter = 0
	}
	w.group[n.id] = 100 + int(n.id)
	w.form()
}

// step runs the machine and carries its outputs out.
func (w *world) step(in qnetd.Input) {
	for _, o := range w.server.Step(w.now, in) {
		switch o := o.(type) {
		case qnetd.Send:
			if l := w.link(o.Conn); l != nil {
				l.down = append(l.down, o.Msg)
			}
		case qnetd.Close: // a reset: nothing arrives any more
			if l := w.link(o.Conn); l != nil {
				l.up, l.down, l.dead = nil, nil, true
			}
		case qnetd.Persist:
			w.pending = append(w.pending, o)
		}
	}
	w.check()
}

func (w *world) link(id qnetd.ConnID) *link {
	if i := slices.IndexFunc(w.links, func(l *link) bool { return l.id == id }); i >= 0 {
		return w.links[i]
	}
	return nil
}

// persist answers the oldest write.
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
	w.stored = &p.Grant
	w.step(qnetd.Persisted{ID: p.ID})
}

// up delivers the next message of a connection to the arbiter, or its end.
func (w *world) up(l *link) {
	switch {
	case l.node.cutUp || l.dead:
	case len(l.up) > 0:
		m := l.up[0]
		l.up = l.up[1:]
		w.step(qnetd.Received{Conn: l.id, Msg: m})
	case l.left:
		w.links = slices.DeleteFunc(w.links, func(o *link) bool { return o == l })
		w.step(qnetd.Disconnected{Conn: l.id, Why: "closed by peer"})
	}
}

// down delivers the next message of a connection to its node, or its end.
func (w *world) down(l *link) {
	n := l.node
	switch {
	case n.cutDown:
	case l.left:
		l.down = nil
	case len(l.down) > 0:
		m := l.down[0]
		l.down = l.down[1:]
		w.told(n, m)
	case l.dead:
		w.leave(n)
	}
}

// told is what a node does with a message.
func (w *world) told(n *modelNode, m wire.Message) {
	switch m := m.(type) {
	case wire.InitReply:
		w.welcomed(n, m)
	case wire.EchoReply:
		n.answered, n.proven = true, n.echoed
	case wire.VoteInfo:
		n.send(wire.VoteInfoReply{Seq: m.Seq})
		if m.RingID.V != n.link.ring {
			return
		}
		switch m.Vote.V {
		case qnet.VoteACK:
			n.acked = true
			w.acks++
			w.note("node %d casts for ring %s", n.id, n.ring.id)
			n.tellQuorum()
		case qnet.VoteNACK:
			n.acked = false
			n.tellQuorum()
		}
	}
	w.check()
}

// pass lets time go by.
func (w *world) pass(d time.Duration) {
	const turn = 250 * time.Millisecond // within it everybody looks at the clock
	for ; d > turn; d -= turn {
		w.turn(turn)
		w.busy()
	}
	w.turn(d)
}

func (w *world) turn(d time.Duration) {
	w.now = w.now.Add(d)
	w.step(qnetd.Tick{})
	for _, n := range w.nodes {
		switch {
		case !n.alive:
			n.acked = n.acked && w.now.Before(n.until)
		case n.link == nil:
			n.acked = n.acked && w.ours && w.now.Before(n.proven.Add(n.grace))
		case w.now.Sub(n.echoed) < beat:
		case !n.answered:
			w.note("node %d gives its connection up", n.id)
			w.leave(n)
		default:
			n.echoed, n.answered = w.now, false
			n.send(wire.EchoRequest{Seq: n.seq()})
		}
	}
	w.check()
}

// restart kills the arbiter and starts it with what is on disk, or with nothing.
func (w *world) restart(lost bool) {
	w.note("the arbiter restarts, state lost %v", lost)
	w.pending = nil
	if lost {
		w.stored = nil
	}
	var stored []qnetd.Stored
	if w.stored != nil {
		stored = append(stored, qnetd.Stored{Cluster: modelName, Grant: *w.stored})
	}
	for _, l := range w.links {
		l.dead, l.up = true, nil
	}
	w.server = qnetd.New(w.cfg, w.now, stored)
}

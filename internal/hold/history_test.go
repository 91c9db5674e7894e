// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package hold

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

var (
	epoch     = time.Unix(1_000_000, 0)
	everybody = []qnet.NodeID{1, 2, 3, 4}

	// With these, a connection is given up after 36 s of silence, and a hold lasts for 28.3 s.
	testTimes = Times{Fixed: Auto, DPDFactor: 4.5}

	slow = Pace{Heartbeat: 8000}
	fast = Pace{Heartbeat: 4000, Timeout: 3000}
)

// The rings of the tests. Two of them share an ID, and one of those has members of both.
var (
	whole  = Partition{Ring: qnet.RingID{Node: 1, Seq: 4}, Members: []qnet.NodeID{1, 2, 3, 4}}
	half   = Partition{Ring: qnet.RingID{Node: 1, Seq: 8}, Members: []qnet.NodeID{1, 2}}
	other  = Partition{Ring: qnet.RingID{Node: 3, Seq: 8}, Members: []qnet.NodeID{3, 4}}
	shared = Partition{Ring: qnet.RingID{Node: 1, Seq: 8}, Members: []qnet.NodeID{1, 3}}
	again  = Partition{Ring: qnet.RingID{Node: 1, Seq: 12}, Members: []qnet.NodeID{1, 2, 3, 4}}

	partitions = []Partition{whole, half, other, shared, again}
)

// step is something that can happen next: a fact, time that goes by, or a new start of the arbiter.
type step struct {
	fact
	pass    time.Duration
	restart *Partition // what is written down for it is what the arbiter starts with
	forget  bool       // the arbiter starts without a record
}

func (s step) String() string {
	switch {
	case s.pass > 0:
		return "         " + s.pass.String() + " go by"
	case s.forget:
		return "         the arbiter starts without a record"
	case s.restart != nil:
		return fmt.Sprintf("         the arbiter starts with the record of %v", *s.restart)
	}
	return s.fact.String()
}

// history is one history, with both ledgers.
type history struct {
	now    time.Time
	times  Times
	ledger *Ledger
	stupid stupid
	sent   [5]uint32 // to each node, on its connection
	told   [5]uint32 // the last of them that it has answered
	steps  []step
	wrong  string // what a verb should not have returned
}

func newHistory(times Times) *history {
	h := &history{now: epoch, times: times}
	h.start(nil)
	return h
}

func (h *history) start(g *qnet.Grant) {
	h.stupid = stupid{times: h.times, start: h.now, record: g}
	h.ledger = New(h.times, h.now)
	if g != nil {
		h.ledger = Restore(h.times, h.now, *g)
	}
	h.sent, h.told = [5]uint32{}, [5]uint32{}
}

// clone returns a copy that shares nothing that changes.
func (h *history) clone() *history {
	c := *h
	c.ledger = h.ledger.clone()
	c.steps = slices.Clip(h.steps)
	c.stupid.facts = slices.Clip(h.stupid.facts)
	return &c
}

func (l *Ledger) clone() *Ledger {
	c := *l
	rings := map[*ring]*ring{nil: nil}
	copied := func(r *ring) *ring {
		if _, ok := rings[r]; !ok {
			o := *r
			o.reporters = slices.Clone(r.reporters)
			rings[r] = &o
		}
		return rings[r]
	}
	c.unknown, c.rings, c.nodes = copied(l.unknown), slices.Clone(l.rings), slices.Clone(l.nodes)
	for i, r := range c.rings {
		c.rings[i] = copied(r)
	}
	for i, n := range c.nodes {
		o := *n
		o.ring = copied(n.ring)
		if n.conn != nil {
			conn := *n.conn
			o.conn = &conn
		}
		if n.hold != nil {
			held := *n.hold
			held.ring = copied(held.ring)
			o.hold = &held
		}
		c.nodes[i] = &o
	}
	return &c
}

// connected reports whether a node is.
func (h *history) connected(id qnet.NodeID) bool {
	return h.stupid.connection(id, len(h.stupid.facts)) >= 0
}

// can reports whether a step can come next: the arbiter hears only those who are connected,
// a node answers only what it was sent, and of its quorum it tells news only.
func (h *history) can(s step) bool {
	id, n := s.node, len(h.stupid.facts)
	if id == 0 || s.kind == refused {
		return true
	}
	connected := h.connected(id)
	switch s.kind {
	case joined:
		return !connected
	case answered:
		return connected && s.seq > 0 && s.seq <= h.sent[id] && s.seq > h.told[id]
	case isQuorate, isNot:
		return connected && h.stupid.said(id, n) != s.kind
	case acked, nacked:
		r, _ := h.stupid.ringOf(id, n)
		return connected && r.members != nil
	}
	return connected
}

// play lets a step happen in both ledgers.
func (h *history) play(s step) {
	h.steps = append(h.steps, s)
	switch {
	case s.pass > 0:
		h.now = h.now.Add(s.pass)
		return
	case s.forget:
		h.start(nil)
		return
	case s.restart != nil:
		g := h.ledger.Record(*s.restart)
		h.start(&g)
		return
	}
	f := s.fact
	f.at = h.now
	if f.kind == acked || f.kind == nacked || f.kind == probed {
		h.sent[f.node]++
		f.seq = h.sent[f.node]
	}
	if f.kind == answered {
		h.told[f.node] = f.seq
	}
	if f.kind == joined {
		h.sent[f.node], h.told[f.node] = 0, 0
	}
	h.steps[len(h.steps)-1].fact = f
	if took := h.tell(f); !took {
		f.kind = heard // that is all
	}
	h.stupid.facts = append(h.stupid.facts, f)
}

// tell tells the ledger a fact, as package qnetd does: first that the node was heard. It
// returns false if the fact was refused, and notes what the verb should not have returned.
func (h *history) tell(f fact) bool {
	l, n := h.ledger, len(h.stupid.facts)
	before := h.stupid.hold(f.node, n, f.at)
	mine, _ := h.stupid.ringOf(f.node, n)
	if f.byNode(f.node) && f.kind != joined {
		l.Heard(f.at, f.node)
	}
	got, want := false, false
	switch f.kind {
	case joined:
		got = l.Joined(f.at, f.node, f.ring, f.pace, f.casting)
		want = before != nil && before.ring.id == f.ring && !before.presumed
	case left:
		l.Left(f.node)
	case reported:
		l.Reported(f.node, f.ring, f.members)
	case configured:
		l.Configured(f.at, f.node, f.members)
	case acked:
		l.Told(f.node, qnet.VoteACK, f.seq)
	case nacked:
		l.Told(f.node, qnet.VoteNACK, f.seq)
	case answered:
		got = l.Answered(f.at, f.node, f.seq)
		s := h.stupid
		s.facts = append(slices.Clip(s.facts), f)
		after := s.hold(f.node, n+1, f.at)
		want = before != nil && before.answered.IsZero() && !after.answered.IsZero()
	case isQuorate, isNot:
		got = l.Quorate(f.node, f.kind == isQuorate)
		want = before != nil && !before.answered.IsZero() && before.ring.is(mine)
	case paced: // a holder does not get slower (H2)
		got = l.Paced(f.node, f.pace)
		want = before == nil || f.pace.Ms() <= before.pace
	case refused:
		l.Refused(f.at, f.pace)
	}
	if got != want {
		h.wrong = fmt.Sprintf("the verb returned %v", got)
	}
	return f.kind != paced || want
}

// check asks both ledgers all questions of these partitions.
func (h *history) check(t *testing.T, list []Partition) {
	t.Helper()
	if h.wrong != "" {
		h.fatal(t, "%s", h.wrong)
	}
	for _, p := range list {
		got, want := h.ledger.Obstacle(h.now, p), h.stupid.obstacle(p, h.now)
		if !sameObstacle(got, want) {
			h.fatal(t, "what keeps %v from the vote: %+v, want %+v", p, got, want)
		}
		g, w := h.ledger.Record(p), h.stupid.grant(p, h.now)
		if !sameGrant(g, w) {
			h.fatal(t, "the record of %v: %+v, want %+v", p, g, w)
		}
	}
}

func sameObstacle(a, b Obstacle) bool {
	return slices.Equal(a.Holders, b.Holders) && slices.Equal(a.Unheard, b.Unheard) && a.Refused == b.Refused && a.Soon == b.Soon && a.Until.Equal(b.Until)
}

func sameGrant(a, b qnet.Grant) bool {
	return a.Ring == b.Ring && slices.Equal(a.Members, b.Members) && slices.Equal(a.Holders, b.Holders) &&
		slices.EqualFunc(a.Rings, b.Rings, func(a, b qnet.Ring) bool {
			return a.ID == b.ID && slices.Equal(a.Members, b.Members) && slices.Equal(a.Reporters, b.Reporters)
		})
}

func (h *history) fatal(t *testing.T, format string, args ...any) {
	t.Helper()
	var b strings.Builder
	for _, s := range h.steps {
		fmt.Fprintln(&b, s)
	}
	t.Fatalf("%s\n%s%s", fmt.Sprintf(format, args...), &b, h.ledger)
}

// family is a set of histories: all those that begin with the same steps, and go on with so
// many steps of an alphabet as depth says.
type family struct {
	times    Times // testTimes if it is the zero value
	begin    []step
	alphabet []step
	asked    []Partition
	depth    int
	twins    [][2]qnet.NodeID // nodes that could change places in all of that
}

// play plays all histories of the family and returns how many there were. Of some that come to
// the same, one is played:
//   - what different nodes do at the same instant may come in any order, and is played with
//     the lower node first: no verb about one node looks at what another one just said;
//   - of two times in a row, the longer one comes first;
//   - of twins, the first one is the first to do something.
func (f family) play(t *testing.T) int {
	t.Helper()
	if f.times == (Times{}) {
		f.times = testTimes
	}
	h := newHistory(f.times)
	for _, s := range f.begin {
		h.check(t, f.asked)
		h.play(s)
	}
	h.check(t, f.asked)
	return f.extend(t, h, f.depth)
}

func (f family) extend(t *testing.T, h *history, depth int) (count int) {
	if depth == 0 {
		return 0
	}
	for _, s := range f.alphabet {
		if !h.can(s) || f.skips(h.steps[len(f.begin):], s) {
			continue
		}
		next := h.clone()
		next.play(s)
		next.check(t, f.asked)
		count += 1 + f.extend(t, next, depth-1)
	}
	return count
}

// skips reports whether next, behind these steps, makes a history that is played in another form.
func (f family) skips(steps []step, next step) bool {
	acted := func(id qnet.NodeID) bool {
		return slices.ContainsFunc(steps, func(s step) bool { return s.node == id })
	}
	for _, twins := range f.twins {
		if next.node == twins[1] && !acted(twins[0]) {
			return true
		}
	}
	if len(steps) == 0 {
		return false
	}
	last := steps[len(steps)-1]
	if last.pass > 0 {
		return next.pass > last.pass
	}
	return last.node != 0 && next.node != 0 && next.node < last.node
}

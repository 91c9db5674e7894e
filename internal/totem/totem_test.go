// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package totem_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/totem"
	"github.com/quorate/quorate/internal/votequorum"
)

// world plays members at random, and keeps what each has delivered in each ring.
type world struct {
	t        *testing.T
	rng      *rand.Rand
	members  []*totem.Member
	part     []int
	compared int                                    // pairs that went on together
	sent     uint32                                 // messages so far; each is a NodeInfo with its number
	got      map[*totem.Member][]delivery           // since the member was started
	ended    map[*totem.Member]bool                 // it has ended its part of the sync
	entered  map[*totem.Member]map[*totem.Ring]bool // rings that it has begun the sync of
	left     map[*totem.Member]*totem.Ring          // of which the rest was delivered to it
}

// delivery is what a member was told, and in which ring of its own.
type delivery struct {
	ring *totem.Ring
	what string
}

func newWorld(t *testing.T, seed uint64, nodes int) *world {
	w := &world{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), part: make([]int, nodes),
		got: map[*totem.Member][]delivery{}, ended: map[*totem.Member]bool{},
		left: map[*totem.Member]*totem.Ring{}, entered: map[*totem.Member]map[*totem.Ring]bool{},
	}
	for id := range nodes {
		w.members = append(w.members, &totem.Member{ID: qnet.NodeID(id + 1)})
	}
	return w
}

func (w *world) index(m *totem.Member) int { return int(m.ID) - 1 }

func (w *world) reach(a, b *totem.Member) bool { return w.part[w.index(a)] == w.part[w.index(b)] }

// tell notes what votequorum on a member is told.
func (w *world) tell(m *totem.Member, in votequorum.Input) {
	switch in := in.(type) {
	case votequorum.Deliver:
		w.got[m] = append(w.got[m], delivery{m.Ring, fmt.Sprintf("%v: %v", in.From, in.Msg)})
	case votequorum.SyncStart:
		w.ended[m] = false
		if w.entered[m] == nil {
			w.entered[m] = map[*totem.Ring]bool{}
		}
		w.entered[m][m.Ring] = true
	case votequorum.SyncProcess:
		for _, o := range m.Ring.Members {
			if !w.entered[o][m.Ring] {
				w.t.Fatalf("node %v goes on with the sync of ring %v, and node %v has not begun it", m.ID, m.Ring.ID, o.ID)
			}
		}
	case votequorum.SyncActivate:
		for _, o := range m.Ring.Members {
			if o.Ring == m.Ring && !w.ended[o] {
				w.t.Fatalf("node %v ends the sync of ring %v, and node %v has not", m.ID, m.Ring.ID, o.ID)
			}
		}
	}
}

// form makes the running nodes of a part a ring.
func (w *world) form(m *totem.Member) {
	var up []*totem.Member
	for _, o := range w.members {
		if o.State != totem.Off {
			up = append(up, o)
		}
	}
	for _, g := range totem.Groups(up, w.reach) {
		if !slices.Contains(g, m) {
			continue
		}
		known := uint64(0)
		for _, o := range g {
			known = max(known, o.Seq)
		}
		r, rest := totem.Form(g)
		if r.ID.Seq <= known || r.ID.Node != g[0].ID || len(r.Members) != len(g) {
			w.t.Fatalf("ring %v of %d nodes, and they know of %d", r.ID, len(g), known)
		}
		for _, d := range rest {
			w.tell(d.To, d.In)
		}
		w.agreed(r)
	}
}

// agreed checks that those who go on together have delivered the same of the ring
// that they come from. One that was left behind on its way out of it may have less.
func (w *world) agreed(r *totem.Ring) {
	defer func() {
		for _, m := range r.Members {
			w.left[m] = m.Ring
		}
	}()
	for i, a := range r.Members {
		for _, b := range r.Members[:i] {
			if a.Ring == nil || a.Ring != b.Ring || w.left[a] == a.Ring || w.left[b] == b.Ring {
				continue
			}
			w.compared++
			if !slices.Equal(w.of(a, a.Ring), w.of(b, b.Ring)) {
				w.t.Fatalf("nodes %v and %v go on to ring %v from %v, and delivered %v and %v", a.ID, b.ID, r.ID, a.Ring.ID, w.of(a, a.Ring), w.of(b, b.Ring))
			}
		}
	}
}

// of is what a member has delivered in a ring.
func (w *world) of(m *totem.Member, r *totem.Ring) []string {
	var list []string
	for _, d := range w.got[m] {
		if d.ring == r {
			list = append(list, d.what)
		}
	}
	return list
}

// sameOrder checks that what two members have delivered in a ring is the same as
// far as both have got.
func (w *world) sameOrder(m *totem.Member) {
	for _, o := range w.members {
		a, b := w.of(m, m.Ring), w.of(o, m.Ring)
		if o.Ring != m.Ring || o.State != totem.Operational || m.State != totem.Operational {
			continue // what is delivered when a ring is left may be less
		}
		n := min(len(a), len(b))
		if !slices.Equal(a[:n], b[:n]) {
			w.t.Fatalf("ring %v: node %v delivered %v, and node %v %v", m.Ring.ID, m.ID, a, o.ID, b)
		}
	}
}

func (w *world) act() {
	m := w.members[w.rng.IntN(len(w.members))]
	switch op := w.rng.IntN(20); {
	case m.State == totem.Off:
		m.Start()
		w.got[m] = nil
		_, _ = totem.Form([]*totem.Member{m})
	case op == 0:
		m.Stop()
	case op == 1:
		w.part[w.index(m)] = w.rng.IntN(3)
	case op == 2:
		w.form(m)
	case op == 3 && m.Ring != nil:
		m.Ring.Break(!m.Ring.Broken())
		for _, o := range m.Ring.Members {
			if o.In(m.Ring) {
				o.Resume()
			}
		}
	case op < 8 && m.State == totem.Commit:
		w.tell(m, m.Enter())
	case op < 12:
		w.sent++
		m.Send(votequorum.NodeInfo{Votes: w.sent})
	default:
		w.deliver(m)
	}
}

func (w *world) deliver(m *totem.Member) {
	in, ok := m.Next()
	if ok && (m.State != totem.Operational || m.Ring.Broken()) {
		w.t.Fatalf("node %v delivers in a ring without its token", m.ID)
	}
	if _, process := in.(votequorum.SyncProcess); process {
		w.ended[m] = true
		m.EndSync()
	}
	if in != nil {
		w.tell(m, in)
		w.sameOrder(m)
	}
}

// TestHistories checks the promises of the package in random histories.
func TestHistories(t *testing.T) {
	activated, compared := 0, 0
	for seed := range uint64(300) {
		w := newWorld(t, seed, 2+int(seed%4))
		for range 400 {
			w.act()
		}
		for _, m := range w.members {
			if m.State == totem.Operational && !m.Syncing() {
				activated++
			}
		}
		compared += w.compared
	}
	if activated < 50 || compared < 50 {
		t.Errorf("%d nodes have got through a sync, and %d pairs went on together: too little was tried", activated, compared)
	}
}

// ringOf returns running members in one ring, which have delivered all that is in it.
func ringOf(ids ...qnet.NodeID) []*totem.Member {
	var all []*totem.Member
	for _, id := range ids {
		m := &totem.Member{ID: id}
		m.Start()
		all = append(all, m)
	}
	_, _ = totem.Form(all)
	for _, m := range all {
		m.Enter()
	}
	for _, m := range all {
		for _, ok := m.Next(); ok; _, ok = m.Next() {
		}
	}
	return all
}

// TestLeftBehind: what was delivered on the way into a ring is not delivered again
// on the way into another.
func TestLeftBehind(t *testing.T) {
	all := ringOf(1, 2)
	all[0].Send(votequorum.NodeInfo{Votes: 1})
	if _, rest := totem.Form(all); len(rest) != 2 {
		t.Fatalf("%d deliveries to two nodes", len(rest))
	}
	if _, rest := totem.Form(all); len(rest) != 0 {
		t.Errorf("delivered again: %v", rest)
	}
}

// TestOldSync: that a node was done with the sync of an old ring says nothing in the
// next one; what else it has sent in between arrives.
func TestOldSync(t *testing.T) {
	all := ringOf(1, 2)
	all[1].Gather()
	if all[1].EndSync() || all[1].Send(votequorum.NodeInfo{Votes: 1}) {
		t.Error("sent without a ring")
	}
	_, _ = totem.Form(all)
	for _, m := range all {
		m.Enter()
	}
	var got []string
	for in, ok := all[0].Next(); ok; in, ok = all[0].Next() {
		if in != nil {
			got = append(got, fmt.Sprintf("%T", in))
		}
	}
	all[0].EndSync()
	if in, ok := all[0].Next(); !ok || in != nil || !all[0].Syncing() {
		t.Errorf("the sync ends before node 2 has ended it: %v", in)
	}
	if want := []string{"votequorum.Deliver", "votequorum.SyncProcess"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestNoToken: without its token a ring takes nothing and delivers nothing; when the
// token is back, what has waited is sent.
func TestNoToken(t *testing.T) {
	all := ringOf(1, 2)
	all[0].Send(votequorum.NodeInfo{Votes: 1})
	all[0].Ring.Break(true)
	if all[1].Send(votequorum.NodeInfo{Votes: 2}) {
		t.Error("sent without the token")
	}
	if in, ok := all[1].Next(); ok {
		t.Errorf("delivered without the token: %v", in)
	}
	all[0].Ring.Break(false)
	if !all[1].Resume() || all[0].Resume() {
		t.Error("node 2 had something to send, and node 1 had not")
	}
	for want := range uint32(2) {
		in, _ := all[1].Next()
		if d, ok := in.(votequorum.Deliver); !ok || d.Msg.(votequorum.NodeInfo).Votes != want+1 {
			t.Errorf("delivered %v, want message %d", in, want+1)
		}
	}
}

// TestFlush: what one of those that go on together has delivered or sent, all of them
// deliver; what only a node that is gone has seen, nobody does.
func TestFlush(t *testing.T) {
	var all []*totem.Member
	for id := range qnet.NodeID(3) {
		m := &totem.Member{ID: id + 1}
		m.Start()
		all = append(all, m)
	}
	if _, rest := totem.Form(all); rest != nil {
		t.Fatalf("nodes that come from nowhere deliver %v", rest)
	}
	for _, m := range all {
		m.Enter()
	}
	all[2].Send(votequorum.NodeInfo{Votes: 1}) // node 1 delivers it
	for range 4 {
		if _, ok := all[0].Next(); !ok {
			t.Fatal("there is nothing to deliver")
		}
	}
	all[1].Send(votequorum.NodeInfo{Votes: 2})
	all[2].Send(votequorum.NodeInfo{Votes: 3})
	_, rest := totem.Form(all[:2])
	var got []string
	for _, d := range rest {
		in := d.In.(votequorum.Deliver)
		got = append(got, fmt.Sprintf("%v gets %d of %v", d.To.ID, in.Msg.(votequorum.NodeInfo).Votes, in.From))
	}
	want := []string{"2 gets 1 of 3", "1 gets 2 of 2", "2 gets 2 of 2"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestGroups: links that are not transitive keep the first nodes together.
func TestGroups(t *testing.T) {
	reach := func(a, b int) bool { return a+b != 4 } // 1 and 3 do not reach each other
	if got := fmt.Sprint(totem.Groups([]int{1, 2, 3, 4}, reach)); got != "[[1 2 4] [3]]" {
		t.Error(got)
	}
	if got := fmt.Sprint(totem.Groups([]int{3, 1, 2, 4}, reach)); got != "[[3 2 4] [1]]" {
		t.Error(got)
	}
}

// TestLoss: the worst counts, and of each member and pair is asked.
func TestLoss(t *testing.T) {
	r, _ := totem.Form([]*totem.Member{{ID: 3}, {ID: 1}, {ID: 2}})
	var asked []string
	if loss := r.Loss(func(a, b *totem.Member) totem.Loss {
		if a.ID == 3 && a == b {
			return totem.Silent
		}
		return totem.Whole
	}); loss != totem.Silent {
		t.Errorf("a member is gone: %v", loss)
	}
	loss := r.Loss(func(a, b *totem.Member) totem.Loss {
		asked = append(asked, fmt.Sprint(a.ID, b.ID))
		if a.ID == 2 && b.ID == 1 {
			return totem.Loud
		}
		return totem.Whole
	})
	if loss != totem.Loud || len(asked) != 6 || r.Last().ID != 3 {
		t.Errorf("%v, asked of %v", loss, asked)
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/safedir"
	"github.com/quorate/quorate/internal/store"
	"github.com/quorate/quorate/internal/wire"
)

// memory is a place and a store in memory that any number of arbiters share.
type memory struct {
	mu   sync.Mutex
	recs map[string]store.Record
	fail error // of Save
}

var (
	_ store.Place = (*memory)(nil)
	_ store.Store = (*memory)(nil)
)

func newMemory() *memory { return &memory{recs: map[string]store.Record{}} }

func (*memory) String() string                                           { return "memory" }
func (*memory) File() string                                             { return "" }
func (m *memory) Open(context.Context, store.Spare) (store.Store, error) { return m, nil }
func (*memory) Prepare(safedir.Access) (made, given bool, err error)     { return false, false, nil }
func (*memory) ID() qnet.RegisterID                                      { return qnet.RegisterID{1} }
func (*memory) Shared() bool                                             { return true }
func (*memory) Doubt() error                                             { return nil }
func (*memory) Away() error                                              { return nil }
func (*memory) Return() (moved bool, err error)                          { return false, nil }
func (*memory) Close() error                                             { return nil }

func (m *memory) Writable() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fail
}

func (m *memory) setFail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

func (m *memory) Load(context.Context) (recs []store.Record, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(m.recs)) {
		recs = append(recs, m.recs[name])
	}
	return recs, nil
}

func (m *memory) Save(_ context.Context, recs []store.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	for _, r := range recs {
		if m.recs[r.Cluster].Revision != r.Revision {
			return fmt.Errorf("cluster %q: %w", r.Cluster, store.ErrChanged)
		}
	}
	for _, r := range recs {
		if r.Gone {
			delete(m.recs, r.Cluster)
			continue
		}
		r.Revision++
		m.recs[r.Cluster] = r
	}
	return nil
}

// record is what is stored of a cluster.
func (m *memory) record(cluster string) store.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.recs[cluster]
}

// errFull is what a full disk says.
var errFull = fmt.Errorf("%w: no space left on device", store.ErrReadOnly)

// TestStoreThatCantBeWritten: nothing is granted that can't be recorded, and it is as soon as it
// can be.
func TestStoreThatCantBeWritten(t *testing.T) {
	disk := newMemory()
	disk.fail = errFull
	a := startArbiter(t, func(cfg *Config) { cfg.Store = disk })
	p := a.dial(t)
	p.enter(1, whole, 1, 2)
	if v := p.vote(); v != qnet.VoteNACK {
		t.Errorf("on a full disk: %v", v)
	}
	if st := askStatus(t, a); !strings.Contains(st, errFull.Error()) {
		t.Errorf("the status does not say why: %s", st)
	}
	a.logs(t, "event=grant_not_recorded", "can't be recorded", "event=store_unusable")
	disk.setFail(nil)
	if v := p.vote(); v != qnet.VoteACK {
		t.Errorf("on a disk with room: %v", v)
	}
}

// TestSecondWriter: two arbiters have one register, and the cluster turns from one to the other
// and back. The one that it turns to finds that the record is another one's, reads it, gives the
// vote to nobody whom the record forbids it (H5), for as long as a holder may use it (H6), and
// then goes on: neither has to be started again.
func TestSecondWriter(t *testing.T) {
	const holdTime = 3 * time.Second // longer than the 2 s after which a node is told NACK (H8)
	shared := newMemory()
	start := func() *arbiterUnderTest {
		return startArbiter(t, func(cfg *Config) { cfg.Store, cfg.Machine.HoldTime = shared, holdTime })
	}
	// alone joins as one of two nodes that are alone in a ring.
	alone := func(a *arbiterUnderTest, node qnet.NodeID, seq uint64) *peer {
		p, ring := a.dial(t), qnet.RingID{Node: node, Seq: seq}
		p.enter(node, ring, node)
		return p
	}
	one, two := start(), start()
	time.Sleep(holdTime) // what both may have forgotten has passed
	for _, p := range one.pair(t, "prod") {
		_ = p.c.Close()
	}
	// turns has a node turn to an arbiter that has another record in mind. free is that whom the
	// record names holds the ring of the whole cluster, which the node has left (H4).
	turns := func(a *arbiterUnderTest, node qnet.NodeID, seq uint64, free bool) {
		t.Helper()
		before := shared.record("prod")
		p := alone(a, node, seq)
		for { // it is sent away, before it gets any vote but a no
			m, err := p.recv()
			if err != nil {
				break
			}
			if v, ok := m.(wire.VoteInfo); ok && v.Vote.V == qnet.VoteACK {
				t.Fatalf("node %d got the vote over the other arbiter's record", node)
			}
		}
		if now := shared.record("prod"); now.Revision != before.Revision {
			t.Fatalf("the record was replaced unread: %+v", now)
		}
		reread := time.Now()
		p = alone(a, node, seq)
		if !free {
			if v := p.vote(); v != qnet.VoteNACK {
				t.Fatalf("node %d: %v", node, v)
			}
		}
		if v := p.vote(); v != qnet.VoteACK {
			t.Fatalf("node %d: %v", node, v)
		}
		if d := time.Since(reread); !free && d < holdTime-100*time.Millisecond {
			t.Errorf("node %d has the vote after %v", node, d)
		}
		if now := shared.record("prod"); now.Revision != before.Revision+1 || !slices.Equal(now.Grant.Members, []qnet.NodeID{node}) {
			t.Errorf("on record is %+v", now)
		}
		_ = p.c.Close()
	}
	turns(two, 2, 10, true)
	turns(one, 1, 12, false)
	turns(two, 2, 14, false)
}

// TestReread: what another writer has changed of a batch is read again, all else is recorded, and
// the next write of the same grant finds its revision.
func TestReread(t *testing.T) {
	shared := newMemory()
	here, there := newCommitter(shared, nil, nil), newCommitter(shared, nil, nil)
	grant := func(n uint64, clusters ...string) (batch []qnetd.Persist) {
		for i, name := range clusters {
			batch = append(batch, qnetd.Persist{ID: uint64(i), Cluster: name, Grant: qnet.Grant{Ring: qnet.RingID{Node: 1, Seq: n}}})
		}
		return batch
	}
	write := func(c *committer, batch []qnetd.Persist) []qnetd.Input {
		return c.answers(t.Context(), c.commit(t.Context(), batch), batch)
	}
	write(there, grant(4, "b", "c"))
	batch := grant(8, "a", "b", "c", "d")
	theirs := grant(4, "b")[0].Grant
	want := []qnetd.Input{
		qnetd.Persisted{ID: 0}, qnetd.RecordChanged{ID: 1, Grant: theirs, Known: true},
		qnetd.RecordChanged{ID: 2, Grant: theirs, Known: true}, qnetd.Persisted{ID: 3},
	}
	if got := write(here, batch); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := write(here, grant(8, "b", "c")); !reflect.DeepEqual(got, []qnetd.Input{qnetd.Persisted{ID: 0}, qnetd.Persisted{ID: 1}}) {
		t.Errorf("the next try: %+v", got)
	}
	here.remove(t.Context(), []string{"b"})
	if got := write(there, grant(12, "b")); !reflect.DeepEqual(got, []qnetd.Input{qnetd.RecordChanged{ID: 0}}) {
		t.Errorf("a record that was removed: %+v", got)
	}
	if got := write(there, grant(12, "b")); !reflect.DeepEqual(got, []qnetd.Input{qnetd.Persisted{ID: 0}}) {
		t.Errorf("after that: %+v", got)
	}
}

// oddStore refuses whatever has the record of one cluster in it.
type oddStore struct {
	*memory
	odd   string
	calls int
}

func (s *oddStore) Save(ctx context.Context, recs []store.Record) error {
	s.calls++
	for _, r := range recs {
		if r.Cluster == s.odd {
			return errors.New("key too large")
		}
	}
	return s.memory.Save(ctx, recs)
}

// TestOneBadRecord: the grant of one cluster that can't be written keeps none of
// the others from theirs.
func TestOneBadRecord(t *testing.T) {
	st := &oddStore{memory: newMemory(), odd: string(bytes.Repeat([]byte("x"), 60000))}
	c := newCommitter(st, nil, nil)
	var batch []qnetd.Persist
	for i := range 100 {
		batch = append(batch, qnetd.Persist{ID: uint64(i), Cluster: "cluster" + string(rune('A'+i))})
	}
	batch[37].Cluster = st.odd
	results := c.commit(context.Background(), batch)
	for i, r := range results {
		if r.ID != uint64(i) || (r.Err != nil) != (i == 37) {
			t.Errorf("grant %d: %+v", i, r)
		}
	}
	if len(st.recs) != 99 || st.calls > 20 {
		t.Errorf("%d saved in %d calls", len(st.recs), st.calls)
	}
}

// TestForgottenRecord: a record that the machine wants no more is removed, and a grant that
// follows for a cluster of that name is stored as new.
func TestForgottenRecord(t *testing.T) {
	st, err := store.Open(filepath.Join(t.TempDir(), "grants.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	ctx := t.Context()
	c := newCommitter(st, nil, nil)
	count := func() int {
		recs, err := st.Load(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return len(recs)
	}
	grant := []qnetd.Persist{{ID: 1, Cluster: "prod"}}
	if r := c.commit(ctx, grant); r[0].Err != nil || count() != 1 {
		t.Fatalf("%+v, %d records", r, count())
	}
	c.remove(ctx, []string{"prod", "unknown"})
	if n := count(); n != 0 {
		t.Errorf("%d records are left", n)
	}
	if r := c.commit(ctx, grant); r[0].Err != nil || count() != 1 {
		t.Errorf("%+v, %d records", r, count())
	}
}

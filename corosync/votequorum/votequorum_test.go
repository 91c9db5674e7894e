// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/corosync/votequorum"
)

func TestMain(m *testing.M) { os.Exit(corotest.Main(m)) }

const device = "Qdevice"

// each runs a test against fakes and a real Corosync: node 1 alone, with a device
// of one vote.
func each(t *testing.T, f func(t *testing.T, o qb.Options)) {
	corotest.Each(t, func(s *corotest.Server) { s.Handle("votequorum", corotest.NewVotequorum(1)) }, f)
}

func dial(t *testing.T, o qb.Options) *votequorum.Client {
	t.Helper()
	return corotest.Dial(t, votequorum.Dial, o)
}

func track(t *testing.T, c *votequorum.Client) *votequorum.Tracker {
	t.Helper()
	tr, err := c.Track(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// start tracks and returns the ring.
func start(t *testing.T, tr *votequorum.Tracker) corosync.RingID {
	t.Helper()
	list, ok := corotest.Next(t, tr.Events()).(votequorum.NodeList)
	if !ok || len(list.Members) != 1 || list.Members[0] != 1 {
		t.Fatalf("the first event is %+v", list)
	}
	if q, ok := corotest.Next(t, tr.Events()).(votequorum.Quorum); !ok || len(q.Nodes) == 0 || q.Nodes[0] != (votequorum.NodeState{Node: 1, State: votequorum.Member}) {
		t.Fatalf("the second event is %+v", q)
	}
	return list.Ring
}

// TestDevice lives a device's life: registered, polled with and without its vote, and taken back.
func TestDevice(t *testing.T) {
	each(t, func(t *testing.T, o qb.Options) {
		c, ctx := dial(t, o), t.Context()
		tr := track(t, c)
		ring := start(t, tr)
		info := func() votequorum.Info {
			t.Helper()
			i, err := c.Info(ctx, 0)
			if err != nil {
				t.Fatal(err)
			}
			return i
		}
		if i := info(); i.Node != 1 || i.State != votequorum.Member || i.Votes != 1 || i.Expected != 2 || i.Quorum != 2 ||
			i.Total != 1 || i.Flags != 0 || i.DeviceVotes != 1 || i.DeviceName != "" {
			t.Errorf("at the start: %+v", i)
		}
		if err := errors.Join(c.Register(ctx, device), c.Register(ctx, device), c.Poll(ctx, device, true, ring)); err != nil {
			t.Fatal(err)
		}
		want := votequorum.Quorum{Quorate: true, Nodes: []votequorum.NodeState{{Node: 1, State: votequorum.Member}, {}}}
		if got := corotest.Next(t, tr.Events()); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if i := info(); i.Total != 2 || i.DeviceName != device || i.Flags != votequorum.Registered|votequorum.Alive|votequorum.CastVote|votequorum.Quorate {
			t.Errorf("with its vote: %+v", i)
		}
		if err := errors.Join(c.MasterWins(ctx, device, true), c.Rename(ctx, device, "other")); err != nil {
			t.Error(err)
		}
		for info().DeviceName != "other" { // it comes through the cluster
		}
		if err := c.Poll(ctx, "other", true, ring); err != nil {
			t.Error(err)
		}
		if i := info(); !i.Flags.Has(votequorum.MasterWins) || i.DeviceName != "other" {
			t.Errorf("with master wins and another name: %+v", i)
		}
		if err := errors.Join(c.MasterWins(ctx, "other", false), c.Poll(ctx, "other", false, ring)); err != nil {
			t.Error(err)
		}
		if got, ok := corotest.Next(t, tr.Events()).(votequorum.Quorum); !ok || got.Quorate {
			t.Errorf("without its vote: %+v", got)
		}
		if err := c.Unregister(ctx, "other"); err != nil {
			t.Error(err)
		}
		if i := info(); i.Flags != 0 {
			t.Errorf("at the end: %+v", i)
		}
		for info().DeviceName != "" {
		}
	})
}

// TestErrors compares the codes of what can't be done.
func TestErrors(t *testing.T) {
	each(t, func(t *testing.T, o qb.Options) {
		c, ctx := dial(t, o), t.Context()
		ring := start(t, track(t, c))
		unregistered := []error{c.Poll(ctx, device, true, ring), c.MasterWins(ctx, device, true), c.Unregister(ctx, device), c.Rename(ctx, device, "x")}
		if err := c.Register(ctx, device); err != nil {
			t.Fatal(err)
		}
		info := func(node uint32) error { _, err := c.Info(ctx, node); return err }
		again := func() error { _, err := c.Track(ctx); return err }
		old := corosync.RingID{Node: ring.Node, Seq: ring.Seq - 4}
		for _, x := range []struct {
			err  error
			code corosync.Code
			call string
		}{
			{unregistered[0], corosync.ErrNotExist, "poll"},
			{unregistered[1], corosync.ErrNotExist, "master wins"},
			{unregistered[2], corosync.ErrNotExist, "unregister"},
			{unregistered[3], corosync.ErrNotExist, "rename"},
			{c.Register(ctx, "other"), corosync.ErrExist, "register"},
			{c.Poll(ctx, device, true, old), corosync.ErrMessage, "poll"},
			{c.Poll(ctx, "other", true, old), corosync.ErrMessage, "poll"},
			{c.Poll(ctx, "other", true, ring), corosync.ErrInvalidParam, "poll"},
			{c.MasterWins(ctx, "other", true), corosync.ErrInvalidParam, "master wins"},
			{c.Unregister(ctx, "other"), corosync.ErrInvalidParam, "unregister"},
			{c.Register(ctx, ""), corosync.ErrInvalidParam, "register"},
			{c.Register(ctx, strings.Repeat("x", votequorum.MaxName+1)), corosync.ErrInvalidParam, "register"},
			{c.Register(ctx, "a\x00b"), corosync.ErrInvalidParam, "register"},
			{c.Rename(ctx, device, ""), corosync.ErrInvalidParam, "rename"},
			{info(7), corosync.ErrNotExist, "info of node 7"},
			{c.SetVotes(ctx, 7, 1), corosync.ErrNameNotFound, "set votes of node 7 to 1"},
			{c.SetExpected(ctx, 0), corosync.ErrInvalidParam, "set expected votes to 0"},
			{again(), corosync.ErrExist, "track"},
		} {
			corotest.Refused(t, x.err, "votequorum", x.call, x.code)
		}
		if c.Err() != nil {
			t.Errorf("the connection is over: %v", c.Err())
		}
	})
}

// TestVotes changes expected votes and a node's votes.
func TestVotes(t *testing.T) {
	each(t, func(t *testing.T, o qb.Options) {
		c, ctx := dial(t, o), t.Context()
		tr := track(t, c)
		start(t, tr)
		if err := errors.Join(c.SetExpected(ctx, 3), c.SetVotes(ctx, 1, 5), c.SetExpected(ctx, 5)); err != nil {
			t.Fatal(err)
		}
		expected := func(n uint32) votequorum.Event { return votequorum.ExpectedVotes{Votes: n} }
		for _, want := range []votequorum.Event{
			expected(3),
			expected(6), // never less than the votes there are, with the device's
			votequorum.Quorum{Quorate: true, Nodes: []votequorum.NodeState{{Node: 1, State: votequorum.Member}}},
			expected(5), expected(6),
		} {
			if got := corotest.Next(t, tr.Events()); !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		}
		if i, err := c.Info(ctx, 1); err != nil || i.Votes != 5 || i.Expected != 6 || i.Quorum != 4 {
			t.Errorf("got %+v, %v", i, err)
		}
	})
}

// TestStop tracks, stops, and tracks again.
func TestStop(t *testing.T) {
	each(t, func(t *testing.T, o qb.Options) {
		c := dial(t, o)
		for range 3 {
			tr := track(t, c)
			start(t, tr)
			if err := errors.Join(tr.Stop(t.Context()), tr.Stop(t.Context())); err != nil {
				t.Error(err)
			}
			if _, ok := <-tr.Events(); ok {
				t.Error("the channel stays open")
			}
		}
		tr := track(t, c)
		c.Close()
		for range tr.Events() {
		}
		if _, err := c.Track(t.Context()); !errors.Is(err, qb.ErrClosed) {
			t.Errorf("tracking when closed: %v", err)
		}
	})
}

// TestRegistered: a registration outlives its connection, and the vote with it.
func TestRegistered(t *testing.T) {
	each(t, func(t *testing.T, o qb.Options) {
		c, ctx := dial(t, o), t.Context()
		ring := start(t, track(t, c))
		if err := errors.Join(c.Register(ctx, device), c.Poll(ctx, device, true, ring), c.Close()); err != nil {
			t.Fatal(err)
		}
		i, err := dial(t, o).Info(ctx, 0)
		if err != nil || !i.Flags.Has(votequorum.CastVote) || i.Total != 2 {
			t.Errorf("got %+v, %v", i, err)
		}
	})
}

// TestDeath: the tracker learns of the daemon's end.
func TestDeath(t *testing.T) {
	d := corotest.Real(t, "")
	c := dial(t, qb.Options{})
	tr := track(t, c)
	d.Kill()
	corotest.Lost(t, tr.Events(), c.Err)
}

// TestSync: a ring waits for the device's poll, and cmap with it; votequorum does not.
func TestSync(t *testing.T) {
	s := corotest.New(t, corotest.Config{})
	fake := corotest.NewVotequorum(1, 2)
	s.Handle("votequorum", fake)
	s.Handle("cmap", corotest.NewCmap())
	c, ctx := dial(t, s.Options()), t.Context()
	keys, err := cmap.Dial(ctx, s.Options())
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	tr := track(t, c)
	first, _ := corotest.Next(t, tr.Events()).(votequorum.NodeList)
	if q, ok := corotest.Next(t, tr.Events()).(votequorum.Quorum); !ok || !q.Quorate {
		t.Fatalf("two nodes of two and a device: %+v", q)
	}
	if err := errors.Join(c.Register(ctx, device), c.Poll(ctx, device, true, first.Ring)); err != nil {
		t.Fatal(err)
	}
	ring := corosync.RingID{Node: 1, Seq: 8}
	s.Stall(func() { fake.Ring(ring, 1) })
	if got := corotest.Next(t, tr.Events()); !reflect.DeepEqual(got, votequorum.NodeList{Ring: ring, Members: []uint32{1}}) {
		t.Errorf("got %+v", got)
	}
	set := make(chan error, 1)
	go func() { set <- keys.Set(ctx, "test.key", cmap.Uint8Value(1)) }()
	if err := c.Poll(ctx, device, true, first.Ring); !errors.Is(err, corosync.ErrMessage) {
		t.Errorf("a poll with the old ring: %v", err)
	}
	if i, err := c.Info(ctx, 2); err != nil || i.State != votequorum.Dead {
		t.Errorf("got %+v, %v", i, err)
	}
	if len(tr.Events()) != 0 || len(set) != 0 {
		t.Error("the sync has not waited")
	}
	if err := errors.Join(c.Poll(ctx, device, true, ring), <-set); err != nil {
		t.Error(err)
	}
	want := votequorum.Quorum{Quorate: true, Nodes: []votequorum.NodeState{
		{Node: 1, State: votequorum.Member}, {Node: 2, State: votequorum.Dead}, {},
	}}
	if got := corotest.Next(t, tr.Events()); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	s.Stall(func() { fake.Ring(corosync.RingID{Node: 1, Seq: 12}, 1); fake.Timeout() }) // nobody polls
	if list, q := corotest.Next(t, tr.Events()), corotest.Next(t, tr.Events()); list == nil || q.(votequorum.Quorum).Quorate {
		t.Errorf("after the timeout: %+v, %+v", list, q)
	}
}

// TestForbidden: a configuration that allows no device.
func TestForbidden(t *testing.T) {
	s := corotest.New(t, corotest.Config{})
	fake := corotest.NewVotequorum(1)
	fake.Forbid()
	s.Handle("votequorum", fake)
	c := dial(t, s.Options())
	if err := c.Register(t.Context(), device); !errors.Is(err, corosync.ErrAccess) {
		t.Errorf("got %v", err)
	}
}

func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, err := corotest.Start(corotest.Config{}) // without these lines: the machine's Corosync
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	server.Handle("votequorum", corotest.NewVotequorum(1))

	client, err := votequorum.Dial(ctx, server.Options())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	tracker, err := client.Track(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := client.Register(ctx, "Qdevice"); err != nil {
		fmt.Println(err)
		return
	}
	for event := range tracker.Events() { // the state first, then each change
		switch e := event.(type) {
		case votequorum.NodeList:
			fmt.Println("ring", e.Ring, "members", e.Members)
			if err := client.Poll(ctx, "Qdevice", true, e.Ring); err != nil {
				fmt.Println(err)
				return
			}
		case votequorum.Quorum:
			fmt.Println("quorate", e.Quorate)
			if e.Quorate {
				return
			}
		}
	}
	// Output:
	// ring 1.4 members [1]
	// quorate false
	// quorate true
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package quorum_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/corosync/quorum"
	"github.com/quorate/quorate/corosync/votequorum"
)

func TestMain(m *testing.M) { os.Exit(corotest.Main(m)) }

func dial(t *testing.T, o qb.Options) *quorum.Client {
	t.Helper()
	return corotest.Dial(t, quorum.Dial, o)
}

func track(t *testing.T, c *quorum.Client) <-chan quorum.Event {
	t.Helper()
	events, err := c.Track(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// expect compares the next events.
func expect(t *testing.T, events <-chan quorum.Event, want ...quorum.Event) {
	t.Helper()
	for _, w := range want {
		if got := corotest.Next(t, events); !reflect.DeepEqual(got, w) {
			t.Errorf("got %+v, want %+v", got, w)
		}
	}
}

// TestTrack plays a node that leaves and one that comes, against both transports
// and an old daemon.
func TestTrack(t *testing.T) {
	for name, cfg := range map[string]corotest.Config{
		"shared": {}, "shared32": {Layout: qb.Layout32}, "socket": {Socket: true}, "old": {},
	} {
		t.Run(name, func(t *testing.T) {
			s, fake, old := corotest.New(t, cfg), corotest.NewQuorum(1, 2), name == "old"
			if old {
				fake.Old()
			}
			s.Handle("quorum", fake)
			c := dial(t, s.Options())
			events := track(t, c)
			ring := func(seq uint64) corosync.RingID { return corosync.RingID{Node: 1, Seq: seq} }
			check := func(quorate bool, list quorum.NodeList) {
				t.Helper()
				q := quorum.Quorum{Quorate: quorate, Ring: list.Ring, Members: list.Members}
				if old {
					q.Ring.Node = 0
					expect(t, events, q)
				} else {
					expect(t, events, list, q)
				}
				if got, err := c.Quorate(t.Context()); err != nil || got != quorate {
					t.Errorf("quorate %v, %v", got, err)
				}
			}
			check(true, quorum.NodeList{Ring: ring(4), Members: []uint32{1, 2}})
			s.Stall(func() { fake.Set(false, ring(8), 1) })
			check(false, quorum.NodeList{Ring: ring(8), Members: []uint32{1}, Left: []uint32{2}})
			s.Stall(func() { fake.Set(true, ring(12), 3, 1) })
			check(true, quorum.NodeList{Ring: ring(12), Members: []uint32{1, 3}, Joined: []uint32{3}})
			if _, err := c.Track(t.Context()); !errors.Is(err, corosync.ErrExist) {
				t.Errorf("a second tracker: %v", err)
			}
			if !c.Provided() {
				t.Error("no provider")
			}
			s.Kill()
			if _, ok := <-events; ok {
				t.Error("the channel stays open")
			}
			corotest.Lost(t, events, c.Err)
		})
	}
}

// TestReal wins quorum on a real Corosync, and kills it.
func TestReal(t *testing.T) {
	d := corotest.Real(t, "")
	c, ctx := dial(t, qb.Options{}), t.Context()
	events := track(t, c)
	list, ok := (<-events).(quorum.NodeList)
	if !ok || list.Ring.Node != 1 || !reflect.DeepEqual(list.Members, []uint32{1}) || list.Joined != nil || list.Left != nil {
		t.Fatalf("the first event is %+v", list)
	}
	expect(t, events, quorum.Quorum{Ring: list.Ring, Members: []uint32{1}})
	if q, err := c.Quorate(ctx); q || err != nil || !c.Provided() {
		t.Errorf("quorate %v, %v, provided %v", q, err, c.Provided())
	}
	v, err := votequorum.Dial(ctx, qb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if err := errors.Join(v.Register(ctx, "Qdevice"), v.Poll(ctx, "Qdevice", true, list.Ring)); err != nil {
		t.Fatal(err)
	}
	expect(t, events, quorum.Quorum{Quorate: true, Ring: list.Ring, Members: []uint32{1}})
	if q, err := c.Quorate(ctx); !q || err != nil {
		t.Errorf("quorate %v, %v", q, err)
	}
	d.Kill()
	corotest.Lost(t, events, c.Err)
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
	fake := corotest.NewQuorum(1, 2)
	server.Handle("quorum", fake)

	client, err := quorum.Dial(ctx, server.Options())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	events, err := client.Track(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	server.Stall(func() { fake.Set(false, corosync.RingID{Node: 1, Seq: 8}, 1) }) // node 2 is lost
	for event := range events {
		switch e := event.(type) {
		case quorum.NodeList:
			fmt.Println("ring", e.Ring, "members", e.Members, "left", e.Left)
		case quorum.Quorum:
			fmt.Println("quorate", e.Quorate)
			if !e.Quorate {
				return
			}
		}
	}
	// Output:
	// ring 1.4 members [1 2] left []
	// quorate true
	// ring 1.8 members [1] left [2]
	// quorate false
}

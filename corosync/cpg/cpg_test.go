// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cpg_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/cpg"
	"github.com/quorate/quorate/corosync/qb"
)

func TestMain(m *testing.M) { os.Exit(corotest.Main(m)) }

const group = "test"

// each runs a test against fakes and a real Corosync.
func each(t *testing.T, f func(t *testing.T, o qb.Options)) {
	corotest.Each(t, func(s *corotest.Server) { s.Handle("cpg", corotest.NewCpg(1)) }, f)
}

func dial(t *testing.T, o qb.Options) *cpg.Client {
	t.Helper()
	return corotest.Dial(t, cpg.Dial, o)
}

// member joins, and takes the events of its joining.
func member(t *testing.T, o qb.Options, pid uint32) (*cpg.Client, <-chan cpg.Event) {
	t.Helper()
	c := dial(t, o)
	events, err := c.JoinAs(t.Context(), group, pid)
	if err != nil {
		t.Fatal(err)
	}
	self := cpg.Address{Node: 1, PID: pid}
	m, ok := corotest.Next(t, events).(cpg.Membership)
	if !ok || !slices.Contains(m.Members, self) || !slices.Equal(m.Joined, []cpg.Change{{Address: self, Reason: cpg.Joined}}) || m.Left != nil {
		t.Fatalf("the first event is %+v", m)
	}
	if r, ok := corotest.Next(t, events).(cpg.Ring); !ok || !slices.Equal(r.Members, []uint32{1}) || r.Ring.Node != 1 && r.Ring.Node != 0 {
		t.Fatalf("the second event is %+v", r)
	}
	return c, events
}

// expect compares the next event.
func expect(t *testing.T, events <-chan cpg.Event, want cpg.Event) {
	t.Helper()
	if got := corotest.Next(t, events); !reflect.DeepEqual(got, want) {
		t.Errorf("got %.200v, want %.200v", got, want)
	}
}

// send sends, again and again while there is no room.
func send(t *testing.T, c *cpg.Client, data []byte) {
	t.Helper()
	err := c.Send(t.Context(), data)
	for errors.Is(err, corosync.ErrTryAgain) {
		err = c.Send(t.Context(), data)
	}
	if err != nil {
		t.Error(err)
	}
}

// TestGroup joins, sends and leaves with three members, one of which just ends.
func TestGroup(t *testing.T) {
	each(t, func(t *testing.T, o qb.Options) {
		a, b, c := cpg.Address{Node: 1, PID: 10}, cpg.Address{Node: 1, PID: 20}, cpg.Address{Node: 1, PID: 30}
		one, first := member(t, o, 10)
		two, second := member(t, o, 20)
		expect(t, first, cpg.Membership{Members: []cpg.Address{a, b}, Joined: []cpg.Change{{Address: b, Reason: cpg.Joined}}})
		if two.Self() != b {
			t.Errorf("self is %s", two.Self())
		}
		for _, data := range [][]byte{[]byte("hello"), {}} {
			send(t, one, data)
			expect(t, first, cpg.Message{From: a, Data: data})
			expect(t, second, cpg.Message{From: a, Data: data})
		}
		three, third := member(t, o, 30)
		joined := cpg.Membership{Members: []cpg.Address{a, b, c}, Joined: []cpg.Change{{Address: c, Reason: cpg.Joined}}}
		expect(t, first, joined)
		expect(t, second, joined)
		if err := two.Leave(t.Context()); err != nil {
			t.Error(err)
		}
		left := cpg.Membership{Members: []cpg.Address{a, c}, Left: []cpg.Change{{Address: b, Reason: cpg.Left}}}
		for _, events := range []<-chan cpg.Event{first, second, third} {
			expect(t, events, left)
		}
		if _, ok := <-second; ok {
			t.Error("the channel of the one that left stays open")
		}
		if err := errors.Join(three.Close()); err != nil {
			t.Error(err)
		}
		expect(t, first, cpg.Membership{Members: []cpg.Address{a}, Left: []cpg.Change{{Address: c, Reason: cpg.ProcDown}}})
		for range third {
		}
	})
}

// TestLong sends messages around and far above the length of a fragment, from two
// members at once.
func TestLong(t *testing.T) {
	each(t, func(t *testing.T, o qb.Options) {
		one, first := member(t, o, 10)
		two, second := member(t, o, 20)
		corotest.Next(t, first) // the other's joining
		const atomic = 1<<20 - 1024
		lengths := []int{atomic, atomic + 1, 2 * atomic, 2*atomic + 1, 5 << 20}
		var wg sync.WaitGroup
		for i, c := range []*cpg.Client{one, two} {
			wg.Go(func() {
				for _, n := range lengths {
					send(t, c, pattern(i, n))
				}
			})
		}
		got := [2][]cpg.Message{}
		for i, events := range []<-chan cpg.Event{first, second} {
			wg.Go(func() {
				for range 2 * len(lengths) {
					m, _ := corotest.Next(t, events).(cpg.Message)
					got[i] = append(got[i], m)
				}
			})
		}
		wg.Wait()
		seen := map[uint32]int{}
		for i, m := range got[0] {
			if other := got[1][i]; other.From != m.From || !bytes.Equal(other.Data, m.Data) {
				t.Fatalf("message %d is from %s and %s", i, m.From, other.From)
			}
			if n := lengths[seen[m.From.PID]]; !bytes.Equal(m.Data, pattern(int(m.From.PID/10)-1, n)) {
				t.Errorf("message %d from %s has %d bytes, wants %d", i, m.From, len(m.Data), n)
			}
			seen[m.From.PID]++
		}
	})
}

// pattern returns n bytes that tell who has sent them.
func pattern(seed, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i>>8 ^ i*7 + seed)
	}
	return b
}

// TestOrder: three members at once send many messages, and all see one order.
func TestOrder(t *testing.T) {
	each(t, func(t *testing.T, o qb.Options) {
		const members, each = 3, 1000
		var clients []*cpg.Client
		var channels []<-chan cpg.Event
		for i := range members {
			c, events := member(t, o, uint32(i+1))
			for _, earlier := range channels {
				corotest.Next(t, earlier)
			}
			clients, channels = append(clients, c), append(channels, events)
		}
		var wg sync.WaitGroup
		orders := make([][]string, members)
		for i := range members {
			wg.Go(func() {
				for n := range each {
					send(t, clients[i], fmt.Append(nil, n))
				}
			})
			wg.Go(func() {
				for range members * each {
					m, _ := corotest.Next(t, channels[i]).(cpg.Message)
					orders[i] = append(orders[i], fmt.Sprint(m.From.PID, " ", string(m.Data)))
				}
			})
		}
		wg.Wait()
		for i, o := range orders {
			if !slices.Equal(o, orders[0]) {
				t.Errorf("member %d sees another order", i+1)
			}
		}
		last := map[string]int{}
		for i, s := range orders[0] {
			who, number, _ := strings.Cut(s, " ")
			if number != fmt.Sprint(last[who]) {
				t.Fatalf("place %d is %s, wants number %d of it", i, s, last[who])
			}
			last[who]++
		}
	})
}

// TestLists asks who is in what.
func TestLists(t *testing.T) {
	each(t, func(t *testing.T, o qb.Options) {
		ctx := t.Context()
		member(t, o, 10)
		member(t, o, 20)
		c := dial(t, o)
		if _, err := c.JoinAs(ctx, "a\x00b", 30); err != nil {
			t.Fatal(err)
		}
		if id, err := c.LocalNode(ctx); err != nil || id != 1 {
			t.Errorf("local node %d, %v", id, err)
		}
		list, err := c.Members(ctx, group)
		if err != nil || !slices.Equal(list, []cpg.Address{{Node: 1, PID: 10}, {Node: 1, PID: 20}}) {
			t.Errorf("got %v, %v", list, err)
		}
		if list, err := c.Members(ctx, "nobody"); err != nil || list != nil {
			t.Errorf("got %v, %v", list, err)
		}
		for groups, err := c.Groups(ctx); len(groups) != 2; groups, err = c.Groups(ctx) { // the third may still be joining
			if err != nil {
				t.Fatal(err)
			}
		}
		groups, err := c.Groups(ctx)
		if slices.Sort(groups); err != nil || !slices.Equal(groups, []string{"a\x00b", group}) {
			t.Errorf("got %q, %v", groups, err)
		}
		all, err := c.Processes(ctx)
		slices.SortFunc(all, func(a, b cpg.Process) int { return cmp.Compare(a.PID, b.PID) })
		if want := []cpg.Process{
			{Group: group, Address: cpg.Address{Node: 1, PID: 10}}, {Group: group, Address: cpg.Address{Node: 1, PID: 20}},
			{Group: "a\x00b", Address: cpg.Address{Node: 1, PID: 30}},
		}; err != nil || !slices.Equal(all, want) {
			t.Errorf("got %v, %v", all, err)
		}
	})
}

// TestErrors compares the codes of what can't be done.
func TestErrors(t *testing.T) {
	each(t, func(t *testing.T, o qb.Options) {
		c, ctx := dial(t, o), t.Context()
		join := func(c *cpg.Client, name string) error { _, err := c.JoinAs(ctx, name, 10); return err }
		before := []error{c.Send(ctx, nil), c.Leave(ctx), join(c, ""), join(c, strings.Repeat("x", cpg.MaxGroup+1))}
		member(t, o, 10)
		other, _ := member(t, o, 20)
		if err := other.Leave(ctx); err != nil {
			t.Error(err)
		}
		for _, x := range []struct {
			err  error
			code corosync.Code
			call string
		}{
			{before[0], corosync.ErrNotExist, "send"},
			{before[1], corosync.ErrNotExist, "leave"},
			{before[2], corosync.ErrInvalidParam, "join"},
			{before[3], corosync.ErrInvalidParam, "join"},
			{join(c, group), corosync.ErrExist, "join"},     // who is in already
			{join(c, group), corosync.ErrExist, "join"},     // and again
			{join(other, "new"), corosync.ErrExist, "join"}, // a client that had its group
			{other.Send(ctx, nil), corosync.ErrNotExist, "send"},
			{other.Leave(ctx), corosync.ErrNotExist, "leave"},
		} {
			corotest.Refused(t, x.err, "cpg", x.call, x.code)
		}
		if err := join(c, "x"); err != nil { // a refusal is no reason not to try again
			t.Error(err)
		}
		if err := c.Send(ctx, make([]byte, cpg.MaxMessage+1)); !errors.Is(err, corosync.ErrTooBig) || c.Err() != nil {
			t.Errorf("got %v, connection %v", err, c.Err())
		}
	})
}

// TestNodes plays another node: its member's messages, whole and in pieces, and its end.
func TestNodes(t *testing.T) {
	s, fake := corotest.New(t, corotest.Config{}), corotest.NewCpg(1)
	s.Handle("cpg", fake)
	c, events := member(t, s.Options(), 10)
	self, other := c.Self(), cpg.Address{Node: 2, PID: 99}
	s.Stall(func() {
		fake.Ring(corosync.RingID{Node: 1, Seq: 8}, 1, 2)
		fake.Join(group, other)
		fake.Send(group, other, []byte("short"))
		fake.Fragment(group, other, 1, 6, []byte("lo"))
		fake.Send(group, other, []byte("between"))
		fake.Fragment(group, other, 2, 6, []byte("ng"))
		fake.Fragment(group, other, 3, 6, []byte("er"))
		fake.Fragment(group, other, 1, 6, []byte("never"))
		fake.Ring(corosync.RingID{Node: 1, Seq: 12}, 1)
	})
	for _, want := range []cpg.Event{
		cpg.Ring{Ring: corosync.RingID{Node: 1, Seq: 8}, Members: []uint32{1, 2}},
		cpg.Membership{Members: []cpg.Address{self, other}, Joined: []cpg.Change{{Address: other, Reason: cpg.Joined}}},
		cpg.Message{From: other, Data: []byte("short")},
		cpg.Message{From: other, Data: []byte("between")},
		cpg.Message{From: other, Data: []byte("longer")},
		cpg.Membership{Members: []cpg.Address{self}, Left: []cpg.Change{{Address: other, Reason: cpg.NodeDown}}},
		cpg.Ring{Ring: corosync.RingID{Node: 1, Seq: 12}, Members: []uint32{1}},
	} {
		expect(t, events, want)
	}
	s.Stall(func() {
		fake.Join(group, other)
		fake.Fragment(group, other, 1, cpg.MaxMessage+1, []byte("x"))
	})
	for range events {
	}
	if err := c.Err(); !errors.Is(err, corosync.ErrTooBig) {
		t.Errorf("a message that is too long: %v", err)
	}
}

// TestFlow: a refused message is the caller's to repeat; within a long one the
// client waits, and gives up with the context, and a change of members breaks it off.
func TestFlow(t *testing.T) {
	s := corotest.New(t, corotest.Config{})
	fake, refuse, parts := corotest.NewCpg(1), 0, 0
	refused := make(chan struct{}, 1000)
	s.Handle("cpg", corotest.Func(func(p *corotest.Peer, r *qb.Reader) {
		if r.ID() != 12 {
			fake.Serve(p, r)
			return
		}
		if parts++; parts > 1 && refuse > 0 {
			refuse--
			refused <- struct{}{}
			p.Status(0, corosync.ErrTryAgain)
			return
		}
		fake.Serve(p, r)
	}))
	c, events := member(t, s.Options(), 10)
	s.Peers("cpg")[0].SetFlow(2)
	if err := c.Send(t.Context(), []byte("x")); !errors.Is(err, corosync.ErrTryAgain) {
		t.Errorf("while the queue is full: %v", err)
	}
	s.Peers("cpg")[0].SetFlow(0)
	long := make([]byte, 3<<20)
	s.Stall(func() { refuse = 3 })
	if err := c.Send(t.Context(), long); err != nil {
		t.Error(err)
	}
	expect(t, events, cpg.Message{From: c.Self(), Data: long})

	s.Stall(func() { refuse, parts = 1<<30, 0 })
	for len(refused) > 0 {
		<-refused
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- c.Send(ctx, long) }()
	<-refused
	second := make(chan error, 1)
	waiting, give := context.WithCancel(t.Context())
	go func() { second <- c.Send(waiting, long) }() // waits for its turn
	give()
	if err := <-second; !errors.Is(err, corosync.ErrInterrupt) {
		t.Errorf("the second: %v", err)
	}
	s.Stall(func() { refuse = 0; fake.Join(group, cpg.Address{Node: 2, PID: 1}) })
	if err := <-result; !errors.Is(err, corosync.ErrInterrupt) || errors.Is(err, context.Canceled) {
		t.Errorf("the membership has changed: %v", err)
	}
	cancel()
	if c.Err() != nil {
		t.Errorf("the connection is over: %v", c.Err())
	}
}

// TestDeath: a member learns of the daemon's end, also in the middle of a long message.
func TestDeath(t *testing.T) {
	d := corotest.Real(t, "")
	c, events := member(t, qb.Options{}, 10)
	result := make(chan error, 1)
	go func() {
		for {
			if err := c.Send(t.Context(), make([]byte, 5<<20)); err != nil && !errors.Is(err, corosync.ErrTryAgain) {
				result <- err
				return
			}
		}
	}()
	corotest.Next(t, events)
	d.Kill()
	for range events {
	}
	if err := <-result; !errors.Is(err, qb.ErrLost) || !errors.Is(c.Err(), qb.ErrLost) {
		t.Errorf("got %v, connection %v", err, c.Err())
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
	server.Handle("cpg", corotest.NewCpg(1))

	client, err := cpg.Dial(ctx, server.Options())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	events, err := client.JoinAs(ctx, "example", 4711)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := client.Send(ctx, []byte("hello")); err != nil {
		fmt.Println(err)
		return
	}
	for event := range events { // ends with the client's own leaving
		switch e := event.(type) {
		case cpg.Ring:
			fmt.Println("nodes", e.Members)
		case cpg.Membership:
			fmt.Println("members", e.Members)
		case cpg.Message:
			fmt.Printf("%s says %s\n", e.From, e.Data)
			if err := client.Leave(ctx); err != nil {
				fmt.Println(err)
				return
			}
		}
	}
	// Output:
	// members [1/4711]
	// nodes [1]
	// 1/4711 says hello
	// members []
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	vq "github.com/quorate/quorate/internal/votequorum"
	"github.com/quorate/quorate/internal/votequorum/vqtest"
)

// kinds names the outputs in short.
func kinds(outs []vq.Output) string {
	var words []string
	for _, o := range outs {
		word := strings.TrimPrefix(fmt.Sprintf("%T", o), "votequorum.")
		if m, ok := o.(vq.Multicast); ok {
			word = strings.TrimPrefix(fmt.Sprintf("%T", m.Msg), "votequorum.")
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// TestSync: what a node returns in each phase of a sync, with a device that
// keeps it waiting: it tells its votes and the ring first, and is done when the
// device has polled for this very ring.
func TestSync(t *testing.T) {
	m, _, err := vq.New(vq.Config{Node: 1, Nodes: vq.OneVoteEach(1, 2), Device: &vq.Device{Votes: 1}}, epoch, 0)
	if err != nil {
		t.Fatal(err)
	}
	one, two := qnet.RingID{Node: 1, Seq: 4}, qnet.RingID{Node: 1, Seq: 8}
	reg := vq.DeviceRegistration{Register: true, Name: "dev"}
	start := func(r qnet.RingID) vq.SyncStart { return vq.SyncStart{Ring: r, Members: []qnet.NodeID{1}} }
	poll := func(r qnet.RingID, cast bool) vq.Poll { return vq.Poll{Name: "dev", Ring: r, Cast: cast} }
	now := epoch
	for i, s := range []struct {
		after time.Duration
		in    vq.Input
		want  string
	}{
		{0, start(one), ""},
		{0, vq.SyncProcess{}, "NodeInfo NodeInfo NodeListNotice SyncDone"},
		{0, vq.SyncProcess{}, ""},
		{0, vq.SyncActivate{}, "QuorumNotice"},
		{0, vq.SyncActivate{}, ""},
		{0, vq.SyncProcess{}, ""},
		{0, vq.Register{Name: "dev"}, "DeviceRegistration"},
		{0, vq.Deliver{From: 1, Msg: reg}, "NodeInfo NodeInfo Answer"},
		{0, vq.Deliver{From: 1, Msg: reg}, ""},
		{0, poll(one, true), "NodeInfo Answer"},
		{time.Second, poll(one, true), "Answer"},
		{0, start(two), "Notice"},
		{0, poll(one, true), "Answer"},
		{0, vq.SyncProcess{}, "NodeInfo NodeInfo DeviceRegistration NodeListNotice"},
		{29 * time.Second, vq.Tick{}, ""},
		{0, poll(two, false), "NodeInfo Answer SyncDone"},
		{0, vq.SyncActivate{}, "QuorumNotice"},
		{0, start(one), "Notice"}, // the ring changes in the middle of a sync
		{0, vq.SyncProcess{}, "NodeInfo NodeInfo DeviceRegistration NodeListNotice"},
		{0, start(two), "Notice"},
		{0, vq.SyncProcess{}, "NodeInfo NodeInfo DeviceRegistration NodeListNotice"},
		{30 * time.Second, vq.Tick{}, "Notice NodeInfo SyncDone"},
		{0, vq.SyncActivate{}, "QuorumNotice"},
		{0, vq.Unregister{Name: "dev"}, "NodeInfo DeviceRegistration Answer"},
		{0, vq.Leave{}, ""},
	} {
		now = now.Add(s.after)
		if got := kinds(m.Step(now, s.in)); got != s.want {
			t.Errorf("step %d, %T%+v: %q, want %q", i, s.in, s.in, got, s.want)
		}
	}
}

// TestDeadline: a poll counts for the device's timeout, and a sync waits for
// sync_timeout; a timer that is due runs before what comes at that instant.
func TestDeadline(t *testing.T) {
	c := whole(t, 2, "device=1 timeout=6s sync_timeout=20s")
	m := c.Node(1).Machine
	if !m.Deadline().IsZero() {
		t.Errorf("a deadline without a device: %v", m.Deadline())
	}
	c.Device(1, "dev", true, true)
	c.Do(1, vq.Poll{Name: "dev", Ring: m.NodeList().Ring, Cast: true})
	if got := m.Deadline().Sub(c.Now); got != 6*time.Second {
		t.Errorf("after a poll: %v, want 6s", got)
	}
	c.Down(2)
	c.Settle()
	if got := m.Deadline().Sub(c.Now); got != 20*time.Second || !m.Status().DeviceAwaited {
		t.Errorf("in sync: %v, want 20s", got)
	}
	late := m.Step(c.Now.Add(20*time.Second), vq.Poll{Name: "dev", Ring: m.NodeList().Ring, Cast: true})
	if got := kinds(late); got != "Notice NodeInfo NodeInfo Answer SyncDone" {
		t.Errorf("a poll that comes too late: %s", got)
	}
}

// TestDevicePolls: the device of vqtest keeps its vote alive, and loses it when it falls silent.
func TestDevicePolls(t *testing.T) {
	c := whole(t, 2, "device=auto")
	c.Device(1, "dev", true, false)
	c.Device(2, "dev", true, false)
	c.Advance(time.Hour)
	c.Down(1)
	c.Settle()
	if s := c.Status(2); !s.Quorate || s.Total != 2 {
		t.Errorf("the survivor: %v", s)
	}
	c.Device(2, "dev", true, true)
	c.Advance(vq.DefaultDeviceTimeout)
	if s := c.Status(2); s.Quorate || s.Flags.Has(vq.DeviceAlive) {
		t.Errorf("with a silent device: %v", s)
	}
}

// TestTwoTimers: the earlier one runs, and the other goes on.
func TestTwoTimers(t *testing.T) {
	c := whole(t, 4, "last_man_standing=1 last_man_standing_window=4s wait_for_all=1")
	c.Device(1, "dev", true, true)
	c.Do(1, vq.Poll{Name: "dev", Ring: c.Node(1).Machine.NodeList().Ring, Cast: true})
	c.Down(4)
	c.Settle()
	c.Do(1, vq.Poll{Name: "dev", Ring: c.Node(1).Machine.NodeList().Ring, Cast: true})
	c.Advance(4 * time.Second)
	if s := c.Status(1); !s.Flags.Has(vq.DeviceAlive) || s.Expected != 3 {
		t.Errorf("after the window: %v", s)
	}
	c.Advance(6 * time.Second)
	if s := c.Status(1); s.Flags.Has(vq.DeviceAlive) {
		t.Errorf("after the device's timeout: %v", s)
	}
}

// FuzzMachine gives a machine anything at all: it must not panic, and two
// machines must agree.
func FuzzMachine(f *testing.F) {
	f.Add([]byte("plain"))
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 255, 254, 0, 0, 0, 17, 3, 3})
	f.Fuzz(func(t *testing.T, data []byte) {
		next := func() byte {
			if len(data) == 0 {
				return 0
			}
			b := data[0]
			data = data[1:]
			return b
		}
		cfg, err := vqtest.Command{Args: strings.Fields("nodes=3 " + anyKind[int(next())%len(anyKind)])}.Settings(vq.Config{Node: 1})
		if err != nil {
			t.Fatal(err)
		}
		barrier := uint32(next())
		a, _, errA := vq.New(cfg, epoch, barrier)
		b, _, errB := vq.New(cfg, epoch, barrier)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		for now := epoch; len(data) > 0; now = now.Add(time.Duration(next()) * 100 * time.Millisecond) {
			in := anything(next)
			if x, y := a.Step(now, in), b.Step(now, in); !reflect.DeepEqual(x, y) {
				t.Fatalf("%T%+v: %v and %v", in, in, x, y)
			}
			if d := a.Deadline(); !d.IsZero() && !d.After(now) {
				t.Fatalf("deadline %v at %v", d, now)
			}
			if !reflect.DeepEqual(a.Status(), b.Status()) {
				t.Fatal("two statuses")
			}
		}
	})
}

func anything(next func() byte) vq.Input {
	votes := func() uint32 { return uint32(next()) << (next() % 25) }
	node := func() qnet.NodeID { return qnet.NodeID(next() % 5) }
	ring := qnet.RingID{Node: node(), Seq: uint64(next() % 3)}
	name := string("ab"[next()%2])
	switch next() % 18 {
	case 0:
		var members []qnet.NodeID
		for range next() % 5 {
			members = append(members, node())
		}
		return vq.SyncStart{Ring: ring, Members: members}
	case 1:
		return vq.SyncProcess{}
	case 2:
		return vq.SyncActivate{}
	case 3, 4, 5:
		return vq.Deliver{From: node(), Msg: vq.NodeInfo{Node: node(), Votes: votes(), Expected: votes(), Flags: vq.NodeFlags(votes())}}
	case 6:
		return vq.Deliver{From: node(), Msg: vq.Reconfigure{Param: vq.Param(next() % 5), Node: node(), Value: votes()}}
	case 7:
		return vq.Deliver{From: node(), Msg: vq.DeviceRegistration{Register: next()%2 == 0, Name: name}}
	case 8:
		return vq.Deliver{From: node(), Msg: vq.DeviceRename{Old: name, New: "b"}}
	case 9:
		return vq.Register{Name: name}
	case 10:
		return vq.Unregister{Name: name}
	case 11, 12:
		return vq.Poll{Name: name, Ring: ring, Cast: next()%2 == 0}
	case 13:
		return vq.MasterWins{Name: name, Allow: next()%2 == 0}
	case 14:
		return vq.SetExpected{Votes: votes()}
	case 15:
		return vq.SetVotes{Node: node(), Votes: votes()}
	case 16:
		cfg := vq.Config{Nodes: vq.OneVoteEach(1, 2, 3), TwoNode: next()%2 == 0, ExpectedVotes: votes()}
		if next()%2 == 0 {
			cfg.Device = &vq.Device{Votes: int64(votes()), Timeout: time.Duration(votes())}
		}
		return vq.Reload{Config: cfg}
	}
	return []vq.Input{vq.Leave{}, vq.CancelWaitForAll{}, vq.Tick{}, nil}[next()%4]
}

// ExampleMachine_Status has what corosync-quorumtool -s prints, when a node is lost.
func ExampleMachine_Status() {
	c := vqtest.New(time.Unix(1_000_000, 0))
	for id := range qnet.NodeID(2) {
		c.Add(vq.Config{Node: id + 1, Nodes: vq.OneVoteEach(1, 2), Device: &vq.Device{Votes: vq.AutoVotes}})
	}
	if err := c.Up(1, 2); err != nil {
		fmt.Println(err)
	}
	c.Settle()
	c.Device(1, "Qdevice", true, false)
	c.Device(2, "Qdevice", true, false)
	c.Down(2)
	c.Settle()
	s := c.Status(1)
	fmt.Printf("ring %v of %d, quorate: %t\n", s.Ring, len(s.Members), s.Quorate)
	fmt.Printf("votes: %d expected, %d there, %d needed, %d the device's\n", s.Expected, s.Total, s.NodeVotes.Quorum, s.DeviceVotes)
	fmt.Printf("flags: %v, device: %s\n", s.Flags, s.Flags.Qdevice())
	// Output:
	// ring 1.10 of 1, quorate: true
	// votes: 3 expected, 2 there, 2 needed, 1 the device's
	// flags: Quorate Qdevice, device: A,V,NMW
}

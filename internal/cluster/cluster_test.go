// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cluster

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
)

func TestMain(m *testing.M) { os.Exit(corotest.Main(m)) }

func limited(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// fakes is a fake Corosync of nodes 1 and 2, of which 2 is configured and away.
type fakes struct {
	*corotest.Server
	keys   *corotest.Cmap
	votes  *corotest.Votequorum
	quorum *corotest.Quorum
	cfg    *corotest.Cfg
}

func newFakes(t *testing.T, votes bool) *fakes {
	f := &fakes{
		Server: corotest.New(t, corotest.Config{}), keys: corotest.NewCmap(), votes: corotest.NewVotequorum(1, 2),
		quorum: corotest.NewQuorum(1, 2), cfg: corotest.NewCfg(1, netip.MustParseAddr("192.0.2.1")),
	}
	f.cfg.Addresses[2] = []netip.Addr{netip.MustParseAddr("192.0.2.2")}
	for k, v := range map[string]string{
		"totem.cluster_name": "fake", "quorum.device.model": "net", "quorum.device.net.host": "192.0.2.9",
		"quorum.device.net.algorithm": "lms", "quorum.device.net.tie_breaker": "2", "quorum.device.net.keep_active_partition_tie_breaker": "Off",
		"nodelist.node.0.name": "one", "nodelist.node.0.ring0_addr": "192.0.2.1", "nodelist.node.1.name": "two",
		"nodelist.node.2.name": "three", "nodelist.node.2.ring0_addr": "192.0.2.3", "nodelist.node.2.quorum_votes": "3",
	} {
		f.keys.Set(k, cmap.StringValue(v))
	}
	f.keys.Set("totem.config_version", cmap.Uint64Value(7))
	f.keys.Set("quorum.device.timeout", cmap.Uint32Value(9000))
	f.keys.Set("runtime.votequorum.this_node_id", cmap.Uint32Value(1))
	f.keys.Set("runtime.votequorum.wait_for_all_status", cmap.Uint8Value(1))
	for i, id := range []uint32{1, 2, 3} {
		f.keys.Set("nodelist.node."+string('0'+rune(i))+".nodeid", cmap.Uint32Value(id))
	}
	f.Handle("cmap", f.keys)
	f.Handle("quorum", f.quorum)
	f.Handle("cfg", f.cfg)
	if votes {
		f.keys.Set("quorum.provider", cmap.StringValue(provider))
		f.Handle("votequorum", f.votes)
	}
	return f
}

func open(t *testing.T, o qb.Options) *Client {
	t.Helper()
	c, err := Open(limited(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestSnapshot(t *testing.T) {
	f := newFakes(t, true)
	c := open(t, f.Options())
	got, err := c.Quorum(limited(t))
	if err != nil {
		t.Fatal(err)
	}
	want := &status.Quorum{
		Cluster: "fake", ConfigVersion: 7, Transport: "knet", SecureAuth: "off", Provider: provider, NodeID: 1,
		Ring: qnet.RingID{Node: 1, Seq: 4}, Quorate: true,
		Votequorum: &status.Votequorum{Expected: 3, HighestExpected: 3, Total: 2, Quorum: 2, Quorate: true, Waiting: true, DeviceVotes: 1},
		Members: []status.Member{
			{ID: 1, Name: "one", Address: "192.0.2.1", Votes: 1, Local: true, State: qnet.NodeStateMember, Expected: 3},
			{ID: 2, Name: "two", Address: "192.0.2.2", Votes: 1, State: qnet.NodeStateMember, Expected: 3},
		},
		Absent: []status.Absent{{ID: 3, Name: "three", Address: "192.0.2.3", Votes: 3, LastKnown: status.Member{ID: 3, Name: "three"}}},
		Device: &status.Device{Model: "net", Host: "192.0.2.9", Algorithm: qnet.LMS, TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: 2}, Timeout: 9000},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\n%+v\nwant\n%+v\n%+v", got, got.Votequorum, want, want.Votequorum)
	}
}

// A new ring is told, and the next snapshot is of it.
func TestChanges(t *testing.T) {
	f := newFakes(t, true)
	c := open(t, f.Options())
	for len(c.Changes()) > 0 {
		<-c.Changes()
	}
	f.Stall(func() {
		f.votes.Ring(corosync.RingID{Node: 1, Seq: 8}, 1)
		f.quorum.Set(false, corosync.RingID{Node: 1, Seq: 8}, 1)
	})
	for {
		select {
		case <-c.Changes():
		case <-limited(t).Done():
			t.Fatal("no change is told")
		}
		q, err := c.Quorum(limited(t))
		if err != nil {
			t.Fatal(err)
		}
		if q.Ring.Seq == 8 {
			if len(q.Members) != 1 || q.Quorate || len(q.Absent) != 2 || q.Absent[0] != (status.Absent{ID: 2, Name: "two", Votes: 1,
				LastKnown: status.Member{ID: 2, Name: "two", Votes: 1, State: qnet.NodeStateDead, Expected: 3}}) {
				t.Errorf("got %+v", q)
			}
			return
		}
	}
}

func TestWithoutVotequorum(t *testing.T) {
	f := newFakes(t, false)
	q, err := open(t, f.Options()).Quorum(limited(t))
	if err != nil {
		t.Fatal(err)
	}
	text := string(status.AppendQuorum(nil, q, time.Unix(0, 0).UTC()))
	if q.Votequorum != nil || len(q.Members) != 2 || !strings.Contains(text, "Quorum provider:  Not configured\nNodes:            2\nNode ID:          0x00000001\nRing ID:          4\nQuorate:          Yes\n\nMembership information\n----------------------\n    Nodeid Name\n0x00000001 192.0.2.1 (local)\n") {
		t.Errorf("got %+v\n%s", q, text)
	}
}

func TestNoCorosync(t *testing.T) {
	if _, err := Open(limited(t), qb.Options{Dir: t.TempDir()}); !errors.Is(err, corosync.ErrLibrary) {
		t.Errorf("got %v", err)
	}
	f := newFakes(t, true)
	c := open(t, f.Options())
	f.Close()
	select {
	case <-c.Done():
	case <-limited(t).Done():
		t.Fatal("its end is not told")
	}
	if q, err := c.Quorum(limited(t)); err == nil {
		t.Errorf("got %+v", q)
	}
}

// quorumtool is what the real tool prints, and its exit code.
func quorumtool(t *testing.T) (text string, code int) {
	t.Helper()
	out, err := exec.Command("corosync-quorumtool", "-siH").Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		code = exit.ExitCode()
	}
	return string(out), code
}

// undated takes the date away, which may have passed on.
func undated(t *testing.T, text string) string {
	t.Helper()
	var kept []string
	for line := range strings.Lines(text) {
		if date, ok := strings.CutPrefix(line, "Date:             "); ok {
			if _, err := time.ParseInLocation(time.ANSIC, strings.TrimSuffix(date, "\n"), time.Local); err != nil {
				t.Error(err)
			}
			line = "Date:             now\n"
		}
		kept = append(kept, line)
	}
	return strings.Join(kept, "")
}

// TestReal: the block is corosync-quorumtool's, letter by letter, on a real daemon:
// without and with a device, alive or not, casting or not, with flags and a reload.
func TestReal(t *testing.T) {
	d := corotest.Real(t, "quorum {\n wait_for_all: 1\n}\ntotem {\n secauth: on\n}\n")
	ctx := limited(t)
	c := open(t, qb.Options{})
	vq, err := votequorum.Dial(ctx, qb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer vq.Close()
	tracker, err := vq.Track(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ring := (<-tracker.Events()).(votequorum.NodeList).Ring
	compare := func(when string) {
		t.Helper()
		want, code := quorumtool(t)
		q, err := c.Quorum(ctx)
		if err != nil {
			t.Fatal(err)
		}
		got := string(status.AppendQuorum(nil, q, time.Now()))
		head, got, _ := strings.Cut(got, "\nQuorum information\n")
		if got, want = undated(t, "Quorum information\n"+got), undated(t, want); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", when, got, want)
		}
		if (code == 0) != q.Quorate || code == 1 {
			t.Errorf("%s: quorate %v, exit code %d", when, q.Quorate, code)
		}
		if want := "Cluster information\n-------------------\nName:             fake\nConfig Version:   1\nTransport:        knet\nSecure auth:      on\n"; head != want {
			t.Errorf("%s: got\n%s", when, head)
		}
		if q.Members[0].Name != "one" || q.Device == nil || q.Device.Host != "127.0.0.1" {
			t.Errorf("%s: got %+v", when, q)
		}
	}
	compare("without a device")
	for _, step := range []struct {
		when string
		do   func() error
	}{
		{"registered", func() error { return vq.Register(ctx, "Qdevice") }},
		{"casting", func() error { return vq.Poll(ctx, "Qdevice", true, ring) }},
		{"master wins", func() error { return vq.MasterWins(ctx, "Qdevice", true) }},
		{"not casting", func() error { return vq.Poll(ctx, "Qdevice", false, ring) }},
		{"renamed", func() error { return vq.Rename(ctx, "Qdevice", "A longer name") }},
		{"more votes", func() error { return vq.SetVotes(ctx, 1, 5) }},
		{"unregistered", func() error { return vq.Unregister(ctx, "A longer name") }},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.when, err)
		}
		compare(step.when)
	}
	d.Kill()
	select {
	case <-c.Done():
	case <-ctx.Done():
		t.Error("the daemon's end is not told")
	}
}

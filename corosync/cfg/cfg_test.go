// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cfg_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cfg"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/qb"
)

func TestMain(m *testing.M) { os.Exit(corotest.Main(m)) }

var loopback = netip.MustParseAddr("127.0.0.1")

// each runs a test against fakes and a real Corosync.
func each(t *testing.T, f func(t *testing.T, o qb.Options)) {
	corotest.Each(t, func(s *corotest.Server) { s.Handle("cfg", corotest.NewCfg(1, loopback)) }, f)
}

func fake(t *testing.T) (*corotest.Server, *corotest.Cfg) {
	t.Helper()
	s, svc := corotest.New(t, corotest.Config{}), corotest.NewCfg(1, loopback)
	s.Handle("cfg", svc)
	return s, svc
}

func dial(t *testing.T, o qb.Options) *cfg.Client {
	t.Helper()
	return corotest.Dial(t, cfg.Dial, o)
}

// TestState asks for what there is to know of a cluster of one node.
func TestState(t *testing.T) {
	each(t, func(t *testing.T, o qb.Options) {
		c, ctx := dial(t, o), t.Context()
		if id, err := c.LocalNode(ctx); err != nil || id != 1 {
			t.Errorf("local node %d, %v", id, err)
		}
		for _, node := range []uint32{0, 1} {
			if list, err := c.Addresses(ctx, node); err != nil || !slices.Equal(list, []netip.Addr{loopback}) {
				t.Errorf("addresses of node %d: %v, %v", node, list, err)
			}
		}
		links, err := c.Links(ctx)
		if err != nil || !slices.Equal(links, []cfg.Link{{Address: "127.0.0.1", Status: "n"}}) || !links[0].Up() {
			t.Errorf("links: %+v, %v", links, err)
		}
		s, err := c.NodeStatus(ctx, 1)
		if err != nil || s.Node != 1 || !s.Reachable || len(s.Links) != 1 || !s.Links[0].Enabled || !s.Links[0].Connected || s.Links[0].Source == "" {
			t.Errorf("node: %+v, %v", s, err)
		}
		if err := errors.Join(c.ReopenLogs(ctx), c.Reload(ctx)); err != nil {
			t.Error(err)
		}
	})
}

// TestErrors compares the codes of what can't be done.
func TestErrors(t *testing.T) {
	each(t, func(t *testing.T, o qb.Options) {
		c, ctx := dial(t, o), t.Context()
		addresses := func() error { _, err := c.Addresses(ctx, 7); return err }
		status := func() error { _, err := c.NodeStatus(ctx, 7); return err }
		if _, err := c.Track(ctx); err != nil {
			t.Fatal(err)
		}
		again := func() error { _, err := c.Track(ctx); return err }
		for _, x := range []struct {
			err  error
			code corosync.Code
			call string
		}{
			{addresses(), corosync.ErrNotExist, "addresses of node 7"},
			{status(), corosync.ErrFailedOperation, "status of node 7"},
			{c.KillNode(ctx, 7, "test"), corosync.ErrNotExist, "kill node 7"},
			{c.KillNode(ctx, 1, strings.Repeat("x", cfg.MaxReason+1)), corosync.ErrInvalidParam, "kill node 1"},
			{c.KillNode(ctx, 1, "a\x00b"), corosync.ErrInvalidParam, "kill node 1"},
			{c.Reply(ctx, true), corosync.ErrAccess, "reply to shutdown"},
			{again(), corosync.ErrExist, "track"},
		} {
			corotest.Refused(t, x.err, "cfg", x.call, x.code)
		}
		if c.Err() != nil {
			t.Errorf("the connection is over: %v", c.Err())
		}
	})
}

// shutdown asks for a shutdown in the background.
func shutdown(t *testing.T, c *cfg.Client, m cfg.Mode) <-chan error {
	result := make(chan error, 1)
	go func() { result <- c.Shutdown(t.Context(), m) }()
	return result
}

// TestShutdown lets one refuse, and then both agree, one by going.
func TestShutdown(t *testing.T) {
	each(t, func(t *testing.T, o qb.Options) {
		asker, one, two := dial(t, o), dial(t, o), dial(t, o)
		var requests [2]<-chan cfg.Request
		for i, c := range []*cfg.Client{one, two} {
			var err error
			if requests[i], err = c.Track(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		result := shutdown(t, asker, cfg.Ask)
		for _, r := range requests {
			if got := corotest.Next(t, r); got != (cfg.Request{Mode: cfg.Ask}) {
				t.Errorf("got %+v", got)
			}
		}
		if err := one.Shutdown(t.Context(), cfg.Ask); !errors.Is(err, corosync.ErrExist) {
			t.Errorf("a second shutdown: %v", err)
		}
		if err := errors.Join(one.Reply(t.Context(), true), two.Reply(t.Context(), false)); err != nil {
			t.Error(err)
		}
		if err := <-result; !errors.Is(err, corosync.ErrBusy) {
			t.Errorf("refused: %v", err)
		}
		result = shutdown(t, asker, cfg.Ask)
		corotest.Next(t, requests[0])
		corotest.Next(t, requests[1])
		if err := errors.Join(one.Reply(t.Context(), true), two.Close()); err != nil {
			t.Error(err)
		}
		if err := <-result; err != nil {
			t.Errorf("agreed: %v", err)
		}
	})
}

// TestRealShutdown ends a real Corosync in each way there is.
func TestRealShutdown(t *testing.T) {
	for _, mode := range []cfg.Mode{cfg.Ask, cfg.Regardless, cfg.Immediate} {
		t.Run(mode.String(), func(t *testing.T) {
			d := corotest.Real(t, "")
			c, listener := dial(t, qb.Options{}), dial(t, qb.Options{})
			requests, err := listener.Track(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			result := shutdown(t, c, mode)
			if mode != cfg.Immediate {
				if r := corotest.Next(t, requests); r.Mode != mode {
					t.Errorf("got %+v", r)
				}
				if err := listener.Reply(t.Context(), mode == cfg.Ask); err != nil {
					t.Error(err)
				}
			}
			if err := <-result; err != nil {
				t.Error(err)
			}
			<-d.Done()
			<-c.Done()
			for range requests {
			}
		})
	}
	t.Run("kill", func(t *testing.T) {
		d := corotest.Real(t, "")
		c := dial(t, qb.Options{})
		if err := c.KillNode(t.Context(), 1, "test"); err != nil && !errors.Is(err, qb.ErrLost) {
			t.Error(err)
		}
		<-d.Done()
	})
}

// TestRealReload reloads a file that is good, and one that is not.
func TestRealReload(t *testing.T) {
	d := corotest.Real(t, "")
	c := dial(t, qb.Options{})
	if err := errors.Join(d.Configure(2, ""), c.Reload(t.Context())); err != nil {
		t.Error(err)
	}
	if err := d.Configure(3, "nonsense {\n"); err != nil {
		t.Fatal(err)
	}
	if err := c.Reload(t.Context()); !errors.Is(err, corosync.ErrInvalidParam) {
		t.Errorf("got %v", err)
	}
}

// TestTimeout: whoever is silent stops a shutdown.
func TestTimeout(t *testing.T) {
	s, svc := fake(t)
	asker, silent := dial(t, s.Options()), dial(t, s.Options())
	requests, err := silent.Track(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	result := shutdown(t, asker, cfg.Ask)
	corotest.Next(t, requests)
	s.Stall(svc.Timeout)
	if err := <-result; !errors.Is(err, corosync.ErrBusy) {
		t.Errorf("got %v", err)
	}
	if r := corotest.Next(t, requests); !r.Late {
		t.Errorf("got %+v", r)
	}
	if err := silent.Reply(t.Context(), true); !errors.Is(err, corosync.ErrAccess) {
		t.Errorf("a late reply: %v", err)
	}
	s.Stall(func() {
		if svc.Down {
			t.Error("down all the same")
		}
	})
	s.Kill()
	if _, ok := <-requests; ok {
		t.Error("the channel stays open")
	}
	corotest.Lost(t, requests, silent.Err)
}

// TestCluster asks a fake of three nodes, one of them unreachable, over IPv6.
func TestCluster(t *testing.T) {
	s, svc := fake(t)
	six := []netip.Addr{netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("2001:db8:1::2")}
	two := cfg.NodeStatus{Node: 2, Reachable: true, OnwireMin: 1, OnwireMax: 2, OnwireUsed: 1, Links: []cfg.NodeLink{
		{Enabled: true, Connected: true, MTU: 1397, Source: "2001:db8::1", Destination: "2001:db8::2"},
		{Number: 3, Enabled: true, Dynamic: true, Source: "2001:db8:1::1", Destination: "2001:db8:1::2"},
	}}
	links := []cfg.Link{{Address: "2001:db8::1", Status: "n37"}, {Number: 3, Address: "2001:db8:1::1", Status: "n35"}}
	s.Stall(func() {
		svc.Nodes[2], svc.Nodes[3], svc.Addresses[2], svc.Links = two, cfg.NodeStatus{Node: 3}, six, links
		svc.Reload = func() corosync.Code { return corosync.ErrInvalidParam }
	})
	c, ctx := dial(t, s.Options()), t.Context()
	if got, err := c.NodeStatus(ctx, 2); err != nil || !reflect.DeepEqual(got, two) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := c.Addresses(ctx, 2); err != nil || !slices.Equal(got, six) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := c.Links(ctx); err != nil || !slices.Equal(got, links) || !got[0].Up() || got[1].Up() {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := c.Reload(ctx); !errors.Is(err, corosync.ErrInvalidParam) {
		t.Errorf("got %v", err)
	}
	if err := c.KillNode(ctx, 3, "down"); !errors.Is(err, corosync.ErrNotExist) {
		t.Errorf("kill of a node that is down: %v", err)
	}
	if err := errors.Join(c.KillNode(ctx, 2, "split"), c.ReopenLogs(ctx)); err != nil {
		t.Error(err)
	}
	s.Stall(func() {
		if svc.Killed[2] != "split" || svc.Reloads != 1 || svc.Reopens != 1 {
			t.Errorf("killed %v, %d reloads, logs reopened %d times", svc.Killed, svc.Reloads, svc.Reopens)
		}
	})
}

func TestUp(t *testing.T) {
	for status, want := range map[string]bool{
		"OK": true, "n3": true, "3n7": true, "n": true, "": false, "n1": false, "nd": false, "n?": false, "FAULTY": false, "n8": false,
	} {
		if got := (cfg.Link{Status: status}).Up(); got != want {
			t.Errorf("%q: %v", status, got)
		}
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
	server.Handle("cfg", corotest.NewCfg(1, netip.MustParseAddr("192.0.2.1")))

	client, err := cfg.Dial(ctx, server.Options())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	links, err := client.Links(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range links {
		fmt.Println("link", l.Number, l.Address, "up:", l.Up())
	}
	fmt.Println(client.Reload(ctx))
	// Output:
	// link 0 192.0.2.1 up: true
	// <nil>
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// netPlan is a network that a test plays: names, and what becomes of a connection
// attempt to an address.
type netPlan struct {
	names map[string]nameAnswer
	hosts map[string]hostAnswer

	mu    sync.Mutex
	start time.Time
	tried []string // "250ms 192.0.2.1:5403"
	open  int      // connections made and not closed
}

type nameAnswer struct {
	after time.Duration // 0: at once; less: never
	addrs string
}

type hostAnswer struct {
	after time.Duration // less than 0: never
	err   error
}

func (p *netPlan) dialer() *dialer {
	p.start = time.Now()
	return &dialer{lookup: p.lookup, dial: p.dial}
}

func wait(ctx context.Context, d time.Duration) error {
	if d < 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *netPlan) lookup(ctx context.Context, network, host string) ([]netip.Addr, error) {
	a := p.names[host]
	if err := wait(ctx, a.after); err != nil {
		return nil, err
	}
	var list []netip.Addr
	for f := range strings.FieldsSeq(a.addrs) {
		if addr := netip.MustParseAddr(f); network == "ip" || (network == "ip4") == addr.Is4() {
			list = append(list, addr)
		}
	}
	if len(list) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return list, nil
}

// planConn counts what is left open.
type planConn struct {
	net.Conn
	addr string
	plan *netPlan
}

func (c *planConn) Close() error {
	c.plan.mu.Lock()
	defer c.plan.mu.Unlock()
	c.plan.open--
	return nil
}

func (p *netPlan) dial(ctx context.Context, _, address string) (net.Conn, error) {
	p.mu.Lock()
	p.tried = append(p.tried, fmt.Sprint(time.Since(p.start), " ", address))
	p.mu.Unlock()
	h := p.hosts[address[:strings.LastIndexByte(address, ':')]]
	if err := wait(ctx, h.after); err != nil && h.err == nil {
		return nil, err
	}
	if h.err != nil {
		return nil, h.err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open++
	return &planConn{addr: address, plan: p}, nil
}

// TestDial: several names and addresses of the one arbiter are tried in their
// order and side by side (RFC 8305), and a name server that hangs holds up
// nothing but its own name (C3).
func TestDial(t *testing.T) {
	never := hostAnswer{after: -1}
	refused := hostAnswer{err: syscall.ECONNREFUSED}
	for name, c := range map[string]struct {
		place place
		names map[string]nameAnswer
		hosts map[string]hostAnswer
		tried string
		got   string // address, host and time, or an error
	}{
		"one address": {place: place{hosts: []string{"192.0.2.1"}}, tried: "0s 192.0.2.1:5403", got: "192.0.2.1:5403 host 0 after 0s"},
		"refused": {place: place{hosts: []string{"192.0.2.1"}}, hosts: map[string]hostAnswer{"192.0.2.1": refused},
			tried: "0s 192.0.2.1:5403", got: "the arbiter at 192.0.2.1 refused the connection on port 5403. Is it running there?"},
		"the first hangs": {place: place{hosts: []string{"192.0.2.1", "192.0.2.2"}}, hosts: map[string]hostAnswer{"192.0.2.1": never},
			tried: "0s 192.0.2.1:5403, 250ms 192.0.2.2:5403", got: "192.0.2.2:5403 host 1 after 250ms"},
		"the first is refused": {place: place{hosts: []string{"192.0.2.1", "192.0.2.2"}}, hosts: map[string]hostAnswer{"192.0.2.1": refused},
			tried: "0s 192.0.2.1:5403, 0s 192.0.2.2:5403", got: "192.0.2.2:5403 host 1 after 0s"},
		"the first is slow, and still faster": {place: place{hosts: []string{"192.0.2.1", "192.0.2.2"}},
			hosts: map[string]hostAnswer{"192.0.2.1": {after: 300 * time.Millisecond}, "192.0.2.2": {after: 100 * time.Millisecond}},
			tried: "0s 192.0.2.1:5403, 250ms 192.0.2.2:5403", got: "192.0.2.1:5403 host 0 after 300ms"},
		"families take turns": {place: place{hosts: []string{"a"}}, names: map[string]nameAnswer{"a": {addrs: "2001:db8::1 2001:db8::2 192.0.2.1"}},
			hosts: map[string]hostAnswer{"[2001:db8::1]": never, "[2001:db8::2]": never},
			tried: "0s [2001:db8::1]:5403, 250ms 192.0.2.1:5403", got: "192.0.2.1:5403 host 0 after 250ms"},
		"the first name hangs": {place: place{hosts: []string{"a", "b"}}, names: map[string]nameAnswer{"a": {after: -1}, "b": {addrs: "192.0.2.2"}},
			tried: "50ms 192.0.2.2:5403", got: "192.0.2.2:5403 host 1 after 50ms"},
		"the first name is a little late": {place: place{hosts: []string{"a", "b"}},
			names: map[string]nameAnswer{"a": {after: 20 * time.Millisecond, addrs: "192.0.2.1"}, "b": {addrs: "192.0.2.2"}},
			tried: "20ms 192.0.2.1:5403", got: "192.0.2.1:5403 host 0 after 20ms"},
		"the first name is late, and still preferred": {place: place{hosts: []string{"a", "b"}},
			names: map[string]nameAnswer{"a": {after: 100 * time.Millisecond, addrs: "192.0.2.1"}, "b": {addrs: "192.0.2.2 192.0.2.3"}},
			hosts: map[string]hostAnswer{"192.0.2.2": never},
			tried: "50ms 192.0.2.2:5403, 300ms 192.0.2.1:5403", got: "192.0.2.1:5403 host 0 after 300ms"},
		"the second name is late, and the first's address hangs": {place: place{hosts: []string{"192.0.2.1", "b"}},
			names: map[string]nameAnswer{"b": {after: time.Second, addrs: "192.0.2.2"}}, hosts: map[string]hostAnswer{"192.0.2.1": never},
			tried: "0s 192.0.2.1:5403, 1s 192.0.2.2:5403", got: "192.0.2.2:5403 host 1 after 1s"},
		"an unknown name": {place: place{hosts: []string{"x"}}, got: "the name x is not known: neither /etc/hosts nor the name server has it"},
		"IPv4 only": {place: place{hosts: []string{"2001:db8::1", "a"}, ipVersion: 4}, names: map[string]nameAnswer{"a": {addrs: "2001:db8::2 192.0.2.1"}},
			tried: "0s 192.0.2.1:5403", got: "192.0.2.1:5403 host 1 after 0s"},
		"the wrong family": {place: place{hosts: []string{"192.0.2.1"}, ipVersion: 6},
			got: "192.0.2.1 is no IPv6 address, but force_ip_version wants one"},
		"nothing answers": {place: place{hosts: []string{"192.0.2.1", "192.0.2.2"}}, hosts: map[string]hostAnswer{"192.0.2.1": never, "192.0.2.2": refused},
			tried: "0s 192.0.2.1:5403, 250ms 192.0.2.2:5403", got: "no answer from 192.0.2.1 port 5403: a firewall, or nothing there\n" +
				"the arbiter at 192.0.2.2 refused the connection on port 5403. Is it running there?"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &netPlan{names: c.names, hosts: c.hosts}
				ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
				defer cancel()
				c.place.port = 5403
				d := p.dialer()
				conn, host, err := d.connect(ctx, c.place)
				got := fmt.Sprint(err)
				if err == nil {
					got = fmt.Sprintf("%s host %d after %v", conn.(*planConn).addr, host, time.Since(p.start))
					_ = conn.Close()
				}
				if got != c.got {
					t.Errorf("got %s, want %s", got, c.got)
				}
				synctest.Wait()
				after(time.Second)
				if tried := strings.Join(p.tried, ", "); tried != c.tried {
					t.Errorf("tried %s, want %s", tried, c.tried)
				}
				if p.open != 0 {
					t.Errorf("%d connections left open", p.open)
				}
			})
		})
	}
}

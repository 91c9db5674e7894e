// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/daemon/daemontest"
	"github.com/quorate/quorate/internal/wire"
)

// dialFrom connects from another address of this host, and says nothing. It returns nil
// if that was reset at once.
func (a *arbiterUnderTest) dialFrom(t *testing.T, ip string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	c, err := d.Dial("tcp", a.addr)
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		return nil
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestStrangersKeepNobodyOut: connections that never become a node take no place of those
// that do: of another address at once, of the same one after a while.
func TestStrangersKeepNobodyOut(t *testing.T) {
	a := startArbiter(t, func(cfg *Config) { cfg.strangers, cfg.Machine.MaxClients = 20, 2 })
	for range 50 {
		a.dialFrom(t, "127.0.0.2")
	}
	begin := time.Now()
	nodes := a.pair(t, "prod") // from 127.0.0.1
	if d := time.Since(begin); d > strangerPatience/2 {
		t.Errorf("the nodes had to wait for %v", d)
	}
	if st := askStatus(t, a); !strings.Contains(st, `"clients":22,`) && !strings.Contains(st, `"clients":21,`) && !strings.Contains(st, `"clients":20,`) {
		t.Errorf("clients: %.200s", st)
	}
	_ = nodes[1].c.Close()
	for range 5 { // the nodes are no strangers any more: their places are free
		a.dialFrom(t, "127.0.0.2")
	}
	hello, err := wire.Append(nil, wire.Preinit{Seq: wire.Some(uint32(1)), ClusterName: wire.Some("prod")})
	if err != nil {
		t.Fatal(err)
	}
	daemontest.Settle(t, func() bool { // a client of the strangers' own address
		c := a.dialFrom(t, "127.0.0.2")
		if c == nil {
			return false
		}
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = c.Write(hello)
		n, err := c.Read(make([]byte, 100))
		return n > 0 && err == nil
	}, func() string { return "strangers keep a client of their own address out" })
	nodes[0].echo()
}

// TestSources: an IPv6 host is the whole network that it has addresses of.
func TestSources(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::", "fe80::1%eth0": "fe80::",
	} {
		if got := sourceOf(netip.MustParseAddr(addr)).String(); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}

// TestLargeHandshake: who sends more than a handshake needs is given up, and holds no more
// memory than that.
func TestLargeHandshake(t *testing.T) {
	a := startSecureArbiter(t, nil)
	p := a.dial(t)
	p.send(wire.Preinit{Seq: p.number(), ClusterName: wire.Some("prod")})
	p.next()
	p.send(wire.StartTLS{Seq: p.number()})
	// A ClientHello that is as long as TLS allows, in records of 16 KiB.
	for i := range 4 {
		head := []byte{22, 3, 1, 0x40, 0}
		body := make([]byte, 0x4000)
		if i == 0 {
			copy(body, []byte{1, 0, 0xff, 0x00})
		}
		if _, err := p.c.Write(append(head, body...)); err != nil {
			break // it was given up already
		}
	}
	if m, err := p.recv(); err == nil {
		t.Errorf("answered with %+v", m)
	}
	daemontest.Settle(t, func() bool { return strings.Contains(a.log.String(), errShakes.Error()) }, func() string { return "the log does not say why" })
}

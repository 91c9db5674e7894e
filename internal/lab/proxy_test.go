// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"bufio"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/engine/core"
)

// echoServer answers each line with the same line, on loopback.
func echoServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	return l.Addr().String()
}

// through is a connection through a proxy.
type through struct {
	*net.TCPConn
	r *bufio.Reader
}

func dial(t *testing.T, p *proxy) *through {
	t.Helper()
	c, err := tryDial(t, p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func tryDial(t *testing.T, p *proxy) (*through, error) {
	t.Helper()
	c, err := net.Dial("tcp4", "127.0.0.1:"+strconv.Itoa(int(p.port())))
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = c.Close() })
	return &through{c.(*net.TCPConn), bufio.NewReader(c)}, nil
}

// attempt connects and says a line. A reset may come as early as in connect.
func attempt(t *testing.T, p *proxy, line string) error {
	t.Helper()
	c, err := tryDial(t, p)
	if err != nil {
		return err
	}
	return c.say(t, line)
}

// say sends a line and waits for its echo.
func (c *through) say(t *testing.T, line string) error {
	t.Helper()
	if _, err := io.WriteString(c, line+"\n"); err != nil {
		return err
	}
	return c.hear(t, line, time.Minute)
}

func (c *through) hear(t *testing.T, line string, within time.Duration) error {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(within))
	got, err := c.r.ReadString('\n')
	if err == nil && got != line+"\n" {
		t.Errorf("got %q, want %q", got, line)
	}
	return err
}

func newTestProxy(t *testing.T) *proxy {
	t.Helper()
	p, err := newProxy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.setTarget(echoServer(t))
	t.Cleanup(p.close)
	return p
}

func TestProxyCut(t *testing.T) {
	p := newTestProxy(t)
	a := dial(t, p)
	if err := a.say(t, "one"); err != nil {
		t.Fatal(err)
	}
	p.set(core.LinkCut)
	if err := a.hear(t, "", time.Minute); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a connection over a link that is cut: %v", err)
	}
	if err := attempt(t, p, "two"); err == nil {
		t.Error("a new connection over a link that is cut")
	}
	p.set(core.LinkUp)
	if err := attempt(t, p, "three"); err != nil {
		t.Error(err)
	}
	p.setTarget("")
	if err := attempt(t, p, "four"); err == nil {
		t.Error("a connection to an arbiter that does not run")
	}
}

// TestProxyDrop: what was sent meanwhile arrives when the link is mended, new
// connections too; and nothing before.
func TestProxyDrop(t *testing.T) {
	p := newTestProxy(t)
	a := dial(t, p)
	if err := a.say(t, "one"); err != nil {
		t.Fatal(err)
	}
	p.set(core.LinkDrop)
	b := dial(t, p)
	for _, c := range []*through{a, b} {
		if _, err := io.WriteString(c, "two\n"); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []*through{a, b} {
		var timeout net.Error
		if err := c.hear(t, "two", 50*time.Millisecond); !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("something got through: %v", err)
		}
	}
	p.set(core.LinkUp)
	for _, c := range []*through{a, b} {
		if err := c.hear(t, "two", time.Minute); err != nil {
			t.Error(err)
		}
	}
	// An end of one side is an end of the other.
	if err := a.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := a.hear(t, "", time.Minute); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
	p.reset()
	if err := b.hear(t, "", time.Minute); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("after a reset: %v", err)
	}
}

// TestProxyClose ends proxies in every state.
func TestProxyClose(t *testing.T) {
	for _, states := range [][]core.Link{{}, {core.LinkCut}, {core.LinkDrop}, {core.LinkDrop, core.LinkCut, core.LinkDrop}, {core.LinkDrop, core.LinkUp}} {
		p := newTestProxy(t)
		a := dial(t, p)
		if err := a.say(t, "one"); err != nil {
			t.Fatal(err)
		}
		for _, s := range states {
			p.set(s)
		}
		if b, err := tryDial(t, p); err == nil {
			_, _ = io.WriteString(b, "two\n")
		}
		p.close()
		if err := a.hear(t, "", time.Minute); err == nil {
			t.Errorf("%v: it lives", states)
		}
	}
}

func TestComplete(t *testing.T) {
	v := &View{
		Nodes:  []NodeView{{ID: 1, Up: true}, {ID: 2, Up: true, Frozen: true}, {ID: 3}},
		Guests: []GuestView{{Name: "web", Node: 1}, {Name: "db", Node: 3}},
	}
	for _, c := range []struct {
		line string
		want []string
	}{
		{"d", []string{"down ", "drop ", "device "}},
		{"up ", []string{"up 3"}},
		{"thaw ", []string{"thaw 2"}},
		{"down ", []string{"down 1", "down 2"}},
		{"down 1 ", []string{"down 1 2"}},
		{"freeze ", []string{"freeze 1"}},
		{"cut ", []string{"cut 1", "cut 2", "cut 3", "cut arbiter"}},
		{"cut 1 a", []string{"cut 1 arbiter"}},
		{"cut 1 2 ", nil},
		{"join", nil},
		{"wait ", nil},
		{"fly ", nil},
		{"arbiter ", []string{"arbiter stop", "arbiter start"}},
		{"arbiter st", []string{"arbiter stop", "arbiter start"}},
		{"device o", []string{"device on", "device off"}},
		{"device on ", nil},
		{"guest ", []string{"guest create ", "guest start ", "guest stop "}},
		{"guest start ", []string{"guest start web", "guest start db"}},
		{"guest start web o", []string{"guest start web on "}},
		{"guest start web on ", []string{"guest start web on 1", "guest start web on 2", "guest start web on 3"}},
		{"guest create ", nil},
		{"guest create x ", []string{"guest create x on "}},
		{"guest stop web ", nil},
		{"cut 1 2; dro", []string{"cut 1 2; drop "}},
	} {
		if got := Complete(c.line, v); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.line, got, c.want)
		}
	}
}

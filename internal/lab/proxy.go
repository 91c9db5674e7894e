// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"

	"github.com/quorate/quorate/internal/engine/core"
)

// proxy is the network between one node and the arbiter: connections to its
// port go on to the arbiter's as long as the link is up.
//
// A link that is cut resets every connection, and each new one. A link that
// drops passes nothing on, not even an end: what was sent waits in it, as in
// TCP's own buffers, until it is mended.
type proxy struct {
	l  *net.TCPListener
	wg sync.WaitGroup

	mu     sync.Mutex
	link   core.Link
	mended chan struct{} // closed when the link does not drop any more
	target string        // where the arbiter listens; empty: nowhere
	pairs  map[*pair]struct{}
	closed bool
}

// pair is one connection through the proxy.
type pair struct {
	node, arbiter *net.TCPConn
	over          chan struct{} // closed when the proxy gives it up
}

// newProxy listens on a free port of loopback.
func newProxy(ctx context.Context) (*proxy, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("no port for a node's link to the arbiter: %w", err)
	}
	p := &proxy{l: l.(*net.TCPListener), mended: make(chan struct{}), pairs: map[*pair]struct{}{}}
	close(p.mended)
	p.wg.Go(p.accept)
	return p, nil
}

// port is where the node finds its arbiter.
func (p *proxy) port() uint16 {
	return netip.MustParseAddrPort(p.l.Addr().String()).Port()
}

// setTarget says where the arbiter listens from now on.
func (p *proxy) setTarget(addr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = addr
}

// set changes the link.
func (p *proxy) set(l core.Link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l == p.link {
		return
	}
	if p.link == core.LinkDrop {
		close(p.mended)
	}
	if p.link = l; l == core.LinkDrop {
		p.mended = make(chan struct{})
	}
	if l == core.LinkCut {
		p.resetAll()
	}
}

// reset resets every connection, as a machine that has started anew does.
func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resetAll()
}

func (p *proxy) resetAll() {
	for c := range p.pairs {
		c.reset()
		delete(p.pairs, c)
	}
}

// reset ends both connections with a reset. It is called once.
func (c *pair) reset() {
	close(c.over)
	for _, conn := range []*net.TCPConn{c.node, c.arbiter} {
		_ = conn.SetLinger(0)
		_ = conn.Close()
	}
}

// close ends the proxy and waits for its goroutines.
func (p *proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.resetAll()
	if p.link == core.LinkDrop {
		p.link = core.LinkCut
		close(p.mended)
	}
	p.mu.Unlock()
	_ = p.l.Close()
	p.wg.Wait()
}

func (p *proxy) accept() {
	for {
		c, err := p.l.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			p.wg.Go(func() { p.serve(c) })
		}
	}
}

// serve carries one connection of the node.
func (p *proxy) serve(node *net.TCPConn) {
	refuse := func() {
		_ = node.SetLinger(0)
		_ = node.Close()
	}
	if !p.wait(nil) { // the arbiter does not hear of it while the link drops
		refuse()
		return
	}
	p.mu.Lock()
	target, link := p.target, p.link
	p.mu.Unlock()
	if target == "" || link == core.LinkCut {
		refuse()
		return
	}
	conn, err := net.Dial("tcp4", target)
	if err != nil {
		refuse()
		return
	}
	c := &pair{node: node, arbiter: conn.(*net.TCPConn), over: make(chan struct{})}
	p.mu.Lock()
	if p.closed || p.link == core.LinkCut {
		p.mu.Unlock()
		c.reset()
		return
	}
	p.pairs[c] = struct{}{}
	p.mu.Unlock()
	p.wg.Go(func() { p.copy(c, c.node, c.arbiter) })
	p.copy(c, c.arbiter, c.node)
}

// copy passes on what one side sends, and its end.
func (p *proxy) copy(c *pair, to, from *net.TCPConn) {
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		if !p.wait(c.over) {
			return
		}
		if _, werr := to.Write(buf[:n]); err == nil {
			err = werr
		}
		if err == nil {
			continue
		}
		if errors.Is(err, io.EOF) && to.CloseWrite() == nil {
			return
		}
		p.drop(c)
		return
	}
}

// drop resets one connection.
func (p *proxy) drop(c *pair) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.pairs[c]; ok {
		c.reset()
		delete(p.pairs, c)
	}
}

// wait waits while the link drops. It returns false if the connection, or the
// proxy, is over.
func (p *proxy) wait(over <-chan struct{}) bool {
	for {
		p.mu.Lock()
		mended, closed := p.mended, p.closed
		dropping := p.link == core.LinkDrop
		p.mu.Unlock()
		if closed {
			return false
		}
		if !dropping {
			return true
		}
		select {
		case <-mended:
		case <-over:
			return false
		}
	}
}

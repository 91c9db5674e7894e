// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"time"

	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/wire"
)

// share is connections that share the loop's time: the nodes of one cluster, or all that
// are no node yet. In each turn of the loop each share has shareTime at most, so whatever
// the nodes of one cluster send, the others wait for little more than that.
type share struct {
	cluster string  // "": connections that are no node yet
	members int     // connections
	due     []*conn // may have something to be read, in the order in which that was noticed
	active  bool    // it is in the loop's list
	quota   quota   // of log lines
}

const (
	// shareTime is how long one share is served in a turn. A message that has begun is
	// finished: with as many nodes as a cluster can have, it takes a millisecond.
	shareTime = 2 * time.Millisecond

	readSize = 16 << 10 // bytes read at once
)

// enlist makes a connection part of a share.
func (l *loop) enlist(c *conn, s *share) {
	if c.share != nil {
		l.discharge(c)
	}
	c.share = s
	s.members++
}

// discharge takes a connection out of its share.
func (l *loop) discharge(c *conn) {
	s := c.share
	c.share, c.due = nil, false
	if s == nil {
		return
	}
	if s.members--; s == l.strangers {
		l.leave(c)
	}
}

// sweep drops the shares of clusters that have no connection any more, once a minute. Who
// comes again sooner has no new quota.
func (l *loop) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Minute {
		return
	}
	l.swept = now
	for name, s := range l.shares {
		if s.members == 0 && !s.active && now.Sub(s.quota.at) > time.Minute {
			delete(l.shares, name)
		}
	}
}

// promote moves a connection into its cluster's share once it is a node.
func (l *loop) promote(c *conn) {
	name := l.machine.Cluster(c.id)
	if name == "" {
		return
	}
	s := l.shares[name]
	if s == nil {
		l.sweep(time.Now())
		s = &share{cluster: name}
		l.shares[name] = s
	}
	l.enlist(c, s)
	c.stream.SetLimit(l.limits.receive)
}

// look learns from the poller which sockets have something to say, and reports whether
// any has.
func (l *loop) look() bool {
	news := false
	for range 1 + len(l.conns)/pollEvents { // who never stops talking does not hold this up
		n, err := l.poll.now(l.ready)
		if err != nil {
			l.log.Error("sockets can't be looked at", "reason", err)
		}
		if n <= 0 {
			break
		}
		news = true
		for _, ev := range l.ready[:n] {
			c := l.conn(connOf(ev))
			if c == nil {
				continue
			}
			if err := c.sock.ready(ev.Events); err != nil {
				l.lost(c, err)
				continue
			}
			l.wants(c)
		}
		if n < len(l.ready) {
			break
		}
	}
	return news
}

// wants notes that a connection may have something to be read.
func (l *loop) wants(c *conn) {
	if c.due || c.gone {
		return
	}
	s := c.share
	c.due = true
	s.due = append(s.due, c)
	if !s.active {
		s.active = true
		l.active = append(l.active, s)
	}
}

// serve gives each share with something to be read its time, and reports whether any of
// them has more. Who is not done when its share's time is over goes on in the next turn, where
// others of its share come first. With patience each is read once, whatever that takes.
func (l *loop) serve(patience bool) bool {
	list := l.active
	l.active = l.spare[:0]
	l.spare = list
	for _, s := range list {
		end := time.Now().Add(shareTime)
		if patience {
			end = end.Add(time.Hour)
		}
		for n := len(s.due); n > 0; n-- { // each of them once
			c := s.due[0]
			if s.due = s.due[1:]; c.gone || c.share != s {
				continue
			}
			c.due = false
			if l.read(c, end); !time.Now().Before(end) {
				break
			}
		}
		if len(s.due) > 0 {
			l.active = append(l.active, s)
			continue
		}
		s.active, s.due = false, nil
	}
	clear(list)
	return len(l.active) > 0
}

// read takes what a connection has brought, until its time is over.
func (l *loop) read(c *conn, end time.Time) {
	if c.shaking {
		return
	}
	if c.kept {
		if c.kept = false; !l.frames(c, end) || c.shaking || c.kept {
			return
		}
	}
	buf := l.buf
	if c.share == l.strangers {
		buf = buf[:strangerReceive]
	}
	n, err := c.read(buf)
	if n > 0 {
		c.stream.Push(l.buf[:n])
		if !l.frames(c, end) {
			return
		}
	}
	switch err.(type) {
	case nil:
		l.wants(c) // there may be more
	case errNothing:
	default:
		l.lost(c, err)
	}
}

// frames gives the machine the messages in what has arrived, and reports whether the
// connection is still there. What its time does not suffice for is kept.
func (l *loop) frames(c *conn, end time.Time) bool {
	for {
		msg, bad, ok := c.stream.Next()
		if !ok {
			return true
		}
		now := time.Now()
		if _, echo := msg.(wire.EchoRequest); !echo {
			l.stirred = now
		}
		if bad != nil {
			l.step(now, c, qnetd.Garbled{Conn: c.id, Malformed: *bad})
		} else {
			l.step(now, c, qnetd.Received{Conn: c.id, Msg: msg})
		}
		switch {
		case c.gone:
			return false
		case c.shaking:
			c.sock.await(c.stream.Rest())
			go c.handshake(l.tls, l.cores, l.shakes, l.events)
			return true
		}
		if now.After(end) {
			c.stream.Keep()
			c.kept = true
			l.wants(c)
			return true
		}
	}
}

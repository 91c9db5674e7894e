// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"net/netip"
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnetd"
)

const (
	// maxStrangers is how many connections may be no node yet. They do not count for -m:
	// who has no certificate can keep no node out.
	maxStrangers = 4096

	// strangerPatience is how long a connection may take for its Init, if others need its
	// place, and its address has no more places than theirs.
	strangerPatience = time.Second

	strangerReceive = 2 << 10  // bytes of a message of who is no node yet: a Preinit or an Init
	strangerShakes  = 16 << 10 // bytes that a client may send for a TLS handshake
)

// reasonStrangers is why a connection is given up, or not taken.
const reasonStrangers = "too many connections have not said who they are"

// refuse tells that a client was refused by the shell.
func (l *loop) refuse(now time.Time, addr, why string) {
	l.write(now, l.strangers, qnetd.Notice{Event: event.Event{Kind: event.ClientRefused, Level: event.Warning, Addr: addr, Reason: why}})
}

// source is where connections come from that are no node yet: an IPv4 address, or an IPv6
// network of 64 bits.
type source struct {
	conns []*conn // from the oldest; some may have become nodes, or are gone
	count int     // of the others
}

func sourceOf(a netip.Addr) netip.Addr {
	if a = a.Unmap().WithZone(""); a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}

// arrive notes a connection that is no node yet.
func (l *loop) arrive(c *conn) {
	s := l.sources[c.from]
	if s == nil {
		s = &source{}
		l.sources[c.from] = s
	}
	s.count++
	s.conns = append(s.conns, c)
	l.enlist(c, l.strangers)
}

// leave notes that a connection is a node now, or gone.
func (l *loop) leave(c *conn) {
	s := l.sources[c.from]
	if s.count--; s.count == 0 {
		delete(l.sources, c.from)
		return
	}
	for len(s.conns) > 0 && s.conns[0].share != l.strangers {
		s.conns = s.conns[1:]
	}
	if len(s.conns) > 2*s.count+16 {
		kept := make([]*conn, 0, 2*s.count)
		for _, c := range s.conns {
			if c.share == l.strangers {
				kept = append(kept, c)
			}
		}
		s.conns = kept
	}
}

// makeRoom makes room for one more connection that is no node yet, and reports whether it
// could. The place is taken from the address with the most of them, whose oldest has to
// go: at once if the newcomer's address has fewer, and otherwise when it has had its time.
// So one address alone can keep no other out, and a rack that starts at once behind one
// address is served in the order in which it comes.
func (l *loop) makeRoom(now time.Time, from netip.Addr) bool {
	if l.strangers.members < l.maxStrangers {
		return true
	}
	var most *source
	for _, s := range l.sources {
		if most == nil || s.count > most.count {
			most = s
		}
	}
	mine := 0
	if s := l.sources[from]; s != nil {
		mine = s.count
	}
	for _, c := range most.conns {
		if c.share != l.strangers {
			continue
		}
		if most.count <= mine+1 && now.Sub(c.since) < strangerPatience {
			return false
		}
		l.refuse(now, c.addr, reasonStrangers)
		l.end(now, c, qnetd.Disconnected{Conn: c.id, Why: reasonStrangers})
		return true
	}
	return false
}

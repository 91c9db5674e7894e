// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"crypto/tls"
	"net/netip"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/wire"
)

// connEvent is something that happened outside the loop: a connection that was just
// accepted, or the end of a TLS handshake.
type connEvent struct {
	accepted int    // its descriptor, if conn is nil
	addr     string // of accepted, as the C tools print it
	from     netip.Addr

	conn *conn
	in   qnetd.Input // Secured or Disconnected
	tls  *tls.Conn   // of Secured
}

// conn is one client's connection. It is the loop's; only the TLS handshake
// runs elsewhere, and has the socket to itself until it has ended.
type conn struct {
	id      qnetd.ConnID
	addr    string     // as the C tools print it
	from    netip.Addr // see sourceOf
	since   time.Time
	share   *share // nil when it is gone
	sock    *socket
	tls     *tls.Conn // nil: plaintext
	shaking bool      // a TLS handshake is under way
	gone    bool      // the loop has let go of it
	stream  *wire.Stream
	closed  chan struct{} // closed by the loop when it has let go of the connection

	out      []byte // encoded and not yet handed to the socket
	messages int    // in out
	urgent   bool   // one of them is
	due      bool   // it is in its share's list
	kept     bool   // the stream has what its time did not suffice for
}

// read reads once into buf: errNothing when there is nothing.
func (c *conn) read(buf []byte) (int, error) {
	if c.tls != nil {
		return c.tls.Read(buf)
	}
	return c.sock.Read(buf)
}

// flush hands what was encoded to the socket. The buffer may be used again.
func (c *conn) flush() (err error) {
	if c.tls == nil {
		_, err = c.sock.write(c.out, c.messages)
		return err
	}
	c.sock.gather() // it writes as many records as it likes
	_, err = c.tls.Write(c.out)
	if full := c.sock.count(c.messages); err == nil {
		err = full
	}
	return err
}

// handshake shakes hands as the TLS server, and tells the loop how that ended. While it
// computes, and does not wait for the client, it has a place in slots: hundreds of
// handshakes at once must not keep the loop from its core.
func (c *conn) handshake(cfg *tls.Config, cores *cores, slots chan struct{}, events chan<- connEvent) {
	t := tls.Server(c.sock, cfg)
	c.sock.slots = slots
	slots <- struct{}{}
	cores.more()
	err := t.Handshake()
	cores.less()
	<-slots
	e := connEvent{conn: c, tls: t}
	if err != nil {
		e.in = qnetd.Disconnected{Conn: c.id, Why: "TLS handshake: " + fault.PeerHandshake(err).Text}
	} else {
		cn, verified := pki.PeerCN(t.ConnectionState())
		e.in = qnetd.Secured{Conn: c.id, Cert: verified, CN: cn}
	}
	select {
	case events <- e:
	case <-c.closed:
	}
}

// reasonOf words the end of a connection with a client for the log.
func reasonOf(err error) string {
	return strings.ReplaceAll(fault.Conn(err).Text, "the other side", "it")
}

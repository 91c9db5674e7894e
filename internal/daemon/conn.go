// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"quorate/internal/pki"
	"quorate/internal/qnetd"
	"quorate/internal/wire"
)

// readSize is how much is read at once. A message of a real node is smaller,
// and each idle connection keeps a buffer of this size.
const readSize = 512

// event is an input for the machine with the connection that it came from, or
// a connection that was just accepted.
type event struct {
	in   qnetd.Input
	conn *conn

	accepted *net.TCPConn
	addr     string // of accepted, as the C tools print it
}

// conn is one client's connection. Its reader is a goroutine of its own; only
// the loop writes, except during the TLS handshake.
type conn struct {
	id  qnetd.ConnID
	box *outbox
	out io.Writer // what the loop writes to: box, or the TLS connection above it
	buf []byte    // what the last message was encoded into; the loop's

	events  chan<- event
	verdict chan *tls.Config // the machine's answer to StartTLS: nil if it refused
	closed  chan struct{}    // closed by the loop when it has let go of the connection
	limit   uint32           // bytes of a message
	cores   *cores
}

// send encodes and writes one message. It does not wait.
func (c *conn) send(m wire.Message) error {
	b, err := wire.Append(c.buf[:0], m)
	if err != nil {
		return err
	}
	c.buf = b
	if cap(b) > readSize {
		c.buf = nil // no node list stays in memory with an idle connection
	}
	_, err = c.out.Write(b)
	return err
}

// post delivers an event, unless the loop has let go of the connection.
func (c *conn) post(in qnetd.Input) bool {
	select {
	case c.events <- event{in: in, conn: c}:
		return true
	case <-c.closed:
		return false
	}
}

// read reads plaintext until the connection ends or turns to TLS.
func (c *conn) read() {
	rest, cfg, err := c.frames(c.box)
	if cfg == nil {
		c.post(qnetd.Disconnected{Conn: c.id, Why: reasonOf(err)})
		return
	}
	t := tls.Server(&prefixed{outbox: c.box, rest: rest}, cfg)
	c.cores.more()
	err = t.Handshake()
	c.cores.less()
	if err != nil {
		c.post(qnetd.Disconnected{Conn: c.id, Why: "TLS handshake: " + reasonOf(err)})
		return
	}
	c.out = t // the loop reads it only after Secured
	cn, verified := pki.PeerCN(t.ConnectionState())
	if !c.post(qnetd.Secured{Conn: c.id, Cert: verified, CN: cn}) {
		return
	}
	// A handshake grows the stack; the idle connection gets a fresh one.
	go c.readTLS(t)
}

func (c *conn) readTLS(t *tls.Conn) {
	_, _, err := c.frames(t)
	c.post(qnetd.Disconnected{Conn: c.id, Why: reasonOf(err)})
}

// frames posts what r brings until it ends, or until a StartTLS is accepted:
// then it returns the configuration and the bytes that were read behind it.
func (c *conn) frames(r io.Reader) (rest []byte, cfg *tls.Config, err error) {
	stream := wire.NewStream(c.limit)
	buf := make([]byte, readSize)
	for {
		n, err := r.Read(buf)
		stream.Push(buf[:n])
		for {
			msg, bad, ok := stream.Next()
			if !ok {
				break
			}
			var in qnetd.Input = qnetd.Received{Conn: c.id, Msg: msg}
			if bad != nil {
				in = qnetd.Garbled{Conn: c.id, Malformed: *bad}
			}
			if !c.post(in) {
				return nil, nil, net.ErrClosed
			}
			if _, ok := msg.(wire.StartTLS); ok {
				if cfg := c.awaitVerdict(); cfg != nil {
					return stream.Rest(), cfg, nil
				}
			}
		}
		if err != nil {
			return nil, nil, err
		}
	}
}

// awaitVerdict waits for the machine's answer to a StartTLS, because what
// follows on the wire means another thing if it was accepted.
func (c *conn) awaitVerdict() *tls.Config {
	select {
	case cfg := <-c.verdict:
		return cfg
	case <-c.closed:
		return nil
	}
}

// prefixed is a connection of which some bytes have been read already.
type prefixed struct {
	*outbox
	rest []byte
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.rest) > 0 {
		n := copy(b, p.rest)
		if p.rest = p.rest[n:]; len(p.rest) == 0 {
			p.rest = nil
		}
		return n, nil
	}
	return p.outbox.Read(b)
}

// reasonOf words the end of a connection for the log.
func reasonOf(err error) string {
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return "closed by peer"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "closed by peer in the middle of a message"
	case errors.Is(err, syscall.ECONNRESET):
		return "reset by peer"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return "timed out"
	case errors.Is(err, net.ErrClosed):
		return "closed"
	}
	return fmt.Sprint(err)
}

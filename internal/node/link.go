// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/wire"
)

// link is a connection to the arbiter, from the try to make it on. One goroutine
// connects and reads, another writes and shakes hands; neither ever makes the
// loop wait.
type link struct {
	uplink
	place    place
	cluster  string        // its name
	patience time.Duration // for the connection to stand; then nobody answers

	ctx    context.Context // done when the loop has let go of the link
	cancel context.CancelFunc

	refused  []error       // by host: why it could not be reached; set before Disconnected is reported
	host     int           // which of the hosts answered
	raw      net.Conn      // set before Connected is reported
	conn     net.Conn      // raw, or TLS over it: of the goroutines, in turn
	shaking  bool          // the loop's: a handshake was asked for
	up       bool          // the loop's: there is a connection
	certSent bool          // set before Secured is reported
	certCN   string        // whose cluster's it was, likewise
	heard    bool          // the reader's: a message has come since the beginning, or since the handshake
	goOn     chan error    // capacity 1: the loop, or the end of a handshake, lets the reader go on
	wake     chan struct{} // capacity 1: there is something to be written

	mu       sync.Mutex
	out      []byte // encoded and not yet written
	messages int    // in out
	startTLS bool   // after out
	broken   error  // why the loop gave the link up
	unsent   error  // why nothing is written any more: the writer has ended
}

// uplink is what all links of a daemon have in common.
type uplink struct {
	dialer *dialer
	tls    func() (*tls.Config, error)
	limits linkLimits
	log    *slog.Logger
	events chan<- linkEvent
	wg     *sync.WaitGroup // of the links' goroutines
}

// linkLimits bounds what the arbiter may make the daemon keep.
type linkLimits struct {
	message uint32 // bytes of a message received
	queue   int    // messages waiting to be sent
}

// linkEvent is something that happened on a link. After each message the reader
// waits for the loop, which must call proceed or startTLS.
type linkEvent struct {
	link *link
	in   qdevice.Input
}

// linkBuffer is how many bytes are read at once.
const linkBuffer = 4 << 10

// errFull is the end of a link whose arbiter does not read.
var errFull = errors.New("the arbiter does not read what this node sends")

// start begins to connect.
func (l *link) start(ctx context.Context) {
	l.ctx, l.cancel = context.WithCancel(ctx)
	l.goOn = make(chan error, 1)
	l.wake = make(chan struct{}, 1)
	l.wg.Go(l.run)
}

// close ends the link. No event comes any more.
func (l *link) close() { l.cancel() }

// proceed lets the reader hand over the next message.
func (l *link) proceed() { l.goOn <- nil }

// run connects and reads.
func (l *link) run() {
	defer l.cancel()
	var defect error
	defer func() {
		if defect != nil {
			l.report(qdevice.Disconnected{Why: fault.Words(defect)})
		}
	}()
	defer caught(l.log, &defect)
	// A little less than the machine waits: it knows nothing of addresses.
	ctx, cancel := context.WithTimeout(l.ctx, l.patience*9/10)
	conn, host, err := l.dialer.connect(ctx, l.place)
	cancel()
	if err != nil {
		var f *dialError
		if errors.As(err, &f) {
			l.refused = f.hosts
		}
		l.report(qdevice.Disconnected{Why: fault.Words(err)})
		return
	}
	defer conn.Close()
	defer context.AfterFunc(l.ctx, func() { _ = conn.Close() })()
	l.raw, l.conn, l.host = conn, conn, host
	l.report(qdevice.Connected{Host: l.place.hosts[host], Address: conn.RemoteAddr().String()})
	l.wg.Go(l.write)
	err = l.read()
	l.mu.Lock()
	if l.broken != nil {
		err = l.broken
	}
	l.mu.Unlock()
	if err != nil {
		l.report(qdevice.Disconnected{Why: l.why(err)})
	}
}

// fail ends a link that can't be used any more: Disconnected will be reported.
func (l *link) fail(err error) {
	l.mu.Lock()
	l.broken = err
	l.mu.Unlock()
	_ = l.raw.Close()
}

// why words the end of a connection. One that ends before the arbiter has said anything
// was refused, as a rule.
func (l *link) why(err error) string {
	f := fault.Conn(err)
	over := f.Cause == fault.Closed || f.Cause == fault.Reset
	host := l.place.hosts[l.host]
	switch {
	case !l.heard && l.certCN != "" && l.certCN != l.cluster && (over || f.Cause == fault.CertRefused):
		return fmt.Sprintf("the arbiter at %s refuses this node's certificate, which is for the cluster %q: this cluster is called %q now", host, l.certCN, l.cluster)
	case !l.heard && l.certSent && over:
		return "the arbiter at " + host + " ends the connection after it has seen this node's certificate; its log says why"
	case !l.heard && over:
		return "something at " + host + " closes the connection without a word, so it may be no arbiter"
	}
	return strings.ReplaceAll(f.Text, "the other side", "the arbiter")
}

// report hands an event to the loop, unless that has let go of the link.
func (l *link) report(in qdevice.Input) bool {
	select {
	case l.events <- linkEvent{l, in}:
		return true
	case <-l.ctx.Done():
		return false
	}
}

// read hands messages over until the connection ends.
func (l *link) read() error {
	stream := wire.NewStream(l.limits.message)
	buf := make([]byte, linkBuffer)
	for {
		n, err := l.conn.Read(buf)
		stream.Push(buf[:n])
		for {
			msg, bad, ok := stream.Next()
			if !ok {
				break
			}
			var in qdevice.Input = qdevice.Received{Msg: msg}
			if bad != nil {
				in = qdevice.Garbled{Malformed: *bad}
			}
			if l.heard = true; !l.report(in) {
				return nil
			}
			if err := l.pause(stream); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// errShaken is what the writer says after a handshake.
var errShaken = errors.New("TLS handshake done")

// pause waits until the loop has done what a message asks for. After a handshake
// all that comes is encrypted: what came before its end in the clear could be
// from anybody.
func (l *link) pause(stream *wire.Stream) error {
	var err error
	select {
	case err = <-l.goOn:
	case <-l.ctx.Done():
		return nil
	}
	if err != errShaken { //nolint:errorlint // the very value
		return err
	}
	if n := len(stream.Rest()); n > 0 {
		return fmt.Errorf("%d bytes in the clear behind the start of TLS", n)
	}
	l.heard = false
	l.report(qdevice.Secured{})
	return nil
}

// send queues a message. It reports whether there was room.
func (l *link) send(m wire.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.messages >= l.limits.queue {
		return errFull
	}
	b, err := wire.Append(l.out, m)
	if err != nil {
		return err
	}
	l.out = b
	l.messages++
	l.poke()
	return nil
}

// handshake begins TLS when everything queued was written. If that can't be any more,
// the reader, who waits for the handshake's end, hears of it at once.
func (l *link) handshake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unsent != nil {
		l.goOn <- l.unsent
		return
	}
	l.startTLS = true
	l.poke()
}

// writerEnds takes note of why nothing is written any more, and tells the reader if it
// waits for a handshake: it does if shaking, or if one was asked for since.
func (l *link) writerEnds(why error, shaking bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unsent = why
	if !shaking && !l.startTLS {
		return
	}
	l.startTLS = false
	select {
	case l.goOn <- why:
	default:
	}
}

func (l *link) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// write writes what is queued until the link ends. An error shows to the reader,
// too: the connection is closed.
func (l *link) write() {
	var defect error
	defer func() {
		if defect == nil {
			return
		}
		l.fail(defect)
		l.writerEnds(defect, true) // it may have been in the middle of a handshake
	}()
	defer caught(l.log, &defect)
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-l.wake:
		}
		l.mu.Lock()
		out, shake := l.out, l.startTLS
		l.out, l.messages, l.startTLS = nil, 0, false
		l.mu.Unlock()
		if _, err := l.conn.Write(out); err != nil {
			_ = l.raw.Close()
			l.writerEnds(err, shake)
			return
		}
		if shake {
			l.goOn <- l.shake()
		}
	}
}

// shake shakes hands as the TLS client. The reader waits meanwhile.
func (l *link) shake() error {
	cfg, err := l.tls()
	if err != nil {
		return err
	}
	cfg = cfg.Clone()
	if get := cfg.GetClientCertificate; get != nil {
		cfg.GetClientCertificate = func(r *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			c, err := get(r)
			if l.certSent = err == nil && len(c.Certificate) > 0; l.certSent && c.Leaf != nil {
				l.certCN = c.Leaf.Subject.CommonName
			}
			return c, err
		}
	}
	t := tls.Client(l.conn, cfg)
	if err := t.HandshakeContext(l.ctx); err != nil {
		return fault.Handshake(err, l.place.hosts[l.host])
	}
	l.conn = t
	return errShaken
}

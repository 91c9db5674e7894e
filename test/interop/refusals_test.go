// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
	"github.com/quorate/quorate/test/interop/lab"
)

// TestRefusals tries to join a running cluster in ways that must not work: each
// is refused, plaintext included (S5), and the real nodes notice nothing.
func TestRefusals(t *testing.T) { matrix(t, refusals) }

func refusals(t *testing.T, r *trial) {
	if r.arbiter == lab.KindC {
		t.Log("only what needs no certificate of the C arbiter's CA is tried with it")
	}
	l := r.newLab(t, lab.Config{Nodes: 2})
	l.Start()
	from := lab.Now()
	lowest := qnet.TieBreaker{Mode: qnet.TieBreakerLowest}
	name := wire.Preinit{Seq: wire.Some(uint32(1)), ClusterName: wire.Some(lab.ClusterName)}
	foreign, err := l.Foreign(lab.ClusterName)
	if err != nil {
		t.Fatal(err)
	}
	var good, wrong *tls.Certificate
	if r.arbiter != lab.KindC {
		if good, err = l.Enrol(lab.ClusterName); err != nil {
			t.Fatal(err)
		}
		if wrong, err = l.Enrol("other"); err != nil {
			t.Fatal(err)
		}
	}
	tried, refused := 0, 0
	for _, c := range []struct {
		name  string
		cert  *tls.Certificate
		tls   bool
		init  wire.Init
		want  wire.ReplyError
		close bool // refused by the end of the connection, not by a code
	}{
		{name: "plaintext", init: lab.InitMessage(9, lowest), want: wire.ErrTLSRequired},
		{name: "no certificate", tls: true, init: lab.InitMessage(9, lowest), close: true},
		{name: "foreign CA", tls: true, cert: foreign, init: lab.InitMessage(9, lowest), close: true},
		{name: "certificate of another cluster", tls: true, cert: wrong, init: lab.InitMessage(9, lowest), close: true},
		{name: "duplicate node ID", tls: true, cert: good, init: lab.InitMessage(1, lowest), want: wire.ErrDuplicateNodeID},
		{name: "other tie-breaker", tls: true, cert: good, init: lab.InitMessage(9, qnet.TieBreaker{Mode: qnet.TieBreakerHighest}), want: wire.ErrTieBreakerDiffers},
		{name: "other algorithm", tls: true, cert: good, init: otherAlgorithm(lowest), want: wire.ErrAlgorithmDiffers},
	} {
		if r.arbiter == lab.KindC && c.tls && c.cert == nil && c.name != "no certificate" {
			continue
		}
		code, err := join(l, name, c.tls, c.cert, c.init)
		tried++
		if hungUp(err) || err == nil && code != wire.NoError {
			refused++
		}
		switch {
		case c.close && err == nil:
			r.fail(t, "%s: answered with %v", c.name, code)
		case c.close && !hungUp(err):
			t.Errorf("%s: %v, which is no refusal", c.name, err)
		case !c.close && err != nil:
			r.fail(t, "%s: %v", c.name, err)
		case !c.close && code != c.want:
			r.fail(t, "%s: answered with %v, want %v", c.name, code, c.want)
		}
	}
	lab.Watch(2 * time.Second)
	for _, n := range l.Nodes {
		if d := n.Unquorate(from); d > 0 || n.Quorum().TotalVotes != "3" {
			t.Errorf("%s was disturbed: not quorate for %v\n%s", n.Name, d, n.Quorum().Text)
		}
	}
	r.measured("%d of %d refused, the nodes undisturbed", refused, tried)
}

// hungUp reports whether this is how a connection ends that the other side refuses: by
// its end, a reset or a TLS alert. Silence and a connection that never was prove nothing.
func hungUp(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.As(err, &op) && op.Op == "remote error" // so crypto/tls calls the other side's alerts
}

func otherAlgorithm(t qnet.TieBreaker) wire.Init {
	m := lab.InitMessage(9, t)
	m.Algorithm = wire.Some(qnet.LMS)
	return m
}

// join plays a client up to its Init and returns the code of the answer.
func join(l *lab.Lab, name wire.Preinit, startTLS bool, cert *tls.Certificate, hello wire.Init) (wire.ReplyError, error) {
	c, err := l.Nodes[1].Dial(l.Arbiter)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if _, err := c.Ask(name); err != nil {
		return 0, err
	}
	if startTLS {
		if err := c.StartTLS(cert); err != nil {
			return 0, err
		}
	}
	m, err := c.Ask(hello)
	if err != nil {
		return 0, err
	}
	switch m := m.(type) {
	case wire.InitReply:
		return m.Code.V, nil
	case wire.ServerError:
		return m.Code.V, nil
	}
	return 0, errors.Join(io.ErrUnexpectedEOF, errors.New(lab.Describe(m)))
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/wire"
)

// certs is what the check of the certificates leaves for that of TLS.
type certs struct {
	node *pki.Node // nil: there is nothing to try with
}

// certificates looks at the node's own, and at the CA that it trusts.
func (e *examiner) certificates(context.Context) {
	if e.device == nil {
		return
	}
	dir := e.Settings.CertDir
	if e.device.Machine.TLS == wire.TLSUnsupported {
		e.add(Note, "quorum.device.net.tls is off: no TLS is used")
		return
	}
	getCert := e.getCert()
	n, err := pki.LoadNode(dir)
	var damaged *pki.DamagedError
	switch {
	case errors.Is(err, pki.ErrNoNode) && pki.NodeInitialized(dir):
		e.add(Note, dir+" has only an NSS database, which quorate's node daemon takes over when it first starts: TLS was not tested")
		return
	case errors.Is(err, pki.ErrNoNode):
		e.add(Fail, dir+" has no certificates", advice.TrustArbiter.With("flags", pki.NodeFlags(dir)), getCert)
		return
	case errors.As(err, &damaged):
		e.add(Fail, damaged.Err.Error(), damaged.Do)
		return
	case errors.Is(err, fs.ErrPermission):
		e.add(Fail, fault.Words(err), advice.AsRoot)
		return
	case err != nil:
		e.add(Fail, fault.Words(err), advice.TryToRead.WithWord("file", dir))
		return
	case n.Cluster == nil:
		e.add(Fail, dir+" has the arbiter's CA, but no certificate of the cluster", getCert)
		return
	}
	e.cert.node = n
	leaf, now := n.Cluster.Leaf, e.Now()
	if cn := leaf.Subject.CommonName; cn != e.device.Machine.Cluster {
		e.add(Fail, fmt.Sprintf("the certificate is for cluster %q, but this cluster is %q", cn, e.device.Machine.Cluster), getCert)
	}
	for _, w := range n.Warnings(now) {
		verdict := Warn
		if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) || now.Before(n.CA.NotBefore) || now.After(n.CA.NotAfter) {
			verdict = Fail
		}
		e.add(verdict, w)
	}
	if len(e.results) == 0 {
		until := leaf.NotAfter
		if n.CA.NotAfter.Before(until) {
			until = n.CA.NotAfter
		}
		e.add(OK, fmt.Sprintf("of cluster %q, valid until %s", leaf.Subject.CommonName, until.Format("2006-01-02")))
	}
}

// getCert says how this node gets the certificate of its cluster.
func (e *examiner) getCert() advice.Advice {
	name := e.device.Machine.Cluster
	return advice.GetCert.WithWord("cluster", name).WithWord("name", name).With("flags", pki.NodeFlags(e.Settings.CertDir))
}

// tls tries every address that answers, up to where the arbiter has looked at this
// node's certificate.
func (e *examiner) tls(ctx context.Context) {
	if e.device == nil {
		return
	}
	if e.cert.node == nil && e.device.Machine.TLS != wire.TLSUnsupported {
		return
	}
	for _, address := range e.peers {
		text, err := e.probe(ctx, address)
		if err != nil {
			e.add(Fail, address+": "+fault.Words(err), e.tlsAdvice(err)...)
			continue
		}
		e.add(OK, address+": "+text)
	}
}

// Why an arbiter can't be used.
var (
	errNoArbiter   = errors.New("what answers there does not speak the protocol of an arbiter")
	errMismatch    = errors.New("TLS does not match")
	errWrongPeer   = errors.New("the arbiter's certificate is refused")
	errRefusesCert = errors.New("the arbiter refuses this node's certificate")
)

func (e *examiner) tlsAdvice(err error) []advice.Advice {
	switch {
	case errors.Is(err, errFrozen):
		return []advice.Advice{advice.RestartArbiterAt, advice.IsItArbiter}
	case errors.Is(err, errNoArbiter):
		return []advice.Advice{advice.IsItArbiter}
	case errors.Is(err, errMismatch) && e.device.Machine.TLS == wire.TLSUnsupported:
		return []advice.Advice{advice.NodeTLSOn}
	case errors.Is(err, errMismatch):
		return []advice.Advice{advice.ArbiterTLSOn}
	case errors.Is(err, errWrongPeer):
		return []advice.Advice{advice.TrustAnew.WithWord("dir", e.Settings.CertDir).With("flags", pki.NodeFlags(e.Settings.CertDir))}
	case errors.Is(err, errRefusesCert):
		return []advice.Advice{advice.ArbiterKnows, e.getCert()}
	}
	return nil
}

// probe speaks to an arbiter as a node does, but never says which node it is: instead
// of Init it sends an echo request, which only one whose certificate is accepted
// gets an answer to, and then an error.
func (e *examiner) probe(ctx context.Context, address string) (string, error) {
	c, err := e.Dial(ctx, address)
	if err != nil {
		return "", fault.Dial(err, address)
	}
	defer c.Close()
	defer hangUp(ctx, c)()
	p, reply, err := greet(c, e.device.Machine.Cluster, e.Settings.MaxReplySize)
	if err != nil {
		return "", err
	}
	ours := e.device.Machine.TLS
	switch {
	case reply.TLS.V == wire.TLSUnsupported && ours == wire.TLSRequired, reply.TLS.V == wire.TLSRequired && ours == wire.TLSUnsupported:
		return "", fmt.Errorf("%w: %s", errMismatch, mismatch(reply.TLS.V))
	case reply.TLS.V == wire.TLSUnsupported || ours == wire.TLSUnsupported:
		return "an arbiter without TLS", nil
	}
	return e.probeTLS(ctx, p)
}

// mismatch says what of TLS does not match.
func mismatch(arbiter wire.TLSSupport) string {
	if arbiter == wire.TLSUnsupported {
		return "the arbiter has it switched off, and this node requires it"
	}
	return "the arbiter requires it, and quorum.device.net.tls is off in corosync.conf"
}

func (e *examiner) probeTLS(ctx context.Context, p *session) (string, error) {
	if err := p.send(wire.StartTLS{Seq: wire.Some(uint32(2))}); err != nil {
		return "", errNoArbiter
	}
	n, name := e.cert.node, e.Settings.ServerName
	var wrong error
	sent := false
	t := tls.Client(p.conn, &tls.Config{
		ServerName: name, MinVersion: tls.VersionTLS12, SessionTicketsDisabled: true,
		InsecureSkipVerify: true, // the name is no host's: VerifyConnection checks all
		VerifyConnection: func(cs tls.ConnectionState) error {
			wrong = n.VerifyArbiter(cs, name, e.Now())
			return wrong
		},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			sent = true
			return n.Cluster, nil
		},
	})
	if err := t.HandshakeContext(ctx); wrong != nil {
		return "", fmt.Errorf("%w: %w", errWrongPeer, fault.Handshake(wrong, "the arbiter"))
	} else if err != nil {
		return "", fmt.Errorf("%w: %w", errRefusesCert, fault.Handshake(err, "the arbiter"))
	}
	p.conn = t
	m, err := p.ask(wire.EchoRequest{Seq: wire.Some(uint32(3))})
	switch answer, ok := m.(wire.ServerError); {
	case err != nil:
		return "", fmt.Errorf("%w: %w", errRefusesCert, fault.Conn(err))
	case !ok || answer.Code.V != wire.ErrInitRequired:
		return "", fmt.Errorf("%w: it answers with %s", errNoArbiter, m.Type())
	}
	text := tls.VersionName(t.ConnectionState().Version) + ", the arbiter's certificate is right"
	if sent {
		return text + ", and it accepts ours", nil
	}
	return text + ", and it does not ask for ours", nil
}

// session is a connection with an arbiter.
type session struct {
	conn     net.Conn
	stream   *wire.Stream
	answered bool // something has come
}

func (p *session) send(m wire.Message) error {
	b, err := wire.Append(nil, m)
	if err == nil {
		_, err = p.conn.Write(b)
	}
	return err
}

// ask sends a message and returns the next one that comes.
func (p *session) ask(m wire.Message) (wire.Message, error) {
	if err := p.send(m); err != nil {
		return nil, err
	}
	buf := make([]byte, 4<<10)
	for {
		if m, bad, ok := p.stream.Next(); ok {
			if bad != nil {
				return nil, errNoArbiter
			}
			return m, nil
		}
		n, err := p.conn.Read(buf)
		p.stream.Push(buf[:n])
		p.answered = p.answered || n > 0
		if n == 0 && err != nil {
			if errors.Is(err, io.EOF) {
				err = fault.Conn(err)
			}
			return nil, err
		}
	}
}

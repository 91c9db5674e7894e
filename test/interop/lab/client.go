// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/vishvananda/netns"

	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// Client is a client of the arbiter that a test plays by hand.
type Client struct {
	conn   net.Conn
	stream *wire.Stream
	buf    []byte
}

// Dial connects to the arbiter from a node's address.
func (h *Host) Dial(arbiter *Host) (*Client, error) {
	type result struct {
		c   net.Conn
		err error
	}
	done := make(chan result)
	go func() { // the thread enters the host's network for the call
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		home, err := netns.Get()
		if err == nil {
			defer home.Close()
			var ns netns.NsHandle
			if ns, err = netns.GetFromPid(h.owner); err == nil {
				defer ns.Close()
				err = netns.Set(ns)
			}
		}
		var c net.Conn
		if err == nil {
			c, err = net.DialTimeout("tcp", arbiter.Addr+":5403", 5*time.Second)
			err = errors.Join(err, netns.Set(home))
		}
		done <- result{c, err}
	}()
	r := <-done
	if r.err != nil {
		return nil, r.err
	}
	return &Client{conn: r.c, stream: wire.NewStream(1 << 20), buf: make([]byte, 4096)}, nil
}

// Close ends the connection.
func (c *Client) Close() { _ = c.conn.Close() }

// Ask sends a message and returns the next one that comes.
func (c *Client) Ask(m wire.Message) (wire.Message, error) {
	b, err := wire.Append(nil, m)
	if err != nil {
		return nil, err
	}
	if err := c.conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return nil, err
	}
	if _, err := c.conn.Write(b); err != nil {
		return nil, err
	}
	for {
		if m, bad, ok := c.stream.Next(); ok {
			if bad != nil {
				return nil, bad.Err
			}
			return m, nil
		}
		n, err := c.conn.Read(c.buf)
		if err != nil {
			return nil, err
		}
		c.stream.Push(c.buf[:n])
	}
}

// StartTLS turns the connection to TLS with this certificate, or with none.
func (c *Client) StartTLS(cert *tls.Certificate) error {
	b, err := wire.Append(nil, wire.StartTLS{Seq: wire.Some(uint32(2))})
	if err != nil {
		return err
	}
	if _, err := c.conn.Write(b); err != nil {
		return err
	}
	cfg := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12} //nolint:gosec // the server is not what is tried here
	if cert != nil {
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return cert, nil }
	}
	t := tls.Client(c.conn, cfg)
	if err := t.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if err := t.Handshake(); err != nil {
		return err
	}
	c.conn = t
	return nil
}

// InitMessage is the Init of a node that a test plays.
func InitMessage(node qnet.NodeID, tie qnet.TieBreaker) wire.Init {
	return wire.Init{
		Seq: wire.Some(uint32(3)), NodeID: wire.Some(node), Algorithm: wire.Some(qnet.FFSplit),
		Heartbeat: wire.Some(uint32(8000)), TieBreaker: wire.Some(tie), RingID: wire.Some(qnet.RingID{Node: node, Seq: 1}),
	}
}

// Enrol makes a certificate with this common name, signed by the arbiter's CA.
// It works with our arbiter only: C's CA key is in an NSS database.
func (l *Lab) Enrol(cn string) (*tls.Certificate, error) {
	return l.sign(filepath.Join(l.Arbiter.Dir, "etc", "qnetd", "nssdb"), cn)
}

// Foreign makes a certificate with this common name that is as good as one of Enrol,
// but signed by the CA of another arbiter.
func (l *Lab) Foreign(cn string) (*tls.Certificate, error) {
	dir := filepath.Join(l.Base, "foreign")
	if err := pki.Init(dir, pki.InitOptions{}); err != nil {
		return nil, err
	}
	return l.sign(dir, cn)
}

// sign makes a key and has the CA in dir sign it.
func (l *Lab) sign(dir, cn string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: cn}}, key)
	if err != nil {
		return nil, err
	}
	crq := filepath.Join(l.Base, cn+".crq")
	if err := os.WriteFile(crq, der, 0o600); err != nil {
		return nil, err
	}
	signed, err := pki.Sign(dir, crq, cn, false)
	if err != nil {
		return nil, err
	}
	der, err = os.ReadFile(signed.Path)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// Describe says what a message is, for a failing test.
func Describe(m wire.Message) string {
	if m == nil {
		return "nothing"
	}
	return fmt.Sprintf("%s %+v", m.Type(), m)
}

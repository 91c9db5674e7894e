// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/daemon/daemontest"
	"github.com/quorate/quorate/internal/leak"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// startSecureArbiter runs a daemon that requires TLS and certificates.
func startSecureArbiter(t *testing.T, change func(*Config)) *arbiterUnderTest {
	t.Helper()
	return startArbiter(t, func(cfg *Config) {
		cfg.Machine.TLS = wire.TLSRequired
		if change != nil {
			change(cfg)
		}
	})
}

// enrolCluster makes a certificate for a cluster, signed by the CA in dir.
func enrolCluster(t *testing.T, dir, cluster string) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: cluster}}, key)
	if err != nil {
		t.Fatal(err)
	}
	crq := filepath.Join(t.TempDir(), "crq")
	if err := os.WriteFile(crq, der, 0o600); err != nil {
		t.Fatal(err)
	}
	signed, err := pki.Sign(dir, crq, cluster, false)
	if err != nil {
		t.Fatal(err)
	}
	if der, err = os.ReadFile(signed.Path); err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// startTLS goes over to TLS after the Preinit.
func (p *peer) startTLS(cert *tls.Certificate, version uint16) error {
	p.t.Helper()
	p.send(wire.StartTLS{Seq: p.number()})
	cfg := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, ServerName: "arbiter", ClientSessionCache: p.sessions}
	if version != 0 {
		cfg.MinVersion, cfg.MaxVersion = version, version
	}
	if cert != nil {
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return cert, nil }
	}
	c := tls.Client(p.c, cfg)
	if err := c.Handshake(); err != nil {
		return err
	}
	p.c = c
	return nil
}

// joinTLS takes a client through Preinit, TLS and Init.
func (p *peer) joinTLS(cluster string, node qnet.NodeID, cert *tls.Certificate, version uint16) (wire.ReplyError, error) {
	p.t.Helper()
	p.node = node
	p.send(wire.Preinit{Seq: p.number(), ClusterName: wire.Some(cluster)})
	p.next()
	if err := p.startTLS(cert, version); err != nil {
		return 0, err
	}
	b, err := wire.Append(nil, initMessage(node, whole))
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.c.Write(b); err != nil {
		return 0, err
	}
	m, err := p.recv()
	if err != nil {
		return 0, err
	}
	if r, ok := m.(wire.InitReply); ok {
		return r.Code.V, nil
	}
	return m.(wire.ServerError).Code.V, nil
}

// TestTLS: TLS 1.2 and 1.3 with the cluster's certificate; nothing less and
// nobody else's (SEC-5, Q13). Who is let in beside it is not disturbed.
func TestTLS(t *testing.T) {
	a := startSecureArbiter(t, nil)
	dir := filepath.Join(a.dir, "nssdb")
	prod, upper, other := enrolCluster(t, dir, "prod"), enrolCluster(t, dir, "Prod"), enrolCluster(t, dir, "*")
	foreign := enrolCluster(t, newCADir(t), "prod")
	neighbour := a.dial(t)
	if code, err := neighbour.joinTLS("prod", 1, prod, 0); err != nil || code != wire.NoError {
		t.Fatal(code, err)
	}
	for _, c := range []struct {
		name    string
		cert    *tls.Certificate
		version uint16
		ok      bool
	}{
		{"TLS 1.2", prod, tls.VersionTLS12, true},
		{"TLS 1.3", prod, tls.VersionTLS13, true},
		{"TLS 1.1", prod, tls.VersionTLS11, false},
		{"no certificate", nil, 0, false},
		{"another CA's", foreign, 0, false},
		{"a name in upper case", upper, 0, false},
		{"a wildcard", other, 0, false},
	} {
		p := a.dial(t)
		code, err := p.joinTLS("prod", 2, c.cert, c.version)
		_ = p.c.Close()
		if (err == nil && code == wire.NoError) != c.ok {
			t.Errorf("%s: %v, %v", c.name, code, err)
		}
		neighbour.echo()
		daemontest.Settle(t, func() bool { return strings.Contains(askStatus(t, a), `"clients":1,`) }, func() string { return c.name + ": the connection is left" })
	}
	if code := a.dial(t).join("prod", 2, whole); code != wire.ErrTLSRequired {
		t.Errorf("plaintext: %v", code)
	}
	neighbour.echo()
	a.logs(t, "event=client_refused", `its certificate is for the cluster "Prod", and it belongs to the cluster "prod"`, "TLS handshake")
}

func newCADir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "nssdb")
	if err := pki.Init(dir, pki.InitOptions{}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestOptionalTLS (-s on, -s off): what was asked for by name is given.
func TestOptionalTLS(t *testing.T) {
	a := startArbiter(t, func(cfg *Config) { cfg.Machine.TLS = wire.TLSSupported })
	if code := a.dial(t).join("prod", 1, whole); code != wire.NoError {
		t.Errorf("on, plaintext: %v", code)
	}
	cert := enrolCluster(t, filepath.Join(a.dir, "nssdb"), "prod")
	if code, err := a.dial(t).joinTLS("prod", 2, cert, 0); err != nil || code != wire.NoError {
		t.Errorf("on, TLS: %v, %v", code, err)
	}
	if code, err := a.dial(t).joinTLS("prod", 3, nil, 0); err == nil {
		t.Errorf("on, TLS without a certificate: %v", code)
	}
	b := startSecureArbiter(t, func(cfg *Config) { cfg.Machine.ClientCertRequired = false })
	if code, err := b.dial(t).joinTLS("prod", 1, nil, 0); err != nil || code != wire.NoError {
		t.Errorf("-c off: %v, %v", code, err)
	}
	c := startArbiter(t, nil)
	p := c.dial(t)
	p.send(wire.Preinit{Seq: p.number(), ClusterName: wire.Some("prod")})
	p.next()
	if err := p.startTLS(nil, 0); err == nil {
		t.Error("off: TLS was started")
	}
}

// TestNewCertificates: a new CA and server certificate are taken up by the next
// handshake; the connections that stand go on.
func TestNewCertificates(t *testing.T) {
	a := startSecureArbiter(t, nil)
	dir := filepath.Join(a.dir, "nssdb")
	old := a.dial(t)
	if code, err := old.joinTLS("prod", 1, enrolCluster(t, dir, "prod"), 0); err != nil || code != wire.NoError {
		t.Fatal(code, err)
	}
	next := newCADir(t)
	for _, name := range []string{pki.CACertFile, "qnetd-server.crt", "qnetd-server.key"} {
		b, err := os.ReadFile(filepath.Join(next, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert := enrolCluster(t, next, "prod")
	daemontest.Settle(t, func() bool {
		p := a.dial(t)
		defer p.c.Close()
		code, err := p.joinTLS("prod", 2, cert, 0)
		return err == nil && (code == wire.NoError || code == wire.ErrDuplicateNodeID)
	}, func() string { return "the new CA is not known" })
	old.echo()
	a.logs(t, "event=certs_reloaded")
}

// TestNoSessions: no session is resumed, with either version of TLS. Whoever resumed one would not
// show its certificate, and one of a CA that is no longer there would go on being taken.
func TestNoSessions(t *testing.T) {
	a := startSecureArbiter(t, nil)
	cert := enrolCluster(t, filepath.Join(a.dir, "nssdb"), "prod")
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		sessions := tls.NewLRUClientSessionCache(1)
		for i := range 2 {
			p := a.dial(t)
			p.sessions = sessions
			if code, err := p.joinTLS("prod", 1, cert, version); err != nil || code != wire.NoError {
				t.Fatal(code, err)
			}
			if p.c.(*tls.Conn).ConnectionState().DidResume {
				t.Errorf("%s: connection %d resumed a session", tls.VersionName(version), i+1)
			}
			p.c.Close()
			gone := func() bool { return strings.Contains(askStatus(t, a), `"clients":0,`) }
			daemontest.Settle(t, gone, func() string { return "node 1 is still there" })
		}
	}
}

// TestStalledHandshakes (SEC-7): clients that begin TLS and fall silent, or send
// anything but TLS, are dropped in time, with all that they have started.
func TestStalledHandshakes(t *testing.T) {
	a := startSecureArbiter(t, func(cfg *Config) { cfg.Machine.HandshakeTime = 300 * time.Millisecond })
	cert := enrolCluster(t, filepath.Join(a.dir, "nssdb"), "prod")
	neighbour := a.dial(t)
	if code, err := neighbour.joinTLS("prod", 1, cert, 0); err != nil || code != wire.NoError {
		t.Fatal(code, err)
	}
	goroutines, files := leak.Goroutines(), daemontest.OpenFiles(t)
	hello := []byte{0x16, 3, 1, 2, 0} // the head of a record whose 512 bytes never come
	for i, bytes := range [][]byte{nil, hello, hello[:3], []byte("GET / HTTP/1.1\r\n\r\n"), make([]byte, 4000)} {
		for range 20 {
			p := a.dial(t)
			p.send(wire.Preinit{Seq: p.number(), ClusterName: wire.Some("prod")})
			p.next()
			p.send(wire.StartTLS{Seq: p.number()})
			_, _ = p.c.Write(bytes) // it may be refused already
			if i%2 == 1 {
				_ = p.c.Close()
			}
		}
	}
	neighbour.echo()
	daemontest.Settle(t, func() bool { return strings.Contains(askStatus(t, a), `"clients":1,`) }, func() string { return "stalled clients are left" })
	neighbour.echo()
	runtime.GC() // the peers' own ends are closed when the test has ended
	daemontest.Settle(t, func() bool { return leak.Goroutines() <= goroutines && daemontest.OpenFiles(t) <= files+60 }, daemontest.Stacks)
}

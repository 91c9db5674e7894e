// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority is a CA made for a test, whose certificates can be anything.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  crypto.Signer
}

func newAuthority(t *testing.T, until time.Time) *authority {
	t.Helper()
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(101), Subject: pkix.Name{CommonName: CACN}, NotBefore: until.Add(-10000 * time.Hour), NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
	}
	a.cert = a.sign(tmpl, tmpl, key.Public())
	return a
}

func (a *authority) sign(tmpl, parent *x509.Certificate, pub any) *x509.Certificate {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, pub, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

// leaf signs a certificate that change has made into what a test wants.
func (a *authority) leaf(cn string, change func(*x509.Certificate)) *tls.Certificate {
	a.t.Helper()
	key, err := newKey()
	if err != nil {
		a.t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: cn},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	if change != nil {
		change(tmpl)
	}
	c := a.sign(tmpl, a.cert, key.Public())
	return &tls.Certificate{Certificate: [][]byte{c.Raw, a.cert.Raw}, PrivateKey: key, Leaf: c}
}

// node writes the directory of a node of this CA.
func (a *authority) node(cluster *tls.Certificate) string {
	a.t.Helper()
	dir := a.t.TempDir()
	files := map[string][]byte{nodeCAFile: certPEM(a.cert.Raw)}
	if cluster != nil {
		key, err := keyPEM(cluster.PrivateKey)
		if err != nil {
			a.t.Fatal(err)
		}
		files[nodeClusterFile] = append(certPEM(cluster.Leaf.Raw), key...)
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	return dir
}

// meet lets a client and a server shake hands and returns what each saw.
func meet(t *testing.T, client, server *tls.Config) (seen tls.ConnectionState, clientErr, serverErr error) {
	t.Helper()
	ours, theirs := net.Pipe()
	deadline := time.Now().Add(5 * time.Second)
	for _, c := range []net.Conn{ours, theirs} {
		if err := c.SetDeadline(deadline); err != nil {
			t.Fatal(err)
		}
	}
	s := tls.Server(theirs, server)
	done := make(chan error)
	go func() {
		err := s.Handshake()
		if err == nil { // with 1.3 a client's verdict comes after the server's handshake
			_, err = s.Read(make([]byte, 1))
		}
		_ = theirs.Close()
		done <- err
	}()
	c := tls.Client(ours, client)
	if clientErr = c.Handshake(); clientErr == nil {
		go func() { _, _ = io.Copy(io.Discard, ours) }() // so that the server gets rid of an alert
		_, clientErr = c.Write([]byte{1})
	}
	serverErr = <-done
	_ = ours.Close()
	return s.ConnectionState(), clientErr, serverErr
}

// TestVerifyArbiter: which certificates of an arbiter a node takes; what is not valid in
// time is refused like the rest (SEC-1).
func TestVerifyArbiter(t *testing.T) {
	ca, foreign := newAuthority(t, time.Now().Add(time.Hour)), newAuthority(t, time.Now().Add(time.Hour))
	expired := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	}
	selfSigned := func(cn string, change func(*x509.Certificate)) *tls.Certificate {
		own := newAuthority(t, time.Now().Add(time.Hour))
		l := own.leaf(cn, change)
		l.Leaf.PublicKey = own.key.Public()
		c := own.sign(l.Leaf, l.Leaf, own.key.Public())
		return &tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: own.key}
	}
	for _, c := range []struct {
		what string
		cert *tls.Certificate
		why  string // empty: accepted
	}{
		{"signed by the CA", ca.leaf(ServerCN, nil), ""},
		{"EKU server", ca.leaf(ServerCN, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), ""},
		{"EKU client", ca.leaf(ServerCN, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), "is not a server certificate"},
		{"SAN right, CN wrong", ca.leaf("other", func(c *x509.Certificate) { c.DNSNames = []string{"x", ServerCN} }), ""},
		{"SAN wrong, CN right", ca.leaf(ServerCN, func(c *x509.Certificate) { c.DNSNames = []string{"x"} }), `for ["x"]`},
		{"SAN without a name", ca.leaf(ServerCN, func(c *x509.Certificate) { c.IPAddresses = []net.IP{{127, 0, 0, 1}} }), "for []"},
		{"a cluster's", ca.leaf("prod", nil), `for ["prod"], not for "Qnetd Server"`},
		{"case", ca.leaf("qnetd server", nil), `for ["qnetd server"]`},
		{"foreign CA of the same name", foreign.leaf(ServerCN, nil), "another CA has signed its certificate"},
		{"self-signed", selfSigned(ServerCN, nil), "another CA has signed its certificate"},
		{"expired", ca.leaf(ServerCN, expired), "renew it, or set the clock"},
		{"not yet valid", ca.leaf(ServerCN, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }), "renew it, or set the clock"},
		{"expired, foreign, another name", foreign.leaf("anything", expired), "another CA has signed its certificate"},
		{"expired, self-signed", selfSigned("anything", expired), "another CA has signed its certificate"},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			r, err := NewNodeReloader(ca.node(nil), "", "", func(err error) { t.Error(err) })
			if err != nil {
				t.Fatal(err)
			}
			server := &tls.Config{Certificates: []tls.Certificate{*c.cert}, MinVersion: version, MaxVersion: version}
			seen, err, serverErr := meet(t, r.TLSConfig(), server)
			switch {
			case c.why == "" && (err != nil || serverErr != nil || seen.ServerName != ServerCN || seen.Version != version):
				t.Errorf("%s: %v, %v, SNI %q", c.what, err, serverErr, seen.ServerName)
			case c.why != "" && (err == nil || serverErr == nil || !strings.Contains(err.Error(), c.why)):
				t.Errorf("%s: %v, server: %v, want %q", c.what, err, serverErr, c.why)
			}
		}
	}
}

func TestVerifyArbiterOtherwise(t *testing.T) {
	old := newAuthority(t, time.Now().Add(-time.Hour))
	n := &Node{CA: old.cert}
	cs := tls.ConnectionState{PeerCertificates: []*x509.Certificate{old.leaf(ServerCN, nil).Leaf}}
	if err := n.VerifyArbiter(cs, ServerCN, time.Now()); err == nil || !strings.Contains(err.Error(), `"QNet CA" of {arbiter} expired on`) {
		t.Errorf("expired CA: %v", err)
	}
	ca := newAuthority(t, time.Now().Add(time.Hour))
	n = &Node{CA: ca.cert}
	cs = tls.ConnectionState{PeerCertificates: []*x509.Certificate{ca.leaf("my arbiter", nil).Leaf}}
	if err := n.VerifyArbiter(cs, "my arbiter", time.Now()); err != nil {
		t.Errorf("own name: %v", err)
	}
	if err := n.VerifyArbiter(tls.ConnectionState{}, ServerCN, time.Now()); err == nil {
		t.Error("without a certificate")
	}
}

// TestNodeMeetsArbiter: the two of ours, with and without the cluster's certificate.
func TestNodeMeetsArbiter(t *testing.T) {
	dir := newCA(t)
	ca, key, err := loadCA(dir)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, cert: ca, key: key}
	arbiter, err := LoadArbiter(dir)
	if err != nil {
		t.Fatal(err)
	}
	for cn, cert := range map[string]*tls.Certificate{"prod": a.leaf("prod", nil), "": nil} {
		r, err := NewNodeReloader(a.node(cert), "", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		seen, clientErr, serverErr := meet(t, r.TLSConfig(), arbiter.TLSConfig(true))
		if got, verified := PeerCN(seen); got != cn || verified != (cn != "") || clientErr != nil || serverErr != nil {
			t.Errorf("%q: %q, %v, %v, %v", cn, got, verified, clientErr, serverErr)
		}
	}
}

func TestLoadNodeRefuses(t *testing.T) {
	ca, foreign := newAuthority(t, time.Now().Add(time.Hour)), newAuthority(t, time.Now().Add(time.Hour))
	if _, err := NewNodeReloader(t.TempDir(), "", "", nil); !errors.Is(err, ErrNoNode) {
		t.Errorf("empty: %v", err)
	}
	if _, err := LoadNode(ca.node(foreign.leaf("prod", nil))); err == nil || !strings.Contains(err.Error(), `cluster "prod" is not of the CA`) {
		t.Errorf("foreign: %v", err)
	}
	mixed := ca.leaf("prod", nil)
	mixed.PrivateKey = ca.key
	if _, err := LoadNode(ca.node(mixed)); err == nil || !strings.Contains(err.Error(), nodeClusterFile) {
		t.Errorf("another key: %v", err)
	}
}

func TestNodeReload(t *testing.T) {
	ca := newAuthority(t, time.Now().Add(time.Hour))
	dir := ca.node(ca.leaf("old", nil))
	var reports []error
	r, err := NewNodeReloader(dir, "", "", func(err error) { reports = append(reports, err) })
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	cn := func(after time.Duration) string { return r.current(now.Add(after)).Cluster.Leaf.Subject.CommonName }
	path := filepath.Join(dir, nodeClusterFile)
	if err := os.WriteFile(path, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if cn(0) != "old" || cn(2*time.Second) != "old" || len(reports) != 1 || reports[0] == nil {
		t.Errorf("with a broken file: %v", reports)
	}
	b, err := os.ReadFile(filepath.Join(ca.node(ca.leaf("new", nil)), nodeClusterFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if cn(3*time.Second/2) != "old" || cn(4*time.Second) != "new" || len(reports) != 2 || reports[1] != nil {
		t.Errorf("with a new one: %v", reports)
	}
}

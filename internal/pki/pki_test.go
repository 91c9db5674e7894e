// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// newCA makes a CA in a directory of its own.
func newCA(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "nssdb")
	if did, err := EnsureArbiter(dir); err != nil || did != Created {
		t.Fatal(did, err)
	}
	return dir
}

// request writes a certificate request as the C tools write them.
func request(t *testing.T, cn string, bits int, tmpl x509.CertificateRequest) (path string, key *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	tmpl.Subject = pkix.Name{CommonName: cn}
	der, err := x509.CreateCertificateRequest(rand.Reader, &tmpl, key)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "node.crq")
	if err := os.WriteFile(path, der, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, key
}

func TestInit(t *testing.T) {
	dir := newCA(t)
	for name, mode := range map[string]os.FileMode{
		CACertFile: 0o644, serverCertFile: 0o644, caKeyFile: 0o600, serverKeyFile: 0o640, serialFile: 0o640, ".": 0o750,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	a, err := LoadArbiter(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !a.CA.IsCA || a.CA.Subject.CommonName != "QNet CA" || a.Server.Leaf.Subject.CommonName != "Qnetd Server" || a.CA.SerialNumber.Int64() != 101 {
		t.Errorf("CA %v, server %v", a.CA.Subject, a.Server.Leaf.Subject)
	}
	if err := Init(dir, InitOptions{}); !errors.Is(err, ErrExists) {
		t.Errorf("twice: %v", err)
	}
	if did, err := EnsureArbiter(dir); did != Present || err != nil {
		t.Errorf("ensured again: %v, %v", did, err)
	}
}

func TestConcurrentInit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "nssdb")
	if err := os.Mkdir(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	made := make(chan bool, 8)
	for range 8 {
		wg.Go(func() {
			did, err := EnsureArbiter(dir)
			if err != nil {
				t.Error(err)
			}
			made <- did == Created
		})
	}
	wg.Wait()
	close(made)
	n := 0
	for m := range made {
		if m {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d CAs were made", n)
	}
	if _, err := LoadArbiter(dir); err != nil {
		t.Error(err)
	}
}

func TestSign(t *testing.T) {
	dir := newCA(t)
	crq, key := request(t, "prod", 2048, x509.CertificateRequest{DNSNames: []string{"other"}})
	signed, err := Sign(dir, crq, "prod", true)
	if err != nil || signed.Replaced || filepath.Base(signed.Path) != "cluster-prod.crt" {
		t.Fatal(signed, err)
	}
	c, err := readCluster(signed.Path)
	if err != nil {
		t.Fatal(err)
	}
	// The request's extensions are not taken over (Q8): the name is the only identity.
	if c.Subject.CommonName != "prod" || len(c.DNSNames) != 0 || len(c.Extensions) > 1 || c.SerialNumber.Int64() != 103 {
		t.Errorf("%v %v %d extensions, serial %v", c.Subject, c.DNSNames, len(c.Extensions), c.SerialNumber)
	}
	if !key.PublicKey.Equal(c.PublicKey) {
		t.Error("another key")
	}
	other, _ := request(t, "prod", 2048, x509.CertificateRequest{})
	if signed, err = Sign(dir, other, "prod", true); err != nil || !signed.Replaced {
		t.Errorf("%+v, %v", signed, err)
	}
	list, err := Clusters(dir)
	if err != nil || len(list) != 1 || list[0].Cluster != "prod" || list[0].Serial != "104" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestSignRefuses(t *testing.T) {
	dir := newCA(t)
	good, _ := request(t, "prod", 2048, x509.CertificateRequest{})
	short, _ := request(t, "prod", 1024, x509.CertificateRequest{})
	garbage := filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(garbage, []byte("no request"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ crq, name, why string }{
		{good, "other", "is a request for cluster \"prod\""},
		{good, "../prod", "can't be part of a file name"},
		{good, "..", "can't be part of a file name"},
		{good, "qnetd server", "the arbiter's own"},
		{good, "QNet CA", "the arbiter's own"},
		{good, "", "empty"},
		{good, "a\nb", "can't be printed"},
		{good, strings.Repeat("x", 65), "at most 64 are allowed"},
		{short, "prod", "too short"},
		{garbage, "prod", "not a certificate request"},
		{garbage + "x", "prod", "no such file"},
	} {
		if _, err := Sign(dir, c.crq, c.name, false); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%q: %v, want %q", c.name, err, c.why)
		}
	}
	if list, err := Clusters(dir); err != nil || len(list) != 0 {
		t.Errorf("left %v, %v", list, err)
	}
	if _, err := Sign(t.TempDir(), good, "prod", false); !errors.Is(err, ErrNoCA) {
		t.Errorf("without a CA: %v", err)
	}
}

func TestConcurrentSign(t *testing.T) {
	dir := newCA(t)
	crq, _ := request(t, "prod", 2048, x509.CertificateRequest{})
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := Sign(dir, crq, "prod", false); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if b, err := os.ReadFile(filepath.Join(dir, serialFile)); err != nil || string(b) != "112\n" {
		t.Errorf("serial %q, %v", b, err)
	}
}

// handshake connects with a client certificate, if there is one, and returns
// what the server saw.
func handshake(t *testing.T, server *tls.Config, cert *tls.Certificate) (tls.ConnectionState, error) {
	t.Helper()
	cfg := &tls.Config{InsecureSkipVerify: true}
	if cert != nil {
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return cert, nil }
	}
	seen, _, err := meet(t, cfg, server)
	return seen, err
}

// enrolled is an arbiter, and the certificate that its CA has signed for the cluster prod.
func enrolled(t *testing.T) (*Arbiter, *tls.Certificate) {
	t.Helper()
	dir := newCA(t)
	crq, key := request(t, "prod", 2048, x509.CertificateRequest{})
	signed, err := Sign(dir, crq, "prod", false)
	if err != nil {
		t.Fatal(err)
	}
	der, err := os.ReadFile(signed.Path)
	if err != nil {
		t.Fatal(err)
	}
	a, err := LoadArbiter(dir)
	if err != nil {
		t.Fatal(err)
	}
	return a, &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestPeerCN(t *testing.T) {
	a, cert := enrolled(t)
	cs, err := handshake(t, a.TLSConfig(true), cert)
	if cn, ok := PeerCN(cs); err != nil || cn != "prod" || !ok {
		t.Errorf("%q, %v, %v", cn, ok, err)
	}
	cs, err = handshake(t, a.TLSConfig(true), nil)
	if cn, ok := PeerCN(cs); err != nil || cn != "" || ok {
		t.Errorf("without a certificate: %q, %v, %v", cn, ok, err)
	}
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	self := &x509.Certificate{SerialNumber: a.CA.SerialNumber, Subject: pkix.Name{CommonName: "prod"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, self, self, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = handshake(t, a.TLSConfig(true), &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k}); err == nil {
		t.Error("a foreign certificate passed")
	}
}

func TestReload(t *testing.T) {
	dir := newCA(t)
	var reports []error
	r, err := NewReloader(dir, true, func(err error) { reports = append(reports, err) })
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	first := r.current(now)
	if err := os.WriteFile(filepath.Join(dir, serverKeyFile), []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r.current(now) != first {
		t.Error("looked too soon")
	}
	if r.current(now.Add(2*time.Second)) != first || len(reports) != 1 || reports[0] == nil {
		t.Errorf("with a broken key: %v", reports)
	}
	next := newCA(t)
	for _, name := range []string{CACertFile, serverCertFile, serverKeyFile} {
		b, err := os.ReadFile(filepath.Join(next, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if r.current(now.Add(4*time.Second)) == first || len(reports) != 2 || reports[1] != nil {
		t.Errorf("with new ones: %v", reports)
	}
}

// TestNSS: the C side's own tools take our CA and a certificate of it.
func TestNSS(t *testing.T) {
	if _, err := exec.LookPath("certutil"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("needs certutil (package libnss3-tools)")
		}
		t.Skip("needs certutil (package libnss3-tools)")
	}
	dir, db := newCA(t), t.TempDir()
	certutil := func(args ...string) {
		t.Helper()
		out, err := exec.Command("certutil", append(args, "-d", db)...).CombinedOutput()
		if err != nil {
			t.Fatalf("certutil %v: %v: %s", args, err, out)
		}
	}
	certutil("-N", "--empty-password")
	certutil("-A", "-t", "CT,c,c", "-n", "QNet CA", "-i", filepath.Join(dir, CACertFile))
	crq, _ := request(t, "prod", 2048, x509.CertificateRequest{})
	signed, err := Sign(dir, crq, "prod", false)
	if err != nil {
		t.Fatal(err)
	}
	certutil("-A", "-t", "u,u,u", "-n", "Cluster Cert", "-i", signed.Path)
	certutil("-V", "-u", "C", "-n", "Cluster Cert")
	b, err := os.ReadFile(filepath.Join(dir, serverCertFile))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	server := filepath.Join(db, "server.der")
	if err := os.WriteFile(server, block.Bytes, 0o600); err != nil {
		t.Fatal(err)
	}
	certutil("-A", "-t", ",,", "-n", "server", "-i", server)
	certutil("-V", "-u", "V", "-n", "server")
}

func FuzzRequest(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if req, err := parseRequest(b); err == nil && req.PublicKey == nil {
			t.Error("a request without a key")
		}
	})
}

// TestNothingIsResumed: a client that has kept its session does not get back in with it, but
// proves its certificate anew. A session would outlive a change of the CA.
func TestNothingIsResumed(t *testing.T) {
	a, cert := enrolled(t)
	server := a.TLSConfig(true)
	client := &tls.Config{ // of 1.2, where the ticket comes with the handshake
		InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, ServerName: "arbiter",
		ClientSessionCache:   tls.NewLRUClientSessionCache(1),
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return cert, nil },
	}
	for range 2 {
		if cs, _, err := meet(t, client, server); err != nil || cs.DidResume || len(cs.PeerCertificates) != 1 {
			t.Errorf("resumed %v, %d certificates, %v", cs.DidResume, len(cs.PeerCertificates), err)
		}
	}
}

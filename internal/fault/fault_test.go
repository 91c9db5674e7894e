// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package fault_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/internal/fault"
)

// bare is what no sentence may have in it.
var bare = regexp.MustCompile(`dial tcp|dial unix|dial udp|x509:|tls:|asn1|\*ecdsa|\*rsa|i/o timeout|library error|\(\d+\)$|lookup .* on |EOF|context |strconv|use of closed|syscall|read tcp|write tcp|%!|<nil>`)

func check(t *testing.T, f *fault.Fault, cause fault.Cause, words string) {
	t.Helper()
	if f.Cause != cause || !strings.Contains(f.Text, words) || bare.MatchString(f.Text) || strings.Contains(f.Text, "\n") {
		t.Errorf("cause %d, %q; want %d and %q (from %v)", f.Cause, f.Text, cause, words, f.Err)
	}
}

// opErr is what a dial makes of an errno.
func opErr(errno syscall.Errno) error {
	return &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5403}, Err: os.NewSyscallError("connect", errno)}
}

func TestDial(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	_, err = net.Dial("tcp", address)
	check(t, fault.Dial(err, address), fault.Refused, "the arbiter at 127.0.0.1 refused the connection on port ")
	ctx, cancel := context.WithDeadline(context.Background(), time.Now())
	defer cancel()
	_, err = new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:1")
	check(t, fault.Dial(err, "192.0.2.1:5403"), fault.NoAnswer, "no answer from 192.0.2.1 port 5403: a firewall, or nothing there")
	for _, tt := range []struct {
		errno syscall.Errno
		cause fault.Cause
		words string
	}{
		{syscall.ETIMEDOUT, fault.NoAnswer, "no answer from 192.0.2.1 port 5403: a firewall, or nothing there"},
		{syscall.ECONNREFUSED, fault.Refused, "Is it running there?"},
		{syscall.EHOSTUNREACH, fault.NoRoute, "can't reach 192.0.2.1"},
		{syscall.EHOSTDOWN, fault.NoRoute, "can't reach 192.0.2.1"},
		{syscall.ENETUNREACH, fault.NoRoute, "this machine has no route to 192.0.2.1"},
		{syscall.EADDRNOTAVAIL, fault.NoRoute, "no route"},
		{syscall.EPERM, fault.Forbidden, "firewall"},
		{syscall.EACCES, fault.Forbidden, "firewall"},
		{syscall.ECONNRESET, fault.Reset, "reset the connection"},
		{syscall.EMFILE, fault.Unknown, "192.0.2.1 port 5403 can't be reached: "},
	} {
		check(t, fault.Dial(opErr(tt.errno), "192.0.2.1:5403"), tt.cause, tt.words)
	}
	check(t, fault.Dial(opErr(syscall.ETIMEDOUT), "[2001:db8::1]:5403"), fault.NoAnswer, "2001:db8::1 port 5403")
	check(t, fault.Dial(context.Canceled, "pi:5403"), fault.Unknown, "cancelled")
}

func TestLookup(t *testing.T) {
	check(t, fault.Lookup(&net.DNSError{Err: "no such host", Name: "pi.lan", IsNotFound: true}, "pi.lan"), fault.NameUnknown, "the name pi.lan is not known")
	check(t, fault.Lookup(&net.DNSError{Err: "i/o timeout", Name: "pi.lan", Server: "192.0.2.53:53", IsTimeout: true}, "pi.lan"), fault.NameServer, "does not answer when asked for pi.lan")
	check(t, fault.Lookup(&net.DNSError{Err: "server misbehaving", Name: "pi.lan", IsTemporary: true}, "pi.lan"), fault.NameServer, "can't look up pi.lan")
	check(t, fault.Lookup(context.DeadlineExceeded, "pi.lan"), fault.NameServer, "does not answer")
	_, err := net.DefaultResolver.LookupHost(t.Context(), "no.such.host.invalid")
	if f := fault.Lookup(err, "no.such.host.invalid"); (f.Cause != fault.NameUnknown && f.Cause != fault.NameServer) || bare.MatchString(f.Text) {
		t.Errorf("%d %q (from %v)", f.Cause, f.Text, err)
	}
}

func TestConn(t *testing.T) {
	check(t, fault.Conn(io.EOF), fault.Closed, "closed the connection")
	check(t, fault.Conn(nil), fault.Closed, "closed the connection")
	check(t, fault.Conn(io.ErrUnexpectedEOF), fault.Closed, "in the middle of a message")
	check(t, fault.Conn(net.ErrClosed), fault.Closed, "closed")
	check(t, fault.Conn(os.ErrDeadlineExceeded), fault.NoAnswer, "no longer answers")
	for errno, cause := range map[syscall.Errno]fault.Cause{
		syscall.ECONNRESET: fault.Reset, syscall.EPIPE: fault.Reset, syscall.ETIMEDOUT: fault.NoAnswer, syscall.EHOSTUNREACH: fault.NoRoute,
	} {
		check(t, fault.Conn(&net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", errno)}), cause, "the ")
	}
	a, b := connected(t)
	_ = b.(*net.TCPConn).SetLinger(0)
	_ = b.Close()
	_, err := a.Read(make([]byte, 1))
	check(t, fault.Conn(err), fault.Reset, "reset the connection")
}

// connected returns both ends of a real connection.
func connected(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err == nil {
		server, err = l.Accept()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newCA(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(100, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return authority{cert, key}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (a authority) issue(t *testing.T, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Qnetd Server"}, DNSNames: []string{"Qnetd Server"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(tmpl)
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, &key.PublicKey, a.key)
	must(t, err)
	leaf, err := x509.ParseCertificate(der)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func pool(a authority) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// TestHandshake: real handshakes that fail, as the node and as the arbiter see them.
func TestHandshake(t *testing.T) {
	ca, other := newCA(t), newCA(t)
	good := ca.issue(t, nil)
	for _, tt := range []struct {
		name           string
		client, server func(*tls.Config)
		cause          fault.Cause // as the client has it
		words          string
		peer           fault.Cause // as the server has it; Unknown: not looked at
	}{
		{"another CA", nil, func(c *tls.Config) { c.Certificates = []tls.Certificate{other.issue(t, nil)} }, fault.OtherCA, "pi is not the arbiter that", fault.Unknown},
		{"expired", nil, func(c *tls.Config) {
			c.Certificates = []tls.Certificate{ca.issue(t, func(x *x509.Certificate) { x.NotAfter = time.Now().Add(-time.Minute) })}
		}, fault.Expired, "is not valid now", fault.Unknown},
		{"another name", func(c *tls.Config) { c.ServerName = "somebody" }, nil, fault.OtherName, "for another name", fault.Unknown},
		{"client certificate required", func(c *tls.Config) { c.Certificates = nil }, nil, fault.CertWanted, "requires a certificate", fault.CertWanted},
		{"client of another CA", func(c *tls.Config) { c.Certificates = []tls.Certificate{other.issue(t, nil)} }, nil, fault.CertRefused, "does not know the CA", fault.CertRefused},
		{"client expired", func(c *tls.Config) {
			c.Certificates = []tls.Certificate{ca.issue(t, func(x *x509.Certificate) { x.NotAfter = time.Now().Add(-time.Minute) })}
		}, nil, fault.CertRefused, "refuses the certificate", fault.CertRefused},
		{"no version in common", func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, fault.NoCommonTLS, "no version or cipher", fault.NoCommonTLS},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := connected(t)
			cc := &tls.Config{RootCAs: pool(ca), ServerName: "Qnetd Server", GetClientCertificate: nil, Certificates: []tls.Certificate{good}}
			sc := &tls.Config{Certificates: []tls.Certificate{good}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool(ca)}
			if tt.client != nil {
				tt.client(cc)
			}
			if tt.server != nil {
				tt.server(sc)
			}
			certs := cc.Certificates // whatever the server says that it takes
			cc.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				if len(certs) == 0 {
					return new(tls.Certificate), nil
				}
				return &certs[0], nil
			}
			peer := make(chan error, 1)
			go func() {
				err := tls.Server(b, sc).Handshake()
				_ = b.SetDeadline(time.Now().Add(time.Second))
				_, _ = io.Copy(io.Discard, b)
				peer <- err
			}()
			c := tls.Client(a, cc)
			err := c.Handshake()
			var f *fault.Fault
			if err != nil {
				f = fault.Handshake(err, "pi")
			} else { // with TLS 1.3 a refusal comes after the client's end of it
				_, err = c.Read(make([]byte, 1))
				f = fault.Conn(err)
			}
			_ = a.Close()
			check(t, f, tt.cause, tt.words)
			if err := <-peer; tt.peer != fault.Unknown {
				check(t, fault.PeerHandshake(err), tt.peer, "")
			}
		})
	}
}

// TestHandshakeStrangers: what answers is no TLS, or goes away.
func TestHandshakeStrangers(t *testing.T) {
	for _, tt := range []struct {
		name  string
		act   func(net.Conn)
		cause fault.Cause
		words string
	}{
		{"HTTP", func(c net.Conn) { fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\n\r\n") }, fault.NotTLS, "pi does not speak TLS"},
		{"closed", func(c net.Conn) { _, _ = c.Read(make([]byte, 4096)); _ = c.Close() }, fault.Closed, "pi closed the connection during the TLS handshake"},
		{"reset", func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1))
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		}, fault.Reset, "pi reset the connection"},
		{"silent", func(c net.Conn) {}, fault.NoAnswer, "pi does not finish the TLS handshake"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := connected(t)
			go tt.act(b)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			check(t, fault.Handshake(tls.Client(a, &tls.Config{ServerName: "x"}).HandshakeContext(ctx), "pi"), tt.cause, tt.words)
		})
	}
	a, b := connected(t)
	fmt.Fprint(a, "GET / HTTP/1.1\r\n\r\n")
	check(t, fault.PeerHandshake(tls.Server(b, &tls.Config{Certificates: []tls.Certificate{newCA(t).issue(t, nil)}}).Handshake()), fault.NotTLS, "it said that it would use TLS, but does not")
}

// TestWords: the text of a library is taken out of whatever it stands in.
func TestWords(t *testing.T) {
	dir := t.TempDir()
	_, noFile := os.Open(filepath.Join(dir, "x"))
	_, noNumber := strconv.ParseUint("abc", 10, 64)
	_, noProgram := exec.LookPath("no-such-program")
	_, noSocket := net.Dial("unix", filepath.Join(dir, "s"))
	_, noListen := net.Listen("tcp", "192.0.2.77:1")
	var v struct{ N int }
	noJSON, badType := json.Unmarshal([]byte("{"), &v), json.Unmarshal([]byte(`{"N":"x"}`), &v)
	_, noCert := x509.ParseCertificate([]byte{1, 2, 3})
	_, noPair := tls.X509KeyPair(nil, nil)
	for _, tt := range []struct {
		err  error
		want string
	}{
		{noFile, "can't open " + filepath.Join(dir, "x") + ": no such file or directory"},
		{fmt.Errorf("grants: %w", noFile), "grants: can't open "},
		{noNumber, `"abc" is not a number that fits`},
		{noProgram, "can't run no-such-program"},
		{noSocket, "can't reach the socket " + filepath.Join(dir, "s") + ": no such file or directory"},
		{noListen, "can't listen on 192.0.2.77 port 1: this machine does not have that address"},
		{noJSON, "JSON"}, {badType, "JSON"}, {noCert, "malformed certificate"}, {noPair, "failed to find any PEM data"},
		{opErr(syscall.ECONNREFUSED), "refused the connection on port 5403"},
		{fmt.Errorf("a: %w, b: %w", opErr(syscall.ETIMEDOUT), io.EOF), "a: no answer from 192.0.2.1 port 5403: a firewall, or nothing there, b: the other side closed the connection"},
		{errors.Join(io.ErrUnexpectedEOF, context.DeadlineExceeded), "it ends in the middle; it took too long"},
		{fmt.Errorf("status: %w", context.Canceled), "status: it was cancelled"},
		{&corosync.Error{Service: "cmap", Call: "get", Code: corosync.ErrLibrary}, "Corosync does not answer, or has ended (cmap, get)"},
		{&corosync.Error{Service: "cmap", Call: "connect", Code: corosync.ErrLibrary, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, "Corosync is not running"},
		{fmt.Errorf("Corosync is gone: %w", corosync.ErrLibrary), "Corosync is gone: Corosync does not answer, or has ended"}, //nolint:staticcheck // a name
		{corosync.ErrAccess, "only root"}, {corosync.ErrTryAgain, "Corosync is busy"}, {corosync.Code(77), "Corosync answers with error 77"},
		{errors.New("x509: signature algorithm specifies an RSA public key, but have public key of type *ecdsa.PublicKey"), "but have public key of type ECDSA"},
		{nil, ""},
		{errors.New("plain"), "plain"},
	} {
		if got := fault.Words(tt.err); !strings.Contains(got, tt.want) || bare.MatchString(got) || (got == "") != (tt.want == "") {
			t.Errorf("%q, want %q (from %v)", got, tt.want, tt.err)
		}
	}
}

// TestCause: a fault keeps its cause, and what is behind it, through errors around it.
func TestCause(t *testing.T) {
	f := fault.Dial(opErr(syscall.ECONNREFUSED), "192.0.2.1:5403")
	err := fmt.Errorf("around: %w", f)
	if fault.CauseOf(err) != fault.Refused || !errors.Is(err, syscall.ECONNREFUSED) || fault.CauseOf(io.EOF) != fault.Unknown {
		t.Errorf("%d, %v", fault.CauseOf(err), err)
	}
	if got := fault.Words(err); got != "around: "+f.Text {
		t.Errorf("%q", got)
	}
}

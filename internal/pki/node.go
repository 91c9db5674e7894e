// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/limited"
)

// The files of a node's directory. A node that has its CA is initialised; key
// and certificate of the cluster are one file, so that they are replaced at once.
const (
	nodeCAFile      = "qdevice-net-ca.crt"      // PEM
	nodeClusterFile = "qdevice-net-cluster.pem" // certificate, then key
	nodeRequestKey  = "qdevice-net-request.key" // waits for its certificate
	nodeLockFile    = "qdevice-net-pki.lock"
)

// ErrNoNode is returned where a node has not been initialised with a CA.
var ErrNoNode = errors.New("no certificates of a node")

// Node is what a node's daemon needs of a certificate directory.
type Node struct {
	CA      *x509.Certificate
	Cluster *tls.Certificate // with Leaf; nil until the cluster has a certificate
}

// LoadNode loads a node's CA and, if there is one, the cluster's certificate
// and key. A certificate that this CA did not sign is refused: no arbiter of
// the CA would take it. What is there and can't be used is a DamagedError.
func LoadNode(dir string) (*Node, error) {
	n, err := loadNode(dir)
	if errors.Is(err, ErrNoNode) {
		return nil, err
	}
	return n, damaged(err, mendNode(dir))
}

func loadNode(dir string) (*Node, error) {
	ca, err := loadCert(filepath.Join(dir, nodeCAFile))
	switch {
	case errors.Is(err, fs.ErrNotExist) && nssFiles(dir) != nil:
		return nil, fmt.Errorf("%s holds only the NSS database of the C corosync-qdevice, which the node daemon takes over when it starts: %w", dir, ErrNoNode)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: %w", dir, ErrNoNode)
	case err != nil:
		return nil, err
	}
	n := &Node{CA: ca}
	path := filepath.Join(dir, nodeClusterFile)
	b, err := limited.ReadFile(path, maxHandedIn)
	if errors.Is(err, fs.ErrNotExist) {
		return n, nil
	}
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(b, b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := pair.Leaf.CheckSignatureFrom(ca); err != nil {
		return nil, fmt.Errorf("%s: certificate of cluster %q is not of the CA in %s: %w",
			path, pair.Leaf.Subject.CommonName, nodeCAFile, err)
	}
	n.Cluster = &pair
	return n, nil
}

// VerifyArbiter reports why cs is no connection to the arbiter called name, or
// nil. The chain must lead to the node's CA, be valid at now and fit a server.
// The name must be equal, letter by letter, to the certificate's common name,
// or to a DNS name where the certificate has alternative names.
func (n *Node) VerifyArbiter(cs tls.ConnectionState, name string, now time.Time) error {
	if len(cs.PeerCertificates) == 0 {
		return fault.New(fault.NotArbiter, "{arbiter} sent no certificate")
	}
	leaf := cs.PeerCertificates[0]
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(n.CA)
	for _, c := range cs.PeerCertificates[1:] {
		between.AddCert(c)
	}
	opt := x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if _, err := leaf.Verify(opt); err != nil {
		return refusal(leaf, opt, err)
	}
	names := []string{leaf.Subject.CommonName}
	if hasAltNames(leaf) {
		names = leaf.DNSNames
	}
	if !slices.Contains(names, name) {
		return fault.New(fault.OtherName, fmt.Sprintf("the certificate of {arbiter} is for %q, not for %q", names, name))
	}
	return nil
}

// refusal words why leaf was refused. Clock and renewal are spoken of only
// where nothing but the time is wrong.
func refusal(leaf *x509.Certificate, opt x509.VerifyOptions, err error) error {
	if c := outOfTime(err); c != nil {
		now := opt.CurrentTime
		opt.CurrentTime = leaf.NotBefore
		_, other := leaf.Verify(opt)
		if other == nil || outOfTime(other) != nil {
			cause, text := fault.Expired, "expired on "+stamp(c.NotAfter)
			if now.Before(c.NotBefore) {
				cause, text = fault.NotYetValid, "is not valid before "+stamp(c.NotBefore)
			}
			return fault.New(cause, fmt.Sprintf("the certificate %q of {arbiter} %s, and it is %s here: renew it, or set the clock", c.Subject.CommonName, text, stamp(now)))
		}
		err = other
	}
	return fault.Certificate(err)
}

// outOfTime returns the certificate that err says is expired or not yet valid.
func outOfTime(err error) *x509.Certificate {
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return invalid.Cert
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func hasAltNames(c *x509.Certificate) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal([]int{2, 5, 29, 17}) {
			return true
		}
	}
	return false
}

// NodeReloader serves the certificates of a node's directory and takes up new
// ones when the files have changed. Its methods may be called from several
// goroutines.
type NodeReloader struct {
	*watcher[*Node]
	name string
	did  Ensured
}

// NewNodeReloader loads the certificates of dir, for connections to the arbiter
// whose certificate has that name; an empty name is ServerCN. What is only in an
// NSS database is taken over first, which can take some seconds: the cluster's
// certificate has that nickname there, the C tool's if it is empty. Later, report is
// called with nil after new ones were taken up, and with an error when they
// can't be: then the old ones stay in use. Where there is no CA the error is
// ErrNoNode.
func NewNodeReloader(dir, name, nickname string, report func(error)) (*NodeReloader, error) {
	if name == "" {
		name = ServerCN
	}
	if nickname == "" {
		nickname = nickCluster
	}
	did, err := takeOverNode(dir, nickname)
	if err != nil {
		return nil, err
	}
	w, err := watch(dir, []string{nodeCAFile, nodeClusterFile}, report, LoadNode)
	if err != nil {
		return nil, err
	}
	return &NodeReloader{w, name, did}, nil
}

// TLSConfig returns a client's configuration, TLS 1.2 and 1.3, that names the
// arbiter in SNI, checks its certificate with VerifyArbiter whatever the
// connection's address is, and offers the cluster's certificate. It stays
// current: one may be kept for all connections.
func (r *NodeReloader) TLSConfig() *tls.Config {
	return &tls.Config{
		ServerName:             r.name,
		MinVersion:             tls.VersionTLS12,
		SessionTicketsDisabled: true, // each connection proves both certificates anew
		InsecureSkipVerify:     true, // the name is no host's: VerifyConnection checks all
		VerifyConnection: func(cs tls.ConnectionState) error {
			now := time.Now()
			return r.current(now).VerifyArbiter(cs, r.name, now)
		},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if c := r.current(time.Now()).Cluster; c != nil {
				return c, nil
			}
			return &tls.Certificate{}, nil // the arbiter says whether it needs one
		},
	}
}

// Ensured says whether NewNodeReloader has taken over an NSS database.
func (r *NodeReloader) Ensured() Ensured { return r.did }

// Node returns the certificates that a handshake now would use.
func (r *NodeReloader) Node() *Node { return r.current(time.Now()) }

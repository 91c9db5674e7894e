// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"path/filepath"
	"sort"
	"time"

	"github.com/quorate/quorate/internal/limited"
)

// loadCert reads the first certificate of a PEM file, whatever stands before it.
func loadCert(path string) (*x509.Certificate, error) {
	b, err := limited.ReadFile(path, maxHandedIn)
	if err != nil {
		return nil, err
	}
	c, err := parsePEM(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// parsePEM returns the first certificate in b.
func parsePEM(b []byte) (*x509.Certificate, error) {
	for {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			return nil, errors.New("there is no certificate in it")
		}
		if block.Type == "CERTIFICATE" {
			return x509.ParseCertificate(block.Bytes)
		}
	}
}

func loadCA(dir string) (*x509.Certificate, crypto.Signer, error) {
	cert, err := loadCert(filepath.Join(dir, CACertFile))
	if err != nil {
		return nil, nil, err
	}
	key, err := loadKey(filepath.Join(dir, caKeyFile))
	return cert, key, err
}

// loadKey reads the private key of a PEM file.
func loadKey(path string) (crypto.Signer, error) {
	b, err := limited.ReadFile(path, maxHandedIn)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%s: there is no key in it", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%s: a key of type %T can't sign", path, key)
	}
	return signer, nil
}

// Arbiter is what a daemon needs of a certificate directory.
type Arbiter struct {
	CA     *x509.Certificate
	Server tls.Certificate // with Leaf

	dir string
}

// LoadArbiter loads the CA's and the server's certificate and the server's key.
// What is there and can't be used is a DamagedError.
func LoadArbiter(dir string) (*Arbiter, error) {
	if err := state(dir); err != nil {
		return nil, err
	}
	a, err := loadArbiter(dir)
	return a, damaged(err, mendArbiter(dir))
}

func loadArbiter(dir string) (*Arbiter, error) {
	ca, err := loadCert(filepath.Join(dir, CACertFile))
	if err != nil {
		return nil, err
	}
	server, err := tls.LoadX509KeyPair(filepath.Join(dir, serverCertFile), filepath.Join(dir, serverKeyFile))
	if err != nil {
		return nil, fmt.Errorf("server certificate in %s: %w", dir, err)
	}
	if err := server.Leaf.CheckSignatureFrom(ca); err != nil {
		return nil, fmt.Errorf("server certificate in %s is not from the CA next to it: %w", dir, err)
	}
	return &Arbiter{CA: ca, Server: server, dir: dir}, nil
}

// TLSConfig returns a server's configuration: TLS 1.2 and 1.3. With clientCert
// a client is asked for a certificate, and one that this CA did not sign ends
// the handshake; whether there must be one, and whose, is for the caller to say.
func (a *Arbiter) TLSConfig(clientCert bool) *tls.Config {
	cfg := &tls.Config{
		Certificates:           []tls.Certificate{a.Server},
		MinVersion:             tls.VersionTLS12,
		SessionTicketsDisabled: true, // each connection proves its certificate anew
	}
	if clientCert {
		cfg.ClientAuth = tls.VerifyClientCertIfGiven
		cfg.ClientCAs = x509.NewCertPool()
		cfg.ClientCAs.AddCert(a.CA)
	}
	return cfg
}

// PeerCN returns the common name of the peer's certificate and whether there
// is one whose chain was verified.
func PeerCN(cs tls.ConnectionState) (cn string, verified bool) {
	if len(cs.VerifiedChains) == 0 || len(cs.PeerCertificates) == 0 {
		return "", false
	}
	return cs.PeerCertificates[0].Subject.CommonName, true
}

// Reloader serves the certificates of a directory and takes up new ones when
// the files have changed. Its methods may be called from several goroutines.
type Reloader struct{ *watcher[*tls.Config] }

// NewReloader loads the certificates of dir. Later, report is called with nil
// after new ones were taken up, and with an error when they can't be: then the
// old ones stay in use.
func NewReloader(dir string, clientCert bool, report func(error)) (*Reloader, error) {
	w, err := watch(dir, []string{CACertFile, serverCertFile, serverKeyFile}, report, func(dir string) (*tls.Config, error) {
		a, err := LoadArbiter(dir)
		if err != nil {
			return nil, err
		}
		return a.TLSConfig(clientCert), nil
	})
	if err != nil {
		return nil, err
	}
	return &Reloader{w}, nil
}

// TLSConfig returns a configuration that always serves the current certificates.
func (r *Reloader) TLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return r.current(time.Now()), nil },
	}
}

// Enrolled is a cluster that a CA has signed a certificate for.
type Enrolled struct {
	Cluster     string    `json:"cluster"`
	Serial      string    `json:"serial"`
	NotAfter    time.Time `json:"not_after"`
	Fingerprint string    `json:"fingerprint"`
}

// EnrolledOf describes a cluster's certificate.
func EnrolledOf(c *x509.Certificate) Enrolled {
	return Enrolled{Cluster: c.Subject.CommonName, Serial: c.SerialNumber.String(), NotAfter: c.NotAfter, Fingerprint: Fingerprint(c)}
}

// Clusters lists the enrolled clusters of dir by name.
func Clusters(dir string) ([]Enrolled, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "cluster-*.crt"))
	if err != nil {
		return nil, err
	}
	sort.Strings(paths)
	var list []Enrolled
	var errs []error
	for _, p := range paths {
		c, err := readCluster(p)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", p, err))
			continue
		}
		list = append(list, EnrolledOf(c))
	}
	return list, errors.Join(errs...)
}

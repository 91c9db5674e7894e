// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/limited"
	"github.com/quorate/quorate/internal/pki/p12"
)

// The files that a node exchanges with its arbiter and with the other nodes,
// under C's names.
const (
	NodeRequestFile = "qdevice-net-node.crq" // DER
	NodeP12File     = "qdevice-net-node.p12"
)

// maxHandedIn is how many bytes a file of a certificate or a key may have.
const maxHandedIn = 256 << 10

// InitNode makes dir a node's, which trusts the arbiter whose CA certificate is
// in the file caFile: PEM, with any text around it, or DER. Where the node has
// a CA already, be it in an NSS database, it returns ErrExists and leaves all as
// it was. Progress is called with each step in the words of the C script; it
// may be nil.
func InitNode(dir, caFile string, progress func(did string)) error {
	if progress == nil {
		progress = func(string) {}
	}
	if NodeInitialized(dir) {
		return fmt.Errorf("%s: %w", dir, ErrExists)
	}
	ca, err := readHandedIn(caFile)
	if err != nil {
		return err
	}
	switch now := time.Now(); {
	case !ca.BasicConstraintsValid || !ca.IsCA:
		return fmt.Errorf("%s is the certificate of %q, which is not a CA: the arbiter's CA is in its file %s", caFile, ca.Subject.CommonName, CACertFile)
	case now.After(ca.NotAfter):
		return fmt.Errorf("%s: the CA's certificate expired on %s, and it is %s here", caFile, stamp(ca.NotAfter), stamp(now))
	}
	m := modesOf(true)
	made, err := makeDir(dir, m, nil)
	if err != nil {
		return err
	}
	if made {
		progress("Creating " + dir)
	}
	return lockedBy(nodeLockFile, dir, m, func(d *folder) error {
		if NodeInitialized(dir) {
			return fmt.Errorf("%s: %w", dir, ErrExists) // another process was faster
		}
		progress("Creating new key and cert db")
		if err := mark(d); err != nil {
			return err
		}
		progress("Importing CA")
		return d.write(nodeCAFile, certPEM(ca.Raw), 0o644)
	})
}

// NodeInitialized reports whether a node has a CA, be it in an NSS database.
func NodeInitialized(dir string) bool { return exists(dir, nodeCAFile) || nssFiles(dir) != nil }

// OtherCA says so if the node has another CA than the one in the file caFile,
// and returns "" if it is the same.
func OtherCA(dir, caFile string) (string, error) {
	n, err := LoadNode(dir)
	if err != nil {
		return "", err
	}
	ca, err := readHandedIn(caFile)
	if err != nil || ca.Equal(n.CA) {
		return "", err
	}
	return fmt.Sprintf("It is for another arbiter: its CA has SHA-256 %s, that in %s has %s", Fingerprint(n.CA), caFile, Fingerprint(ca)), nil
}

// readHandedIn reads a certificate in PEM or DER.
func readHandedIn(path string) (*x509.Certificate, error) {
	b, err := limited.ReadFile(path, maxHandedIn)
	if err != nil {
		return nil, err
	}
	for rest := b; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			b = block.Bytes
			break
		}
	}
	c, err := x509.ParseCertificate(b)
	if err != nil {
		return nil, fmt.Errorf("%s %w: %w", path, ErrNoCert, err)
	}
	return c, nil
}

// ErrNoCert is returned for a file that was to be a certificate and is not.
var ErrNoCert = errors.New("is no certificate")

// openNode loads a node's certificates, after taking over an NSS database.
func openNode(dir string) (*Node, error) {
	if _, err := takeOverNode(dir, nickCluster); err != nil {
		return nil, err
	}
	return LoadNode(dir)
}

// RequestNode writes a certificate request for the cluster of that name, to be
// signed by the arbiter, and returns its path. Until the certificate comes the
// key waits, and further requests are for the same key.
//
// The key is RSA of 2048 bits, which every release of NSS takes in a request
// and in a PKCS#12 file, and whose signature costs the arbiter the least to
// verify. The node signs only when it connects.
func RequestNode(dir, cluster string) (path string, err error) {
	if err := CheckName(cluster); err != nil {
		return "", err
	}
	if _, err := openNode(dir); err != nil {
		return "", err
	}
	err = lockedBy(nodeLockFile, dir, modesOf(true), func(d *folder) error {
		key, err := loadKey(filepath.Join(dir, nodeRequestKey))
		if errors.Is(err, fs.ErrNotExist) {
			if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
				return err
			}
			b, err := keyPEM(key)
			if err != nil {
				return err
			}
			if err := d.write(nodeRequestKey, b, 0o600); err != nil {
				return err
			}
		} else if err != nil {
			return err
		}
		der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: cluster}}, key)
		if err != nil {
			return err
		}
		return d.write(NodeRequestFile, der, 0o640)
	})
	return filepath.Join(dir, NodeRequestFile), err
}

// ImportNodeCert takes up the cluster's certificate, which the arbiter signed,
// from the file crt (DER or PEM), writes it with its key and the CA to a
// PKCS#12 file with an empty password for the other nodes, and returns that
// file's path and the name of the cluster. The key is that of the request, or
// the present one, or one that waits in an NSS database.
func ImportNodeCert(dir, crt string) (path, cluster string, err error) {
	c, err := readHandedIn(crt)
	if err != nil {
		return "", "", err
	}
	n, err := openNode(dir)
	if err != nil {
		return "", "", err
	}
	if err := n.check(c, crt); err != nil {
		return "", "", err
	}
	err = lockedBy(nodeLockFile, dir, modesOf(true), func(d *folder) error {
		key, err := findKey(d, n, c)
		if err != nil {
			return err
		}
		if key == nil {
			return fmt.Errorf("%s is not for the key of the request that was made here. %s", crt,
				advice.RequestAgain.WithWord("cluster", c.Subject.CommonName).With("flags", NodeFlags(dir)))
		}
		id := sha1.Sum(c.Raw) // what NSS and openssl have there
		b, err := p12.Encode(&p12.Contents{
			Keys:  []p12.Key{{Key: key, Name: nickCluster, ID: id[:]}},
			Certs: []p12.Cert{{Cert: c, Name: nickCluster, ID: id[:]}, {Cert: n.CA, Name: nickCA}},
		}, "")
		if err != nil {
			return err
		}
		if err := d.write(NodeP12File, b, 0o600); err != nil {
			return err
		}
		return writeCluster(d, c, key)
	})
	return filepath.Join(dir, NodeP12File), c.Subject.CommonName, err
}

// check reports why a certificate from the file path is not this node's.
func (n *Node) check(c *x509.Certificate, path string) error {
	if err := c.CheckSignatureFrom(n.CA); err != nil {
		return fmt.Errorf("%s: certificate of cluster %q is not of the arbiter's CA here (SHA-256 %s): %w",
			path, c.Subject.CommonName, Fingerprint(n.CA), err)
	}
	return nil
}

// findKey returns the key for c, or nil.
func findKey(d *folder, n *Node, c *x509.Certificate) (crypto.Signer, error) {
	key, err := loadKey(filepath.Join(d.path, nodeRequestKey))
	switch {
	case err == nil && samePublic(key, c):
		return key, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if n.Cluster != nil {
		if key, ok := n.Cluster.PrivateKey.(crypto.Signer); ok && samePublic(key, c) {
			return key, nil
		}
	}
	if nssFiles(d.path) == nil {
		return nil, nil
	}
	db, err := openNSS(d.path, d)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.close() }() // the next takeover removes what is left
	return db.keyOf(c)
}

// ImportNodeP12 takes up the cluster's certificate and key from a PKCS#12 file
// with an empty password, and returns the name of the cluster. Where they are
// there already, it changes nothing.
func ImportNodeP12(dir, file string) (cluster string, err error) {
	b, err := limited.ReadFile(file, maxHandedIn)
	if err != nil {
		return "", err
	}
	n, err := openNode(dir)
	if err != nil {
		return "", err
	}
	contents, err := p12.Decode(b, "")
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	key, cert, err := contents.Pair()
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	if err := n.check(cert.Cert, file); err != nil {
		return "", err
	}
	if n.Cluster != nil && n.Cluster.Leaf.Equal(cert.Cert) {
		return cert.Cert.Subject.CommonName, nil
	}
	err = lockedBy(nodeLockFile, dir, modesOf(true), func(d *folder) error { return writeCluster(d, cert.Cert, key.Key) })
	return cert.Cert.Subject.CommonName, err
}

// ImportNode takes up what file has, a certificate as ImportNodeCert does or a
// PKCS#12 file as ImportNodeP12 does. The path of a PKCS#12 file is returned only
// where one was written.
func ImportNode(dir, file string) (path, cluster string, err error) {
	if _, err := readHandedIn(file); errors.Is(err, ErrNoCert) {
		cluster, err = ImportNodeP12(dir, file)
		return "", cluster, err
	}
	return ImportNodeCert(dir, file)
}

// CheckSigned reports why the certificate in the file crt is not what the CA in
// the file ca signed for the request in the file crq and the cluster of that
// name: where files went over other machines, or through a tool that says that
// it succeeded when it did not.
func CheckSigned(ca, crq, crt, cluster string) error {
	n := &Node{}
	var err error
	if n.CA, err = readHandedIn(ca); err != nil {
		return err
	}
	req, err := readRequest(crq)
	if err != nil {
		return err
	}
	c, err := readHandedIn(crt)
	if err != nil {
		return err
	}
	if err := n.check(c, crt); err != nil {
		return err
	}
	if pub, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !pub.Equal(req.PublicKey) || c.Subject.CommonName != cluster {
		return fmt.Errorf("the arbiter's certificate is not for the request of cluster %q that was made here", cluster)
	}
	return nil
}

// writeCluster makes c and its key those of the node, whose own request is done
// with if it was for this key.
func writeCluster(d *folder, c *x509.Certificate, key crypto.Signer) error {
	b, err := keyPEM(key)
	if err != nil {
		return err
	}
	if err := d.write(nodeClusterFile, append(certPEM(c.Raw), b...), 0o600); err != nil {
		return err
	}
	if waiting, err := limited.ReadFile(filepath.Join(d.path, nodeRequestKey), maxHandedIn); err == nil && bytes.Equal(waiting, b) {
		return d.Remove(nodeRequestKey)
	}
	return nil
}

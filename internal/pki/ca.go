// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/limited"
)

// The names in the certificates: the C client wants to see ServerCN.
const (
	CACN     = "QNet CA"
	ServerCN = "Qnetd Server"
)

// validity is how long certificates are valid: 1200 months, as in C.
func validity(from time.Time) time.Time { return from.AddDate(100, 0, 0) }

// InitOptions are the wishes of a caller of Init.
type InitOptions struct {
	GroupWrite bool             // let the group write to the files, as C does without -G
	Owner      *Owner           // whose they are to be, where root makes the directory; nil: the parent's
	Progress   func(did string) // called with each step, in the words of the C script; may be nil
}

// Init makes a CA and a server certificate in dir, which is made if need be.
// Where there is one already, be it in an NSS database, it returns ErrExists
// and leaves all as it was. Where there is a CA and the server's certificate is lost,
// that is made anew.
func Init(dir string, opt InitOptions) error {
	say := opt.Progress
	if say == nil {
		say = func(string) {}
	}
	m := modesOf(opt.GroupWrite)
	if err := state(dir); !vacant(err) {
		return existing(dir, err)
	}
	made, err := makeDir(dir, m, opt.Owner)
	if err != nil {
		return err
	}
	if made {
		say("Creating " + dir)
	}
	return locked(dir, m, func(d *folder) error {
		err := state(dir)
		switch {
		case !vacant(err):
			return existing(dir, err) // another process was faster
		case errors.Is(err, errNoServer):
			say("Creating new server certificate for the CA that is there")
			return renewServer(d)
		}
		say("Creating new key and cert db")
		say("Creating new CA")
		if err := create(d); err != nil {
			return err
		}
		say("QNetd CA certificate is exported as " + filepath.Join(dir, CACertFile))
		return nil
	})
}

// vacant reports whether a directory in that state lacks something that Init makes.
func vacant(state error) bool { return errors.Is(state, ErrNoCA) || errors.Is(state, errNoServer) }

func existing(dir string, err error) error {
	if err == nil || errors.Is(err, ErrNSS) {
		return fmt.Errorf("%s: %w", dir, ErrExists)
	}
	return err
}

// create writes a new CA. Its key comes before its certificate: a CA that somebody may
// have been given is never without one, even if this is broken off.
func create(d *folder) error {
	caKey, err := newKey()
	if err != nil {
		return err
	}
	serial, err := nextSerial(d)
	if err != nil {
		return err
	}
	now := time.Now().UTC().Add(-time.Hour) // a node's clock may be behind ours
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: CACN},
		NotBefore: now, NotAfter: validity(now),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return err
	}
	if ca, err = x509.ParseCertificate(caDER); err != nil {
		return err
	}
	text, err := keyPEM(caKey)
	if err != nil {
		return err
	}
	if err := mark(d); err != nil {
		return err
	}
	if err := d.write(caKeyFile, text, 0o600); err != nil {
		return err
	}
	if err := d.write(CACertFile, append(describe(ca), certPEM(caDER)...), 0o644); err != nil {
		return err
	}
	return makeServer(d, ca, caKey)
}

// renewServer makes a server's certificate of the CA that is there.
func renewServer(d *folder) error {
	ca, key, err := loadCA(d.path)
	if err == nil && !samePublic(key, ca) {
		err = fmt.Errorf("%s is not the key of %s", filepath.Join(d.path, caKeyFile), CACertFile)
	}
	if err != nil {
		return damaged(err, advice.LostKey.WithWord("dir", d.path).With("where", Where(d.path)))
	}
	return makeServer(d, ca, key)
}

// makeServer writes a new server's certificate and key.
func makeServer(d *folder, ca *x509.Certificate, caKey crypto.Signer) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	serial, err := nextSerial(d)
	if err != nil {
		return err
	}
	der, err := issue(ca, caKey, serial, ServerCN, key.Public())
	if err != nil {
		return err
	}
	return writeServer(d, d.modes.file, der, key)
}

// writeServer writes the server's certificate and key. A directory with the key is
// complete.
func writeServer(d *folder, mode fs.FileMode, der []byte, key crypto.Signer) error {
	text, err := keyPEM(key)
	if err != nil {
		return err
	}
	if err := d.write(serverCertFile, certPEM(der), 0o644); err != nil {
		return err
	}
	return d.write(serverKeyFile, text, mode)
}

// newKey makes an ECDSA key: NSS takes it, and a handshake costs a thirtieth
// of one with the RSA keys that C makes.
func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func keyPEM(k crypto.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func certPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// issue signs a certificate without extensions, as C does: nothing but the
// name and the key is taken from anybody.
func issue(ca *x509.Certificate, key any, serial int64, cn string, pub any) ([]byte, error) {
	now := time.Now().UTC().Add(-time.Hour)
	return x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: cn},
		NotBefore: now, NotAfter: validity(now),
	}, ca, pub, key)
}

// Ensured is what EnsureArbiter or a NodeReloader did.
type Ensured int

// What may have been done.
const (
	Present   Ensured = iota // nothing: all was there
	Created                  // a new CA and what belongs to it
	TakenOver                // read from the C programs' NSS database
	Renewed                  // a server certificate of the CA that was there
)

// EnsureArbiter takes over the NSS database in dir, or makes a CA if there is
// none, and says what it did. With no error LoadArbiter finds an arbiter.
func EnsureArbiter(dir string) (Ensured, error) { return SetUp(dir, InitOptions{}) }

// SetUp is EnsureArbiter with the wishes of its caller.
func SetUp(dir string, opt InitOptions) (Ensured, error) {
	took, err := TakeOverArbiter(dir)
	if err != nil || took == TakenOver {
		return took, err
	}
	did := Created
	if errors.Is(state(dir), errNoServer) {
		did = Renewed
	}
	err = Init(dir, opt)
	if errors.Is(err, ErrExists) {
		return Present, nil
	}
	if err != nil {
		return Present, fmt.Errorf("setting up certificates: %w", err)
	}
	return did, nil
}

// CheckName reports what is wrong with a cluster's name as a part of a file
// name and of a certificate: it must be 1 to 64 printable characters without a
// slash, and neither "." nor "..", nor one that the CA or its arbiter has: a
// certificate for that could be shown by the cluster as if it were the arbiter.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("cluster name is empty")
	case len(name) > 64: // the most that a common name may have
		return fmt.Errorf("cluster name has %d bytes, and at most 64 are allowed", len(name))
	case strings.EqualFold(name, ServerCN) || strings.EqualFold(name, CACN):
		return fmt.Errorf("cluster name %q is a name in the arbiter's own certificates", name)
	case name == "." || name == ".." || strings.ContainsRune(name, '/'):
		return fmt.Errorf("cluster name %q can't be part of a file name", name)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("cluster name %q has characters that can't be printed", name)
	}
	return nil
}

// Signed is what Sign did.
type Signed struct {
	Path     string // of the certificate
	Replaced bool   // there was one for another key: the cluster's old certificate stays valid
}

// maxRequest is how many bytes a certificate request may have.
const maxRequest = 64 << 10

// Sign signs the certificate request in the file crq for the cluster of that
// name, and writes the certificate to cluster-NAME.crt in dir. The request's
// common name must be the cluster's. On an error nothing has changed.
func Sign(dir, crq, name string, groupWrite bool) (Signed, error) {
	if err := CheckName(name); err != nil {
		return Signed{}, err
	}
	req, err := readRequest(crq)
	if err != nil {
		return Signed{}, err
	}
	if req.Subject.CommonName != name {
		return Signed{}, fmt.Errorf("%s is a request for cluster %q, not for %q", crq, req.Subject.CommonName, name)
	}
	if _, err := TakeOverArbiter(dir); err != nil {
		return Signed{}, err
	}
	if err := state(dir); err != nil {
		return Signed{}, err
	}
	out := Signed{Path: filepath.Join(dir, "cluster-"+name+".crt")}
	err = locked(dir, modesOf(groupWrite), func(d *folder) error {
		ca, key, err := loadCA(dir)
		if err != nil {
			return damaged(err, advice.LostKey.WithWord("dir", dir).With("where", Where(dir)))
		}
		if old, err := readCluster(out.Path); err == nil {
			out.Replaced = !bytes.Equal(old.RawSubjectPublicKeyInfo, req.RawSubjectPublicKeyInfo)
		}
		serial, err := nextSerial(d)
		if err != nil {
			return err
		}
		der, err := issue(ca, key, serial, name, req.PublicKey)
		if err != nil {
			return err
		}
		return d.write(filepath.Base(out.Path), der, 0o640) // as certutil does
	})
	if err != nil {
		return Signed{}, err
	}
	return out, nil
}

// readRequest reads a certificate request: DER as certutil writes it, or PEM.
func readRequest(path string) (*x509.CertificateRequest, error) {
	b, err := limited.ReadFile(path, maxRequest)
	if err != nil {
		return nil, err
	}
	req, err := parseRequest(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return req, nil
}

func parseRequest(b []byte) (*x509.CertificateRequest, error) {
	if block, _ := pem.Decode(b); block != nil {
		b = block.Bytes
	}
	req, err := x509.ParseCertificateRequest(b)
	if err != nil {
		return nil, fmt.Errorf("not a certificate request: %w", err)
	}
	if err := req.CheckSignature(); err != nil {
		return nil, fmt.Errorf("certificate request is not signed with its own key: %w", err)
	}
	switch k := req.PublicKey.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < 2048 {
			return nil, fmt.Errorf("RSA key of %d bits is too short: at least 2048 are needed", k.N.BitLen())
		}
	case *ecdsa.PublicKey:
	default:
		return nil, fmt.Errorf("key of type %T is not supported", k)
	}
	return req, nil
}

func readCluster(path string) (*x509.Certificate, error) {
	b, err := limited.ReadFile(path, maxHandedIn)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(b)
}

// describe is the text in front of the CA's PEM, where C has certutil's.
func describe(c *x509.Certificate) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Certificate:\n    Data:\n        Version: %d (0x%x)\n", c.Version, c.Version-1)
	fmt.Fprintf(&b, "        Serial Number: %d (0x%x)\n", c.SerialNumber, c.SerialNumber)
	fmt.Fprintf(&b, "        Signature Algorithm: %s\n        Issuer: \"CN=%s\"\n", c.SignatureAlgorithm, c.Issuer.CommonName)
	fmt.Fprintf(&b, "        Validity:\n            Not Before: %s\n            Not After : %s\n",
		c.NotBefore.Format(time.ANSIC), c.NotAfter.Format(time.ANSIC))
	fmt.Fprintf(&b, "        Subject: \"CN=%s\"\n", c.Subject.CommonName)
	fmt.Fprintf(&b, "        Subject Public Key Algorithm: %s\n", c.PublicKeyAlgorithm)
	fmt.Fprintf(&b, "    Fingerprint (SHA-256):\n        %s\n\n", Fingerprint(c))
	return b.Bytes()
}

// Fingerprint is a certificate's SHA-256 as certutil prints it: AB:CD:…
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(parts, ":")
}

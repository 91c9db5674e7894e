// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package p12

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// contents makes a CA and a certificate that it signed, as a node has them.
func contents(t testing.TB, key crypto.Signer) *Contents {
	t.Helper()
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := func(serial int64, cn string, isCA bool) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: cn}, IsCA: isCA, BasicConstraintsValid: isCA,
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		}
	}
	sign := func(c, parent *x509.Certificate, pub crypto.PublicKey) *x509.Certificate {
		der, err := x509.CreateCertificate(rand.Reader, c, parent, pub, caKey)
		if err != nil {
			t.Fatal(err)
		}
		if c, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
		return c
	}
	ca := tmpl(101, "QNet CA", true)
	ca = sign(ca, ca, caKey.Public())
	leaf := sign(tmpl(103, "prod", false), ca, key.Public())
	id := sha1.Sum(leaf.Raw)
	return &Contents{
		Keys:  []Key{{key, "Cluster Cert", id[:]}},
		Certs: []Cert{{leaf, "Cluster Cert", id[:]}, {ca, "QNet CA", nil}},
	}
}

func newECDSA(t testing.TB) crypto.Signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newRSA(t testing.TB) crypto.Signer {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// same fails unless got is want.
func same(t *testing.T, got, want *Contents) {
	t.Helper()
	if len(got.Keys) != len(want.Keys) || len(got.Certs) != len(want.Certs) {
		t.Fatalf("%d keys and %d certificates, want %d and %d", len(got.Keys), len(got.Certs), len(want.Keys), len(want.Certs))
	}
	for i, k := range got.Keys {
		w := want.Keys[i]
		if k.Name != w.Name || !bytes.Equal(k.ID, w.ID) || !k.Key.(interface{ Equal(crypto.PrivateKey) bool }).Equal(w.Key) {
			t.Errorf("key %d: %q, %x", i, k.Name, k.ID)
		}
	}
	for i, c := range got.Certs {
		w := want.Certs[i]
		if c.Name != w.Name || !bytes.Equal(c.ID, w.ID) || !c.Cert.Equal(w.Cert) {
			t.Errorf("certificate %d: %q, %x, %v", i, c.Name, c.ID, c.Cert.Subject)
		}
	}
}

func encoded(t testing.TB, c *Contents, password string) []byte {
	t.Helper()
	b, err := Encode(c, password)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	for _, key := range []crypto.Signer{newECDSA(t), newRSA(t)} {
		c := contents(t, key)
		for _, password := range []string{"", "x", "grüß"} {
			b := encoded(t, c, password)
			got, err := Decode(b, password)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, c)
			if k, crt, err := got.Pair(); err != nil || k.Name != "Cluster Cert" || crt.Cert.Subject.CommonName != "prod" {
				t.Errorf("%v, %v, %v", k.Name, crt.Cert.Subject, err)
			}
			if _, err := Decode(b, "other"); !errors.Is(err, ErrPassword) {
				t.Errorf("another password: %v", err)
			}
		}
	}
}

func TestPair(t *testing.T) {
	c := contents(t, newECDSA(t))
	for what, other := range map[string]*Contents{
		"no private key":       {Certs: c.Certs},
		"two private keys":     {Keys: append(c.Keys, c.Keys...), Certs: c.Certs},
		"only the CA":          {Keys: c.Keys, Certs: c.Certs[1:]},
		"another's public key": {Keys: c.Keys, Certs: contents(t, newECDSA(t)).Certs},
	} {
		if _, _, err := other.Pair(); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

// loose writes DER as BER at its loosest: every length indefinite or long, and
// every string of octets in pieces.
func loose(t *testing.T, der []byte) []byte {
	t.Helper()
	var out []byte
	for len(der) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(der, &v)
		if err != nil {
			t.Fatal(err)
		}
		head := v.FullBytes[0]
		der = rest
		switch {
		case v.IsCompound:
			out = append(append(append(out, head, 0x80), loose(t, v.Bytes)...), 0, 0)
		case head == tagOctets && len(v.Bytes) > 1 || head == context:
			half := len(v.Bytes) / 2
			out = append(out, head|cons, 0x80)
			for _, piece := range [][]byte{v.Bytes[:half], v.Bytes[half:]} {
				out = append(append(out, tagOctets, 0x84, 0, 0, byte(len(piece)>>8), byte(len(piece))), piece...)
			}
			out = append(out, 0, 0)
		default:
			out = append(append(out, head, 0x83, 0, 0, byte(len(v.Bytes))), v.Bytes...)
		}
	}
	return out
}

func TestBER(t *testing.T) {
	c := contents(t, newECDSA(t))
	b := loose(t, encoded(t, c, ""))
	if _, err := asn1.Unmarshal(b, &pfx{}); err == nil {
		t.Error("still DER")
	}
	got, err := Decode(b, "")
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, c)
}

func TestOtherPrograms(t *testing.T) {
	for _, name := range []string{"pbmac1.p12", "rc2.p12"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		c, err := Decode(b, "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, crt, err := c.Pair(); err != nil || crt.Cert.Subject.CommonName != "prod" {
			t.Errorf("%s: %v, %v", name, crt.Cert, err)
		}
		if _, err := Decode(b, "x"); !errors.Is(err, ErrPassword) {
			t.Errorf("%s, another password: %v", name, err)
		}
	}
}

// TestDamage changes single bytes: what still decodes must be what it was.
func TestDamage(t *testing.T) {
	c := contents(t, newECDSA(t))
	b := encoded(t, c, "")
	for i := 0; i < len(b); i += 3 {
		for _, x := range []byte{0x01, 0x80} {
			b[i] ^= x
			if got, err := Decode(b, ""); err == nil {
				same(t, got, c)
			}
			b[i] ^= x
		}
	}
	for n := 0; n < len(b); n += 5 {
		if _, err := Decode(b[:n], ""); err == nil {
			t.Errorf("cut to %d bytes: no error", n)
		}
	}
	if _, err := Decode(append(b, 0), ""); err == nil {
		t.Error("one byte too many: no error")
	}
}

func TestLimits(t *testing.T) {
	c := contents(t, newECDSA(t))
	b := encoded(t, c, "")
	nested := bytes.Repeat([]byte{0x30, 0x80}, 100_000)
	many := append([]byte{0x30, 0x83, 0x02, 0x00, 0x00}, bytes.Repeat([]byte{5, 0}, 0x10000)...)
	var whole pfx
	if _, err := asn1.Unmarshal(b, &whole); err != nil {
		t.Fatal(err)
	}
	noMAC, err := asn1.Marshal(struct {
		Version  int
		AuthSafe contentInfo
	}{whole.Version, whole.AuthSafe})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		what string
		file []byte
		work int
		why  string
	}{
		{"empty", nil, maxWork, "cut short"},
		{"large", make([]byte, maxSize+1), maxWork, "and at most"},
		{"deep", nested, maxWork, "too many or too deep"},
		{"many", many, maxWork, "too many or too deep"},
		{"long", []byte{0x30, 0x88, 1, 0, 0, 0, 0, 0, 0, 0}, maxWork, "cut short"},
		{"long by 2^32", []byte{0x30, 0x85, 1, 0, 0, 0, 2, 5, 0}, maxWork, "cut short"},
		{"long with a sign", []byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, maxWork, "cut short"},
		{"MAC of too many iterations", b, iterations - 1, "out of range"},
		{"keys of too many iterations", b, 3*iterations - 1, "out of range"},
		{"certificates of too many iterations", b, 5*iterations - 1, "out of range"},
		{"no MAC", noMAC, maxWork, "no MAC"},
	} {
		start := time.Now()
		_, err := decode(x.file, "", x.work)
		if err == nil || !strings.Contains(err.Error(), x.why) {
			t.Errorf("%s: %v, want %q", x.what, err, x.why)
		}
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%s took %v", x.what, d)
		}
	}
	if _, err := decode(b, "", 5*iterations); err != nil {
		t.Errorf("just enough work: %v", err)
	}
}

// TestIntegers: numbers up to 2^31 - 1 are taken, none above it, and none wraps,
// however many bytes it has and however wide an int is.
func TestIntegers(t *testing.T) {
	for _, x := range []struct {
		body []byte
		want int
		ok   bool
	}{
		{[]byte{0}, 0, true},
		{[]byte{0x7f}, 127, true},
		{[]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 8}, 8, true},
		{[]byte{0x7f, 0xff, 0xff, 0xff}, 1<<31 - 1, true},
		{[]byte{0, 0x80, 0, 0, 0}, 0, false},
		{[]byte{0, 0xff, 0xff, 0xff, 0xff}, 0, false},
		{[]byte{1, 0, 0, 0, 1}, 0, false},
		{[]byte{1, 0, 0, 0, 0, 0, 0, 0, 1}, 0, false},
		{[]byte{0x80}, 0, false},
	} {
		var err error
		f := fields{[]element{{tag: tagInteger, body: x.body}}, &err}
		if got := f.integer(); got != x.want || (err == nil) != x.ok {
			t.Errorf("% x: %d, %v", x.body, got, err)
		}
	}
}

// TestLargeKey: a key that would take long to check is refused by its size.
func TestLargeKey(t *testing.T) {
	var c Contents
	var err error
	c.addKey(fields{err: &err}, make([]byte, maxKey+1), "", nil)
	if err == nil || !strings.Contains(err.Error(), "private key of") || len(c.Keys) != 0 {
		t.Errorf("%v, %v", err, c.Keys)
	}
}

// TestRC2 has the vectors of RFC 2268, section 5, whose keys are all effective.
func TestRC2(t *testing.T) {
	for _, v := range []struct{ key, plain, hidden []byte }{
		{bytes.Repeat([]byte{0xff}, 8), bytes.Repeat([]byte{0xff}, 8), []byte{0x27, 0x8b, 0x27, 0xe4, 0x2e, 0x2f, 0x0d, 0x49}},
		{[]byte{0x30, 0, 0, 0, 0, 0, 0, 0}, []byte{0x10, 0, 0, 0, 0, 0, 0, 1}, []byte{0x30, 0x64, 0x9e, 0xdf, 0x9b, 0xe7, 0xd2, 0xc2}},
	} {
		c, err := newRC2(v.key)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 8)
		if c.Decrypt(got, v.hidden); !bytes.Equal(got, v.plain) {
			t.Errorf("%x: %x, want %x", v.key, got, v.plain)
		}
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package p12

import (
	"crypto"
	"crypto/hmac"
	"crypto/x509"
	"errors"
	"fmt"
	"unicode/utf16"
)

// ErrPassword is returned where the password is not that of the file, or the
// file was changed.
var ErrPassword = errors.New("wrong password, or damaged")

// ErrFormat is returned for what is no PKCS#12 file, or none that is understood.
var ErrFormat = errors.New("not a PKCS#12 file")

// Contents is what a file holds, in its order.
type Contents struct {
	Keys  []Key
	Certs []Cert
}

// Key is a private key.
type Key struct {
	Key  crypto.Signer
	Name string // friendlyName
	ID   []byte // localKeyID: that of the key's certificate
}

// Cert is a certificate.
type Cert struct {
	Cert *x509.Certificate
	Name string // friendlyName
	ID   []byte // localKeyID, if its key is in the file
}

// Pair returns the one key of c and its certificate.
func (c *Contents) Pair() (Key, Cert, error) {
	if len(c.Keys) != 1 {
		return Key{}, Cert{}, fmt.Errorf("%d private keys, one is wanted", len(c.Keys))
	}
	pub, ok := c.Keys[0].Key.Public().(interface{ Equal(crypto.PublicKey) bool })
	for _, cert := range c.Certs {
		if ok && pub.Equal(cert.Cert.PublicKey) {
			return c.Keys[0], cert, nil
		}
	}
	return Key{}, Cert{}, errors.New("no certificate for the private key")
}

// The content types and bags of RFC 7292 and RFC 5652.
const (
	oidData         = "1.2.840.113549.1.7.1"
	oidEncrypted    = "1.2.840.113549.1.7.6"
	oidKeyBag       = "1.2.840.113549.1.12.10.1.1"
	oidShroudedBag  = "1.2.840.113549.1.12.10.1.2"
	oidCertBag      = "1.2.840.113549.1.12.10.1.3"
	oidSafeBag      = "1.2.840.113549.1.12.10.1.6"
	oidX509         = "1.2.840.113549.1.9.22.1"
	oidFriendlyName = "1.2.840.113549.1.9.20"
	oidLocalKeyID   = "1.2.840.113549.1.9.21"
)

// maxKey is how many bytes a private key may have: RSA of 8192 bits has 4.7 KB,
// and more would take long to check.
const maxKey = 8 << 10

// Decode reads a PKCS#12 file. Its errors are ErrPassword and ErrFormat.
func Decode(data []byte, password string) (*Contents, error) {
	return decode(data, password, maxWork)
}

func decode(data []byte, password string, work int) (*Contents, error) {
	if len(data) > maxSize {
		return nil, fmt.Errorf("%w: %d bytes, and at most %d are allowed", ErrFormat, len(data), maxSize)
	}
	c, err := open(data, newSecrets(password, work))
	switch {
	case errors.Is(err, ErrPassword):
		return nil, fmt.Errorf("PKCS#12 file: %w", err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return c, nil
}

func open(data []byte, secrets []*secret) (*Contents, error) {
	var err error
	pfx := fieldsOf(data, &err)
	if version := pfx.integer(); version != 3 {
		pfx.fail(fmt.Errorf("version %d", version))
	}
	authSafe := pfx.sequence()
	if oid := authSafe.oid(); oid != oidData {
		pfx.fail(fmt.Errorf("content of type %q is not known", oid))
	}
	body := authSafe.explicit()
	content := body.octets()
	if err == nil && !pfx.more() {
		err = errors.New("no MAC")
	}
	macData := pfx.sequence()
	if err != nil {
		return nil, err
	}
	s, err := authenticate(macData.parts, content, secrets)
	if err != nil {
		return nil, err
	}
	return s.contents(content)
}

// authenticate returns the encoding of the password that the MAC is made with.
func authenticate(macData []element, content []byte, secrets []*secret) (*secret, error) {
	for _, s := range secrets {
		var err error
		m := fields{macData, &err}
		info := m.sequence()
		alg, digest := info.sequence(), info.octets()
		salt, iterations := m.octets(), 1
		if m.more() {
			iterations = m.integer()
		}
		sum := s.mac(alg, salt, iterations, content)
		if err != nil {
			return nil, err
		}
		if hmac.Equal(sum, digest) {
			return s, nil
		}
	}
	return nil, ErrPassword
}

func (s *secret) contents(data []byte) (*Contents, error) {
	var c Contents
	var err error
	for safe := fieldsOf(data, &err); safe.more(); {
		info := safe.sequence()
		oid, body := info.oid(), info.explicit()
		switch oid {
		case oidData:
			c.bags(s, fieldsOf(body.octets(), &err), 0)
		case oidEncrypted:
			enc := body.sequence()
			enc.integer()
			part := enc.sequence()
			part.oid()
			alg := part.sequence()
			plain := s.decrypt(alg, part.next(context).octets())
			if err == nil {
				c.bags(s, fieldsOf(plain, &err), 0)
			}
		default:
			safe.fail(fmt.Errorf("content of type %q is not known", oid))
		}
	}
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// bags reads the bags of a SafeContents.
func (c *Contents) bags(s *secret, list fields, depth int) {
	if depth > maxDepth {
		list.fail(errors.New("too deep"))
	}
	for list.more() {
		bag := list.sequence()
		oid, value := bag.oid(), bag.explicit()
		name, id := attributes(bag)
		if *list.err != nil {
			return
		}
		switch oid {
		case oidKeyBag:
			// The key is the value's DER, which the tree does not keep.
			list.fail(errors.New("private key that is not encrypted"))
		case oidShroudedBag:
			info := value.sequence()
			alg, data := info.sequence(), info.octets()
			c.addKey(list, s.decrypt(alg, data), name, id)
		case oidCertBag:
			cert := value.sequence()
			kind, body := cert.oid(), cert.explicit()
			c.addCert(list, kind, body.octets(), name, id)
		case oidSafeBag:
			c.bags(s, value.sequence(), depth+1)
		}
	}
}

func (c *Contents) addKey(list fields, der []byte, name string, id []byte) {
	if *list.err != nil {
		return
	}
	if len(der) > maxKey {
		list.fail(fmt.Errorf("private key of %d bytes", len(der)))
		return
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	signer, ok := key.(crypto.Signer)
	switch {
	case err != nil:
		list.fail(fmt.Errorf("private key: %w", err))
	case !ok:
		list.fail(fmt.Errorf("private key of type %T can't sign", key))
	default:
		c.Keys = append(c.Keys, Key{signer, name, id})
	}
}

func (c *Contents) addCert(list fields, kind string, der []byte, name string, id []byte) {
	if *list.err != nil || kind != oidX509 {
		return
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		list.fail(fmt.Errorf("certificate: %w", err))
		return
	}
	c.Certs = append(c.Certs, Cert{cert, name, id})
}

// attributes takes a bag's name and key ID.
func attributes(bag fields) (name string, id []byte) {
	if !bag.more() {
		return "", nil
	}
	for set := bag.inner(tagSet); set.more(); {
		attr := set.sequence()
		oid, values := attr.oid(), attr.inner(tagSet)
		switch oid {
		case oidFriendlyName:
			name = fromBMP(values.next(tagBMP).octets())
		case oidLocalKeyID:
			id = values.octets()
		}
	}
	return name, id
}

func fromBMP(b []byte) string {
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
	}
	return string(utf16.Decode(u))
}

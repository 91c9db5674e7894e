// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package p12

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"unicode/utf16"
)

// iterations is what Encode spends on a password. The files that nodes exchange
// have an empty one by tradition: more would only keep small machines busy.
const iterations = 2048

// saltSize is what pk12util writes.
const saltSize = 16

// The structures of RFC 7292 and RFC 8018, as far as they are written.
type (
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue // [0] EXPLICIT
	}
	encryptedData struct {
		Version int
		Content encryptedContent
	}
	encryptedContent struct {
		Type      asn1.ObjectIdentifier
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte `asn1:"tag:0"`
	}
	encryptedKey struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	pbes2Params struct{ KDF, Cipher pkix.AlgorithmIdentifier }
	kdfParams   struct {
		Salt       []byte
		Iterations int
		Size       int
		PRF        pkix.AlgorithmIdentifier
	}
	safeBag struct {
		Type       asn1.ObjectIdentifier
		Value      asn1.RawValue // [0] EXPLICIT
		Attributes []attribute   `asn1:"set,omitempty"`
	}
	attribute struct {
		Type   asn1.ObjectIdentifier
		Values []asn1.RawValue `asn1:"set"`
	}
	certValue struct {
		Type asn1.ObjectIdentifier
		Cert []byte `asn1:"explicit,tag:0"`
	}
	digestInfo struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}
	macData struct {
		MAC        digestInfo
		Salt       []byte
		Iterations int
	}
	pfx struct {
		Version  int
		AuthSafe contentInfo
		MAC      macData
	}
)

// Encode writes a PKCS#12 file that pk12util and openssl read: the keys first,
// each encrypted with AES-256, then the certificates encrypted with AES-128, all
// under PBKDF2 and a MAC with SHA-256.
func Encode(c *Contents, password string) ([]byte, error) {
	b, err := c.encode(password)
	if err != nil {
		return nil, fmt.Errorf("PKCS#12: %w", err)
	}
	return b, nil
}

func (c *Contents) encode(password string) ([]byte, error) {
	var keys, certs []safeBag
	for _, k := range c.Keys {
		bag, err := keyBag(k, password)
		if err != nil {
			return nil, err
		}
		keys = append(keys, bag)
	}
	for _, crt := range c.Certs {
		bag, err := makeBag(oidCertBag, certValue{oid(oidX509), crt.Cert.Raw}, crt.Name, crt.ID)
		if err != nil {
			return nil, err
		}
		certs = append(certs, bag)
	}
	plain, err := plainInfo(keys)
	if err != nil {
		return nil, err
	}
	hidden, err := encryptedInfo(certs, password)
	if err != nil {
		return nil, err
	}
	content, err := asn1.Marshal([]contentInfo{plain, hidden})
	if err != nil {
		return nil, err
	}
	auth, err := makeInfo(oidData, content)
	if err != nil {
		return nil, err
	}
	mac, err := seal(content, password)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(pfx{3, auth, mac})
}

func keyBag(k Key, password string) (safeBag, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.Key)
	if err != nil {
		return safeBag{}, err
	}
	alg, data, err := encrypt(der, password, oidAES256, 32)
	if err != nil {
		return safeBag{}, err
	}
	return makeBag(oidShroudedBag, encryptedKey{alg, data}, k.Name, k.ID)
}

func makeBag(kind string, value any, name string, id []byte) (safeBag, error) {
	v, err := explicit(value)
	if err != nil {
		return safeBag{}, err
	}
	bag := safeBag{Type: oid(kind), Value: v}
	if name != "" {
		bmp := asn1.RawValue{Tag: tagBMP, Bytes: toBMP(name)}
		bag.Attributes = append(bag.Attributes, attribute{oid(oidFriendlyName), []asn1.RawValue{bmp}})
	}
	if len(id) > 0 {
		octets := asn1.RawValue{Tag: asn1.TagOctetString, Bytes: id}
		bag.Attributes = append(bag.Attributes, attribute{oid(oidLocalKeyID), []asn1.RawValue{octets}})
	}
	return bag, nil
}

func plainInfo(bags []safeBag) (contentInfo, error) {
	b, err := asn1.Marshal(bags)
	if err != nil {
		return contentInfo{}, err
	}
	return makeInfo(oidData, b)
}

func encryptedInfo(bags []safeBag, password string) (contentInfo, error) {
	b, err := asn1.Marshal(bags)
	if err != nil {
		return contentInfo{}, err
	}
	alg, data, err := encrypt(b, password, oidAES128, 16)
	if err != nil {
		return contentInfo{}, err
	}
	return makeInfo(oidEncrypted, encryptedData{0, encryptedContent{oid(oidData), alg, data}})
}

func makeInfo(kind string, content any) (contentInfo, error) {
	v, err := explicit(content)
	return contentInfo{oid(kind), v}, err
}

// explicit wraps a value in the tag [0].
func explicit(value any) (asn1.RawValue, error) {
	b, err := asn1.Marshal(value)
	return asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: b}, err
}

// encrypt encrypts with PBES2 and AES in CBC mode.
func encrypt(plain []byte, password, cipherOID string, size int) (alg pkix.AlgorithmIdentifier, out []byte, err error) {
	salt, iv := make([]byte, saltSize), make([]byte, aes.BlockSize)
	rand.Read(salt) // never fails: it ends the program instead
	rand.Read(iv)
	key, err := pbkdf2.Key(sha256.New, password, salt, iterations, size)
	if err != nil {
		return alg, nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return alg, nil, err
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	out = append(bytes.Clone(plain), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, out)
	kdf, err := algorithm(oidPBKDF2, kdfParams{salt, iterations, size, pkix.AlgorithmIdentifier{
		Algorithm: oid(oidHMACSHA256), Parameters: asn1.NullRawValue,
	}})
	if err != nil {
		return alg, nil, err
	}
	enc, err := algorithm(cipherOID, iv)
	if err != nil {
		return alg, nil, err
	}
	alg, err = algorithm(oidPBES2, pbes2Params{kdf, enc})
	return alg, out, err
}

func algorithm(kind string, params any) (pkix.AlgorithmIdentifier, error) {
	b, err := asn1.Marshal(params)
	return pkix.AlgorithmIdentifier{Algorithm: oid(kind), Parameters: asn1.RawValue{FullBytes: b}}, err
}

// seal makes the MAC.
func seal(content []byte, password string) (macData, error) {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	key, err := newSecrets(password, maxWork)[0].derive(sha256.New, forMAC, salt, iterations, sha256.Size)
	if err != nil {
		return macData{}, err
	}
	h := hmac.New(sha256.New, key)
	h.Write(content)
	alg := pkix.AlgorithmIdentifier{Algorithm: oid(oidSHA256), Parameters: asn1.NullRawValue}
	return macData{digestInfo{alg, h.Sum(nil)}, salt, iterations}, nil
}

// oid parses one of the constants of this package.
func oid(dotted string) asn1.ObjectIdentifier {
	var o asn1.ObjectIdentifier
	n := 0
	for _, r := range dotted + "." {
		if r == '.' {
			o, n = append(o, n), 0
			continue
		}
		n = 10*n + int(r-'0')
	}
	return o
}

func toBMP(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u>>8), byte(u))
	}
	return b
}

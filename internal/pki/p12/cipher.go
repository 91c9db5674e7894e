// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package p12

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"unicode/utf16"
)

// The object identifiers that Encode writes; the others stand where they are read.
const (
	oidPBES2      = "1.2.840.113549.1.5.13"
	oidPBKDF2     = "1.2.840.113549.1.5.12"
	oidPBMAC1     = "1.2.840.113549.1.5.14"
	oidHMACSHA256 = "1.2.840.113549.2.9"
	oidAES128     = "2.16.840.1.101.3.4.1.2"
	oidAES256     = "2.16.840.1.101.3.4.1.42"
	oidSHA256     = "2.16.840.1.101.3.4.2.1"
)

var (
	hashes = map[string]func() hash.Hash{
		"1.3.14.3.2.26":          sha1.New,
		"2.16.840.1.101.3.4.2.4": sha256.New224,
		oidSHA256:                sha256.New,
		"2.16.840.1.101.3.4.2.2": sha512.New384,
		"2.16.840.1.101.3.4.2.3": sha512.New,
	}
	hmacs = map[string]func() hash.Hash{
		"1.2.840.113549.2.7":  sha1.New,
		"1.2.840.113549.2.8":  sha256.New224,
		oidHMACSHA256:         sha256.New,
		"1.2.840.113549.2.10": sha512.New384,
		"1.2.840.113549.2.11": sha512.New,
	}
	// pbes1 are the schemes with a key from the derivation of PKCS#12 itself.
	pbes1 = map[string]scheme{
		"1.2.840.113549.1.12.1.3": {24, des.NewTripleDESCipher},
		"1.2.840.113549.1.12.1.4": {16, twoKeyDES},
		"1.2.840.113549.1.12.1.5": {16, newRC2},
		"1.2.840.113549.1.12.1.6": {5, newRC2},
	}
	// pbes2 are the ciphers, all in CBC mode, with a key from PBKDF2.
	pbes2 = map[string]scheme{
		oidAES128:                 {16, aes.NewCipher},
		"2.16.840.1.101.3.4.1.22": {24, aes.NewCipher},
		oidAES256:                 {32, aes.NewCipher},
		"1.2.840.113549.3.7":      {24, des.NewTripleDESCipher},
	}
)

// scheme is a block cipher and how many bytes its key has.
type scheme struct {
	size  int
	block func([]byte) (cipher.Block, error)
}

func twoKeyDES(key []byte) (cipher.Block, error) {
	return des.NewTripleDESCipher(append(append([]byte(nil), key...), key[:8]...))
}

// maxWork is how many hashes may be spent on the password of one file. What
// pk12util writes needs 3 million, less than a second.
const maxWork = 12_000_000

// secret is a password and what it may still cost.
type secret struct {
	utf8 string // for PBKDF2
	bmp  []byte // for the derivation of PKCS#12
	work *int
}

// newSecrets returns a password's encodings: an empty one is written as two
// zero bytes, or as nothing.
func newSecrets(password string, work int) []*secret {
	var bmp []byte
	for _, u := range append(utf16.Encode([]rune(password)), 0) {
		bmp = append(bmp, byte(u>>8), byte(u))
	}
	list := []*secret{{password, bmp, &work}}
	if password == "" {
		list = append(list, &secret{work: &work})
	}
	return list
}

func (s *secret) spend(iterations, blocks int) error {
	if iterations < 1 || iterations > *s.work/blocks {
		return fmt.Errorf("%d iterations are out of range", iterations)
	}
	*s.work -= iterations * blocks
	return nil
}

// What a derived key of PKCS#12 is for: appendix B.3 of RFC 7292.
const (
	forKey = 1
	forIV  = 2
	forMAC = 3
)

// derive is the key derivation of appendix B.2 of RFC 7292. The letters are the RFC's.
func (s *secret) derive(newHash func() hash.Hash, id byte, salt []byte, iterations, size int) ([]byte, error) {
	h := newHash()
	u, v := h.Size(), h.BlockSize()
	if err := s.spend(iterations, (size+u-1)/u); err != nil {
		return nil, err
	}
	d := bytes.Repeat([]byte{id}, v)
	i := append(fill(salt, v), fill(s.bmp, v)...)
	var out []byte
	for {
		h.Reset()
		h.Write(d)
		h.Write(i)
		a := h.Sum(nil)
		for range iterations - 1 {
			h.Reset()
			h.Write(a)
			a = h.Sum(a[:0])
		}
		if out = append(out, a...); len(out) >= size {
			return out[:size], nil
		}
		b := fill(a, v)[:v]
		for j := 0; j < len(i); j += v {
			carry := 1
			for k := v - 1; k >= 0; k-- {
				carry += int(i[j+k]) + int(b[k])
				i[j+k] = byte(carry)
				carry >>= 8
			}
		}
	}
}

// fill repeats b up to a multiple of v bytes.
func fill(b []byte, v int) []byte {
	if len(b) == 0 {
		return nil
	}
	n := (len(b) + v - 1) / v * v
	return bytes.Repeat(b, (n+len(b)-1)/len(b))[:n]
}

// pbkdf2 takes the parameters of a PBKDF2 and derives the key. A size of 0 is
// what the parameters say.
func (s *secret) pbkdf2(kdf fields, size int) []byte {
	if oid := kdf.oid(); oid != oidPBKDF2 {
		kdf.fail(fmt.Errorf("key derivation %q is not known", oid))
	}
	params := kdf.sequence()
	salt, iterations := params.octets(), params.integer()
	if params.has(tagInteger) {
		switch n := params.integer(); {
		case size == 0 && n <= 64:
			size = n
		case size != n:
			params.fail(fmt.Errorf("key of %d bytes", n))
		}
	}
	prf := sha1.New
	if params.has(tagSequence) {
		alg := params.sequence()
		oid := alg.oid()
		if prf = hmacs[oid]; prf == nil {
			alg.fail(fmt.Errorf("pseudo-random function %q is not known", oid))
		}
	}
	if *kdf.err != nil {
		return nil
	}
	if size == 0 {
		kdf.fail(errors.New("key of 0 bytes"))
		return nil
	}
	// One iteration is two hashes.
	if err := s.spend(iterations, 2*((size+prf().Size()-1)/prf().Size())); err != nil {
		kdf.fail(err)
		return nil
	}
	key, err := pbkdf2.Key(prf, s.utf8, salt, iterations, size)
	kdf.fail(err)
	return key
}

// decrypt decrypts data as alg says, an AlgorithmIdentifier.
func (s *secret) decrypt(alg fields, data []byte) []byte {
	var block cipher.Block
	var iv []byte
	oid := alg.oid()
	if sch, ok := pbes1[oid]; ok {
		block, iv = s.openPBES1(sch, alg.sequence())
	} else if oid == oidPBES2 {
		params := alg.sequence()
		block, iv = s.openPBES2(params.sequence(), params.sequence())
	} else {
		alg.fail(fmt.Errorf("encryption %q is not known", oid))
	}
	if *alg.err != nil {
		return nil
	}
	n := block.BlockSize()
	if len(iv) != n || len(data) == 0 || len(data)%n != 0 {
		alg.fail(errors.New("encrypted data is not whole"))
		return nil
	}
	out := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, data)
	pad := int(out[len(out)-1])
	if pad < 1 || pad > n || !bytes.HasSuffix(out, bytes.Repeat([]byte{byte(pad)}, pad)) {
		alg.fail(ErrPassword)
		return nil
	}
	return out[:len(out)-pad]
}

func (s *secret) openPBES1(sch scheme, params fields) (cipher.Block, []byte) {
	salt, iterations := params.octets(), params.integer()
	if *params.err != nil {
		return nil, nil
	}
	key, err := s.derive(sha1.New, forKey, salt, iterations, sch.size)
	params.fail(err)
	iv, err := s.derive(sha1.New, forIV, salt, iterations, 8)
	params.fail(err)
	if *params.err != nil {
		return nil, nil
	}
	block, err := sch.block(key)
	params.fail(err)
	return block, iv
}

func (s *secret) openPBES2(kdf, enc fields) (cipher.Block, []byte) {
	oid := enc.oid()
	sch, ok := pbes2[oid]
	if !ok {
		enc.fail(fmt.Errorf("cipher %q is not known", oid))
	}
	iv := enc.octets()
	key := s.pbkdf2(kdf, sch.size)
	if *enc.err != nil {
		return nil, nil
	}
	block, err := sch.block(key)
	enc.fail(err)
	return block, iv
}

// mac returns the MAC of content as alg says, the AlgorithmIdentifier of a
// MacData, whose salt and iterations are given.
func (s *secret) mac(alg fields, salt []byte, iterations int, content []byte) []byte {
	var newHash func() hash.Hash
	var key []byte
	oid := alg.oid()
	if oid == oidPBMAC1 { // RFC 9579
		params := alg.sequence()
		key = s.pbkdf2(params.sequence(), 0)
		scheme := params.sequence()
		oid = scheme.oid()
		newHash = hmacs[oid]
	} else if newHash = hashes[oid]; newHash != nil && *alg.err == nil {
		var err error
		key, err = s.derive(newHash, forMAC, salt, iterations, newHash().Size())
		alg.fail(err)
	}
	if newHash == nil {
		alg.fail(fmt.Errorf("MAC algorithm %q is not known", oid))
	}
	if *alg.err != nil {
		return nil
	}
	m := hmac.New(newHash, key)
	m.Write(content)
	return m.Sum(nil)
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package p12

import (
	"encoding/asn1"
	"os"
	"testing"
)

// FuzzParse holds the parser to encoding/asn1, which reads only DER: what that
// takes, this takes, and sees the same in it.
func FuzzParse(f *testing.F) {
	f.Add(encoded(f, contents(f, newECDSA(f)), ""))
	f.Add([]byte{0x30, 0x80, 0x24, 0x80, 4, 1, 'x', 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parse(b)
		var v asn1.RawValue
		rest, derErr := asn1.Unmarshal(b, &v)
		if derErr != nil || len(rest) > 0 || v.Tag > 30 || len(b) > 1000 || !v.IsCompound && err != nil {
			return
		}
		if err == nil {
			compare(t, e, v)
			return
		}
		for inner := v.Bytes; len(inner) > 0; { // then something within is at fault
			if inner, derErr = asn1.Unmarshal(inner, &v); derErr != nil || v.Tag > 30 || v.IsCompound {
				return
			}
		}
		t.Errorf("refused: %v", err)
	})
}

func compare(t *testing.T, e element, v asn1.RawValue) {
	t.Helper()
	if e.tag != byte(v.Class<<6|v.Tag) || e.constructed != v.IsCompound || !e.constructed && string(e.body) != string(v.Bytes) {
		t.Errorf("tag %#x, constructed %v, body %x of %x", e.tag, e.constructed, e.body, v.FullBytes)
	}
	rest := v.Bytes
	for _, part := range e.parts {
		var inner asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &inner); err != nil {
			return // BER, and no DER
		}
		compare(t, part, inner)
	}
}

// FuzzDecode reads whole files, with little to spend on their passwords.
func FuzzDecode(f *testing.F) {
	f.Add(encoded(f, contents(f, newECDSA(f)), ""))
	for _, name := range []string{"testdata/pbmac1.p12", "testdata/rc2.p12"} {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := decode(b, "", 10*iterations); (c == nil) != (err != nil) {
			t.Errorf("%v, %v", c, err)
		}
	})
}

// FuzzContents reads what stands behind the MAC, which a peer can make, too.
func FuzzContents(f *testing.F) {
	c := contents(f, newECDSA(f))
	var err error
	p := fieldsOf(encoded(f, c, ""), &err)
	p.integer()
	info := p.sequence()
	info.oid()
	body := info.explicit()
	f.Add(body.octets())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, s := range newSecrets("", 5*iterations) {
			if got, err := s.contents(b); err == nil {
				for _, k := range got.Keys {
					if k.Key.Public() == nil {
						t.Error("a key without its public half")
					}
				}
			}
		}
	})
}

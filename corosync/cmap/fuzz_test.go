// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cmap

import (
	"testing"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

func FuzzNotify(f *testing.F) {
	m := qb.NewAnswer(kindNotify, 344, corosync.OK)
	m.Name(32, "totem.token")
	m.U32(296, uint32(Modified))
	m.U8(304, uint8(Uint32))
	m.U8(312, uint8(Uint32))
	m.U64(320, 4)
	m.U64(328, 4)
	f.Add([]byte(m))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		_, c, err := parseNotify(b)
		if c != nil && (err != nil || len(c.Key) > MaxKey || len(c.Old.Append(nil)) > MaxValue+1) {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

// FuzzValue: a value that is read is written as it was.
func FuzzValue(f *testing.F) {
	for typ := range Binary + 2 {
		f.Add(uint8(typ), []byte("12345678")[:typ.size()])
	}
	f.Fuzz(func(t *testing.T, typ uint8, b []byte) {
		v, err := ParseValue(Type(typ), b)
		if err != nil {
			return
		}
		if again, err := ParseValue(v.Type(), v.Append(nil)); err != nil || again != v {
			t.Errorf("%s %q became %q, %v", v.Type(), v, again, err)
		}
		_ = v.String()
	})
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cfg

import (
	"testing"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

// FuzzAnswers reads every answer and event that has more than an integer.
func FuzzAnswers(f *testing.F) {
	m := qb.NewAnswer(kindAddressesAnswer, 64, corosync.OK)
	m.U32(24, 2)
	m.U32(28, 2)
	f.Add([]byte(m))
	m = qb.NewAnswer(kindNodeAnswer, nodeLength, corosync.OK)
	m.U32(24, 1)
	m.U8(offLinks, 1)
	f.Add([]byte(m))
	m = qb.NewAnswer(kindLinks, 10272, corosync.OK)
	m.U32(24, 1)
	m.Text(offNames, "0 192.0.2.1")
	f.Add([]byte(m))
	f.Add([]byte(qb.NewAnswer(kindRequest, 32, corosync.OK)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if list, err := parseAddresses(qb.NewReader(service, "", b)); len(list)*address > len(b) || err != nil && list != nil {
			t.Errorf("addresses: %v, %v", list, err)
		}
		if list, err := parseLinks(qb.NewReader(service, "", b)); len(list) > maxLinks || err != nil && list != nil {
			t.Errorf("links: %v, %v", list, err)
		}
		if s, err := parseNode(qb.NewReader(service, "", b)); err == nil && len(b) < nodeLength || len(s.Links) > nodeLinks {
			t.Errorf("node: %+v", s)
		}
		if q, ok, err := parseRequest(b); ok && err != nil {
			t.Errorf("request: %+v, %v", q, err)
		}
	})
}

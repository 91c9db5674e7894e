// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package store

import (
	"reflect"
	"testing"

	"github.com/quorate/quorate/internal/qnet"
)

// TestRecordOnDisk: what is on disk is read by other versions, so it stays byte for byte
// what it is, however the nouns print themselves.
func TestRecordOnDisk(t *testing.T) {
	g := grant(0x1c)
	g.Enrolled = true
	g.Holders = append(g.Holders, qnet.Holder{Node: 2, Heartbeat: 8000})
	for _, tt := range []struct {
		grant qnet.Grant
		want  string
	}{
		{g, `{"Revision":7,"Grant":{"Ring":{"Node":1,"Seq":28},"Members":[1,2],` +
			`"Holders":[{"Node":1,"Ring":{"Node":1,"Seq":28},"Heartbeat":8000},{"Node":2,"Ring":{"Node":0,"Seq":0},"Heartbeat":8000}],` +
			`"Rings":[{"ID":{"Node":1,"Seq":28},"Members":[1,2],"Reporters":[1]}],"Enrolled":true}}`},
		{qnet.Grant{}, `{"Revision":7,"Grant":{"Ring":{"Node":0,"Seq":0},"Members":null,"Holders":null,"Rings":null}}`},
	} {
		rec := Record{Cluster: "prod", Revision: 7, Grant: tt.grant}
		b, err := encode(rec)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(b[4:]); got != tt.want {
			t.Errorf("got\n%s\nwant\n%s", got, tt.want)
		}
		if back, err := decode("prod", b, true); err != nil || !reflect.DeepEqual(back, rec) {
			t.Errorf("got %+v, %v, want %+v", back, err, rec)
		}
	}
}

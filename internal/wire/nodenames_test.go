// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package wire

import (
	"slices"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/qnet"
)

// TestNamesTolerant: a list of names that is damaged, or has what is no name, costs names
// and never the message.
func TestNamesTolerant(t *testing.T) {
	for body, want := range map[string]qnet.Names{
		"00000001 04 70766531":                            {{ID: 1, Name: "pve1"}},
		"00000002 01 62 00000001 01 61":                   {{ID: 1, Name: "a"}, {ID: 2, Name: "b"}},
		"00000001 01 61 00000001 01 62":                   {{ID: 1, Name: "a"}},
		"00000001 04 1b5b324a 00000002 01 62":             {{ID: 2, Name: "b"}},
		"00000000 01 61 00000001 00 00000003 02 c3c3":     nil,
		"00000001 01 61 00000002 09 62":                   {{ID: 1, Name: "a"}},
		"00000001 01 61 0000":                             {{ID: 1, Name: "a"}},
		"":                                                nil,
		strings.Repeat("00000001 01 61 ", maxNames/6+100): nil,
	} {
		names := unhex(t, body)
		m := slices.Concat(unhex(t, "0000 0004 00000007 0012 0001 00 8006"), []byte{byte(len(names) >> 8), byte(len(names))}, names)
		got, bad := Decode(TypeNodeList, m)
		if bad != nil {
			t.Errorf("%.40s: %v", body, bad)
			continue
		}
		if n := got.(NodeList).Names; !slices.Equal(n.V, want) || n.Set != (len(want) > 0) {
			t.Errorf("%.40s: %v", body, n)
		}
	}
}

// TestNamesBounded: the longest names of the largest cluster fit into a message, less
// those that do not.
func TestNamesBounded(t *testing.T) {
	var names qnet.Names
	m := NodeList{Seq: Some(uint32(1)), ListType: Some(qnet.InitialConfig), ConfigVersion: Some(uint64(1))}
	for id := range qnet.NodeID(qnet.MaxNodes) {
		names = append(names, qnet.Name{ID: id + 1, Name: strings.Repeat("x", qnet.MaxName)})
		m.Nodes = append(m.Nodes, qnet.Node{ID: id + 1, DataCenter: 1})
	}
	m.Names = Names(names)
	b, err := Append(nil, m)
	if err != nil || len(b) > 32768 || len(m.Names.V) < 60 {
		t.Errorf("%d bytes, %d names, %v", len(b), len(m.Names.V), err)
	}
}

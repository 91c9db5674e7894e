// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/golden"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
)

// sample is the snapshot behind the samples that were taken from the C tool,
// with what only our arbiter knows added.
func sample() *status.QNetd {
	at := func(s int) time.Time { return time.Date(2026, 11, 23, 8, 13, s, 0, time.UTC) }
	list := qnet.NodeList{{ID: 1}, {ID: 2}}
	ring := qnet.RingID{Node: 1, Seq: 9}
	node := status.Node{
		Heartbeat: 8000, ConfigVersion: new(uint64(5)),
		Config: list, Members: list, Ring: ring, TLS: true, CertVerified: true,
		LastACKNACK: qnet.VoteACK,
	}
	one, two := node, node
	one.ID, one.Address, one.LastVote, one.LastHeard = 1, "::ffff:10.77.0.1:55210", qnet.VoteNoChange, at(30)
	two.ID, two.Address, two.LastVote, two.LastHeard = 2, "::ffff:10.77.0.2:56070", qnet.VoteACK, at(21)
	two.Silent = true
	return &status.QNetd{
		Address: "*", Port: 5403, TLS: "Supported", ClientCert: true, Clients: 2,
		MaxSend: 32768, MaxReceive: 32768, Started: at(0).Add(-26 * time.Hour),
		Clusters: []status.Cluster{{
			Name: "JenCluster", Algorithm: qnet.FFSplit, KAP: true,
			TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerLowest},
			Nodes:      []status.Node{one, two}, Absent: []status.Missing{{ID: 3}},
			Ring: ring, Winner: []qnet.NodeID{1, 2},
			Reason: "partition 1, 2 has all configured nodes", Since: at(2),
			Holders: []status.Holder{
				{Node: 1, Ring: ring, Connected: true, Until: at(58)},
				{Node: 12, Ring: qnet.RingID{Node: 1, Seq: 0x1a5}, Until: at(43)},
			},
		}},
	}
}

// bare is a snapshot of which nothing but the names is known.
func bare() *status.QNetd {
	return &status.QNetd{
		Address: "::1", Port: 5405, TLS: "Unsupported", ClientCert: true, MaxClients: 7,
		MaxSend: 100, MaxReceive: 200,
		Clusters: []status.Cluster{
			{Name: "a", Algorithm: qnet.LMS, TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: 4294967295},
				Nodes: []status.Node{{ID: 4294967295, Address: "::1:4000"}}},
			{Name: "b"},
		},
	}
}

func TestStatusText(t *testing.T) {
	const head = "QNetd address:\t\t\t*:5403\n" +
		"TLS:\t\t\t\tSupported (client certificate required)\n" +
		"Connected clients:\t\t2\n" +
		"Connected clusters:\t\t1\n"
	limited := sample()
	limited.MaxClients = 40
	required := sample()
	required.TLS, required.ClientCert = "Required", false
	for _, tt := range []struct {
		name    string
		s       *status.QNetd
		verbose bool
		want    string
	}{
		{"plain", sample(), false, head},
		{"verbose", sample(), true, head + "Maximum send/receive size:\t32768/32768 bytes\n"},
		{"limited", limited, true, head + "Maximum allowed clients:\t40\nMaximum send/receive size:\t32768/32768 bytes\n"},
		{"no certificate", required, false, strings.Replace(head, "Supported (client certificate required)", "Required", 1)},
		{"no TLS, so no certificate", bare(), true, "QNetd address:\t\t\t::1:5405\nTLS:\t\t\t\tUnsupported\n" +
			"Connected clients:\t\t0\nConnected clusters:\t\t2\n" +
			"Maximum allowed clients:\t7\nMaximum send/receive size:\t100/200 bytes\n"},
	} {
		if got := string(status.AppendStatus(nil, tt.s, tt.verbose)); got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

func TestListText(t *testing.T) {
	full := sample()
	full.Clusters[0].KAP = false
	full.Clusters[0].Algorithm = qnet.TwoNodeLMS
	full.Clusters[0].TieBreaker.Mode = qnet.TieBreakerHighest
	full.Clusters[0].Nodes = full.Clusters[0].Nodes[:1]
	n := &full.Clusters[0].Nodes[0]
	n.Config = qnet.NodeList{{ID: 1, DataCenter: 5}, {ID: 2}}
	n.Heuristics, n.RegularHeur = qnet.HeuristicsFail, qnet.HeuristicsPass
	n.Ring = qnet.RingID{Node: 0xab, Seq: 0xa00000000021b40}
	n.CertVerified, n.LastVote, n.LastACKNACK = false, qnet.VoteAskLater, qnet.VoteUndefined
	for _, tt := range []struct {
		golden  string
		s       *status.QNetd
		verbose bool
		cluster string
	}{
		{"list", sample(), false, ""},
		{"list-verbose", sample(), true, "JenCluster"},
		{"list-full", full, false, ""},
		{"list-full-verbose", full, true, ""},
		{"list-bare", bare(), false, ""},
		{"list-bare-verbose", bare(), true, "a"},
		{"empty", sample(), true, "jencluster"},
	} {
		compare(t, tt.golden, status.AppendList(nil, tt.s, tt.verbose, tt.cluster))
	}
}

// compare holds what is printed to testdata.
func compare(t *testing.T, name string, got []byte) {
	t.Helper()
	golden.Compare(t, "testdata/"+name+".txt", string(got))
}

// TestEscapeName (Q11): a name can print no control characters; the ring ID keeps
// C's form, hexadecimal on both sides of the dot (see TestListText).
func TestEscapeName(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"plain-name_1.x", "plain-name_1.x"},
		{`quotes " and \ stay`, `quotes " and \ stay`},
		{"Kluſter Ω", "Kluſter Ω"},
		{"a\nCluster \"b\":\n", `a\x0aCluster "b":\x0a`},
		{"\x1b[2J\x00\x7f\t", `\x1b[2J\x00\x7f\x09`},
		{"C1 \u009b in UTF-8", `C1 \xc2\x9b in UTF-8`},
		{"C1 \x9b alone, \xff not", "C1 \\x9b alone, \xff not"},
		{"\ufffd", "\ufffd"},
		{"abc\u202edef\u2066\u2028", `abc\xe2\x80\xaedef\xe2\x81\xa6\xe2\x80\xa8`},
		{"", ""},
	} {
		if got := status.EscapeName(tt.in); got != tt.want {
			t.Errorf("EscapeName(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
	if got, want := status.EscapeText("a:\tb\n\x1b"), "a:\tb\n\\x1b"; got != want {
		t.Errorf("EscapeText = %q, want %q", got, want)
	}
}

// TestEscapeJSON: JSON stays JSON and says the same, without a control in it.
func TestEscapeJSON(t *testing.T) {
	const name = "a\x1b\x7f\u009b\u202e\"\\Ω\U0001f600\ufffd"
	j, err := json.Marshal(map[string]string{name: name})
	if err != nil {
		t.Fatal(err)
	}
	j = append(j, '\n')
	got := status.EscapeJSON(j)
	var back map[string]string
	if err := json.Unmarshal(got, &back); err != nil || len(back) != 1 || back[name] != name {
		t.Errorf("%q became %q, %v", name, back, err)
	}
	for _, r := range string(got) {
		if r != '\n' && (r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x202e) {
			t.Errorf("%q has %q", got, r)
		}
	}
	if same := []byte("{\n\t\"a\": 1}\n"); string(status.EscapeJSON(same)) != string(same) {
		t.Errorf("%q was changed", same)
	}
}

// A name is no way to add a line, in no text.
func TestNameAddsNoLine(t *testing.T) {
	s := sample()
	lines := strings.Count(string(status.AppendList(nil, s, true, "")), "\n")
	friendly := strings.Count(string(status.AppendClusters(nil, s, time.Time{}, false)), "\n")
	s.Clusters[0].Name = "a\":\r\n    Node ID 3:\n"
	s.Clusters[0].Reason = "because\n"
	if got := strings.Count(string(status.AppendList(nil, s, true, "")), "\n"); got != lines {
		t.Errorf("list: got %d lines, want %d", got, lines)
	}
	if got := strings.Count(string(status.AppendClusters(nil, s, time.Time{}, false)), "\n"); got != friendly {
		t.Errorf("clusters: got %d lines, want %d", got, friendly)
	}
}

func TestJSONRoundTrip(t *testing.T) {
	full := sample()
	full.StoreError, full.Standby = "disk full", "elsewhere"
	c := &full.Clusters[0]
	c.Name, c.Algorithm, c.Blocked = "a\x1b\"", qnet.TwoNodeLMS, "node 2 holds"
	c.TieBreaker = qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: 7}
	n := &c.Nodes[0]
	n.Config = qnet.NodeList{{ID: 2, DataCenter: 5}, {ID: 1}}
	n.ConfigVersion = new(uint64(0))
	n.Heuristics, n.MembershipHeur, n.RegularHeur = qnet.HeuristicsFail, qnet.HeuristicsPass, qnet.HeuristicsFail
	c.Nodes[1].LastVote, c.Nodes[1].LastACKNACK = qnet.VoteWaitForReply, qnet.VoteUndefined
	for _, s := range []*status.QNetd{sample(), full} {
		b, err := status.AppendJSON(nil, s, "")
		if err != nil {
			t.Fatal(err)
		}
		var got status.QNetd
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%v in %s", err, b)
		}
		if !reflect.DeepEqual(&got, s) {
			t.Errorf("got %+v\nwant %+v\nfrom %s", &got, s, b)
		}
		if s == full {
			compare(t, "json-full", b)
		}
	}
}

// All that the verbose texts show is in the JSON, and the reasons.
func TestJSON(t *testing.T) {
	b, err := status.AppendJSON(nil, sample(), "JenCluster")
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "json", b)
	if b, err = status.AppendJSON(nil, bare(), ""); err != nil {
		t.Fatal(err)
	}
	compare(t, "json-bare", b)
	if b, err = status.AppendJSON(nil, sample(), "other"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), `"clusters":[]`) {
		t.Errorf("without a cluster: got %s, want an empty list", b)
	}
	if b, err = status.AppendJSON(nil, bare(), "b"); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "null") {
		t.Errorf("bare cluster: got %s, want no null", b)
	}
}

func TestJSONErrors(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`{"clusters":[{"algorithm":"coin"}]}`, `algorithm "coin": unknown`},
		{`{"clusters":[{"algorithm":"lms","tie_breaker":"coin"}]}`, `tie-breaker "coin": unknown`},
		{`{"clusters":[{"algorithm":"lms","ring":"1"}]}`, `ring ID "1": not of the form 1.a`},
		{`{"clusters":[{"algorithm":"lms","holders":[{"ring":"x.1"}]}]}`, `ring ID "x.1": not of the form 1.a`},
		{`{"clusters":[{"algorithm":"lms","nodes":[{"ring":"100000000.1"}]}]}`, `ring ID "100000000.1": not of the form 1.a`},
		{`{"clusters":[{"algorithm":"4","nodes":[{"vote":"Maybe"}],"new":1}]}`, ""},
	} {
		var s status.QNetd
		got := ""
		if err := json.Unmarshal([]byte(tt.in), &s); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: got error %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestFind(t *testing.T) {
	s := bare()
	for _, tt := range []struct {
		cluster string
		want    int
	}{{"", 2}, {"a", 1}, {"A", 0}} {
		if got := len(s.Find(tt.cluster).Clusters); got != tt.want {
			t.Errorf("Find(%q): got %d clusters, want %d", tt.cluster, got, tt.want)
		}
	}
	if len(s.Clusters) != 2 {
		t.Errorf("Find changed its snapshot: %d clusters left", len(s.Clusters))
	}
}

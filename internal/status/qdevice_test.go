// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status_test

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
)

// zone is where the sample was taken.
var zone = time.FixedZone("", 0)

// device is the snapshot behind the sample that was taken from the C daemon.
func device() *status.QDevice {
	at := func(h, m, s int) time.Time { return time.Date(2026, 11, 23, h, m, s, 0, zone) }
	return &status.QDevice{
		Model: "Net", NodeID: 1, Timeout: 10000, SyncTimeout: 30000, ConfigVersion: new(uint64(5)),
		Config: []qnet.Node{{ID: 1}, {ID: 2}}, HeuristicsMode: status.HeuristicsDisabled,
		Ring: qnet.RingID{Node: 1, Seq: 9}, Members: []qnet.NodeID{1, 2}, Quorate: true,
		Quorum:        []status.NodeState{{ID: 2, State: qnet.NodeStateMember}, {ID: 1, State: qnet.NodeStateMember}},
		ExpectedVotes: 3, LastPoll: at(8, 13, 32), LastPollCast: true,
		Cluster: "JenCluster", Host: "10.77.0.3", Port: 5403, ConnectTimeout: 8000, Heartbeat: 8000, VoteInterval: 5000,
		TLS: "Supported", Algorithm: qnet.FFSplit, TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerLowest}, KAP: true,
		Polling: true, PollingCast: true, State: status.StateConnected, TLSActive: true, CertSent: true,
		Connected: at(7, 38, 25), Echoed: at(8, 13, 30),
	}
}

// busy is a snapshot with everything that device lacks.
func busy() *status.QDevice {
	s := device()
	s.Config[1].DataCenter = 7
	s.HeuristicsMode, s.Heuristics, s.RegularHeur, s.MembershipHeur = status.HeuristicsOnlyOnSync, qnet.HeuristicsFail, qnet.HeuristicsFail, qnet.HeuristicsPass
	s.Quorate, s.Quorum[0].State, s.Quorum[1].State = false, qnet.NodeStateDead, qnet.NodeStateLeaving
	s.LastPollCast, s.PollingCast, s.IPVersion, s.Host = false, false, 6, "2001:db8::3"
	s.TieBreaker = qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: 4294967295}
	s.KAPUnknown, s.CertSent, s.TLS, s.Echoed = true, false, "Required", time.Time{}
	return s
}

// away is a daemon that is not connected and has never been.
func away() *status.QDevice {
	s := device()
	s.ConfigVersion, s.Config, s.Members, s.Quorum = nil, nil, nil, nil
	s.LastPoll, s.LastPollCast, s.Polling, s.PollingCast, s.State = time.Time{}, false, false, false, status.StateConnectFailed
	s.Algorithm, s.KAP, s.TieBreaker.Mode = qnet.LMS, false, qnet.TieBreakerHighest
	s.Connected, s.Echoed, s.TLSActive, s.CertSent = time.Time{}, time.Time{}, false, false
	return s
}

// TestReasonNotInText: what the C tools print has no place for the arbiter's reason.
func TestReasonNotInText(t *testing.T) {
	s := device()
	s.ArbiterReason = status.ArbiterReason{Text: "the vote goes to node 2", Ring: s.Ring, At: s.Echoed}
	for _, verbose := range []bool{false, true} {
		if got, want := status.AppendQDevice(nil, s, verbose, zone), status.AppendQDevice(nil, device(), verbose, zone); string(got) != string(want) {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestQDeviceText(t *testing.T) {
	for _, tt := range []struct {
		name    string
		s       *status.QDevice
		verbose bool
	}{
		{"qdevice-verbose", device(), true}, {"qdevice", device(), false},
		{"qdevice-busy-verbose", busy(), true}, {"qdevice-busy", busy(), false},
		{"qdevice-away-verbose", away(), true}, {"qdevice-away", away(), false},
	} {
		compare(t, tt.name, status.AppendQDevice(nil, tt.s, tt.verbose, zone))
	}
}

// The lines whose rules the samples do not show.
func TestQDeviceLines(t *testing.T) {
	for _, tt := range []struct {
		change func(*status.QDevice)
		want   string // empty: the line is not there
	}{
		{func(s *status.QDevice) { s.KAPUnknown = true }, "KAP Tie-breaker:\tUnsupported by QNetd"},
		{func(s *status.QDevice) { s.KAPUnknown, s.State = true, status.StateConnecting }, "KAP Tie-breaker:\tEnabled"},
		{func(s *status.QDevice) { s.KAPUnknown, s.KAP = true, false }, "KAP Tie-breaker:\tDisabled"},
		{func(s *status.QDevice) { s.Algorithm = qnet.LMS }, "KAP Tie-breaker:\tAlgorithm hard-coded"},
		{func(s *status.QDevice) { s.Algorithm = qnet.TwoNodeLMS }, "KAP Tie-breaker:\tAlgorithm hard-coded"},
		{func(s *status.QDevice) { s.Algorithm = qnet.Test }, "KAP Tie-breaker:\tUnsupported by algorithm"},
		{func(s *status.QDevice) { s.PollingCast = false }, "Poll timer running:\tYes"},
		{func(s *status.QDevice) { s.Polling = false }, "Poll timer running:\tNo"},
		{func(s *status.QDevice) { s.LastPollCast = false }, "Last poll call:\t\t2026-11-23T08:13:32"},
		{func(s *status.QDevice) { s.LastPoll = time.Time{} }, "Last poll call:\t\tNever"},
		{func(s *status.QDevice) { s.State = status.StateDisconnected }, "State:\t\t\tDisconnected"},
		{func(s *status.QDevice) { s.TLSActive = false }, "TLS active:\t\tNo"},
		{func(s *status.QDevice) { s.HeuristicsMode = status.HeuristicsEnabled }, "Heuristics:\t\tEnabled"},
		{func(s *status.QDevice) { s.HeuristicsMode = status.HeuristicsEnabled },
			"Heuristics result:\tUndefined (regular: Undefined, membership: Undefined, connect: Undefined)"},
		{func(s *status.QDevice) { s.Cluster = "a\nb" }, `Cluster name:		a\x0ab`},
	} {
		s := device()
		tt.change(s)
		if text := string(status.AppendQDevice(nil, s, true, zone)); !strings.Contains(text, "\n"+tt.want+"\n") {
			t.Errorf("no line %q in\n%s", tt.want, text)
		}
	}
	local := string(status.AppendQDevice(nil, device(), true, time.FixedZone("CET", 3600)))
	if !strings.Contains(local, "Echo reply received:\t2026-11-23T09:13:30\n") {
		t.Errorf("not local time:\n%s", local)
	}
}

// proxmox reads a text as Proxmox's API does (PVE::API2::ClusterConfig, qdevice): lines
// that do not start with a blank, by this pattern, and of them these keys. One of them,
// "Echo reply", is in no daemon's text.
func proxmox(text []byte) map[string]string {
	line := regexp.MustCompile(`^(.*?)\s*:\s*(.*)$`)
	got := map[string]string{}
	for l := range strings.Lines(string(text)) {
		l = strings.TrimSuffix(l, "\n")
		if m := line.FindStringSubmatch(l); m != nil && !regexp.MustCompile(`^\s`).MatchString(l) {
			got[m[1]] = m[2]
		}
	}
	maps.DeleteFunc(got, func(k, _ string) bool {
		return !slices.Contains([]string{"Algorithm", "Echo reply", "Last poll call", "Model", "QNetd host", "State", "Tie-breaker"}, k)
	})
	return got
}

// TestProxmox: Proxmox reads the same of our text and of what C's daemon said, which was
// recorded with Debian's corosync-qdevice 3.0.3 in the interop hosts. Metrics of Proxmox
// take "Connected" alone for up.
func TestProxmox(t *testing.T) {
	for name, want := range map[string]map[string]string{
		"c-connected": {
			"Algorithm": "Fifty-Fifty split", "Last poll call": "2026-11-24T19:42:38 (cast vote)", "Model": "Net",
			"QNetd host": "10.77.0.100:5403", "State": "Connected", "Tie-breaker": "Node with lowest node ID",
		},
		"c-connect-failed": {
			"Algorithm": "Fifty-Fifty split", "Last poll call": "2026-11-24T19:42:40", "Model": "Net",
			"QNetd host": "10.77.0.100:5403", "State": "Connect failed", "Tie-breaker": "Node with lowest node ID",
		},
	} {
		recorded, err := os.ReadFile("testdata/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if got := proxmox(recorded); !maps.Equal(got, want) {
			t.Errorf("%s: of C's text %v, want %v", name, got, want)
		}
		s, err := status.ParseQDevice(string(recorded), zone)
		if err != nil {
			t.Fatal(err)
		}
		ours := status.AppendQDevice(nil, s, true, zone)
		if got := proxmox(ours); !maps.Equal(got, want) {
			t.Errorf("%s: of our text %v, want %v", name, got, want)
		}
		if string(ours) != string(recorded) {
			t.Errorf("%s: our text\n%s\nC's\n%s", name, ours, recorded)
		}
	}
}

// What is printed is read back.
func TestParseQDevice(t *testing.T) {
	for _, s := range []*status.QDevice{device(), busy(), away()} {
		text := string(status.AppendQDevice(nil, s, true, zone))
		got, err := status.ParseQDevice(text, zone)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, s) {
			t.Errorf("got\n%+v\nwant\n%+v\nfrom %s", got, s, text)
		}
	}
	text, err := os.ReadFile("testdata/qdevice-verbose.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ old, new, want string }{
		{"Qdevice information", "OK", `not the status of a node daemon: "OK"`},
		{"10000ms", "10s", `status of the node daemon: line "HB interval:\t\t10s": "10s" is not a number of this kind`},
		{":5403", ":70000", `status of the node daemon: line "QNetd host:\t\t10.77.0.3:70000": "70000" is not a number of this kind`},
		{"State:\t", "Stat:\t", "status of the node daemon: cut off"},
		{"with lowest node ID", "with node ID x", `status of the node daemon: line "Tie-breaker:\t\tNode with node ID x": "x" is not a number of this kind`},
		{"with lowest node ID", "with best node ID", ""},
		{"Fifty-Fifty split", "Newer", ""},
		{"KAP Tie-breaker", "A newer line", ""},
	} {
		_, err := status.ParseQDevice(strings.Replace(string(text), tt.old, tt.new, 1), zone)
		if (err == nil) != (tt.want == "") || err != nil && err.Error() != tt.want {
			t.Errorf("%s: got %v, want %s", tt.new, err, tt.want)
		}
	}
	if _, err := status.ParseQDevice("", zone); err == nil {
		t.Error("nothing was taken for a status")
	}
}

func FuzzParseQDevice(f *testing.F) {
	for _, s := range []*status.QDevice{device(), busy(), away()} {
		f.Add(string(status.AppendQDevice(nil, s, true, zone)))
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := status.ParseQDevice(text, zone)
		if err != nil {
			return
		}
		again, err := status.ParseQDevice(string(status.AppendQDevice(nil, s, true, zone)), zone)
		if err != nil || again.NodeID != s.NodeID || again.State != s.State && s.State == strings.TrimSpace(s.State) || again.Port != s.Port {
			t.Errorf("got %+v, %v, want %+v", again, err, s)
		}
	})
}

func TestQDeviceJSON(t *testing.T) {
	full := busy()
	full.Started, full.Vote, full.Reason, full.Since = device().Connected, qnet.VoteNACK, "the arbiter said so", device().Echoed
	full.FreshUntil, full.Grace, full.RoundTrip, full.Refused, full.Lost = device().Echoed, 16000, 1500*time.Microsecond, "no", "closed"
	full.Commands = []status.HeuristicsCommand{{Name: "ping", Result: qnet.HeuristicsFail, Detail: "exit code 1", Duration: time.Second, At: device().Echoed}}
	full.Register = "c00000000000000000000000000000fe"
	full.ArbiterReason = status.ArbiterReason{Text: "the vote goes to node 2: half of 2 nodes", Ring: qnet.RingID{Node: 2, Seq: 10}, At: device().Echoed}
	full.Arbiters = []status.ArbiterAddress{{Address: "192.0.2.1:5403", Active: true}, {Address: "192.0.2.2:5403", Error: "refused"}}
	for _, s := range []*status.QDevice{device(), full, away()} {
		b, err := status.AppendQDeviceJSON(nil, s)
		if err != nil {
			t.Fatal(err)
		}
		var got status.QDevice
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%v in %s", err, b)
		}
		want := *s
		for _, p := range []*status.QDevice{&got, &want} { // empty and nil are one
			if len(p.Members) == 0 {
				p.Members = nil
			}
			if len(p.Commands) == 0 {
				p.Commands = nil
			}
			if len(p.Config) == 0 {
				p.Config = nil
			}
			if len(p.Quorum) == 0 {
				p.Quorum = nil
			}
			if len(p.Arbiters) == 0 {
				p.Arbiters = nil
			}
			p.LastPoll, p.Connected, p.Echoed, p.Started = p.LastPoll.UTC(), p.Connected.UTC(), p.Echoed.UTC(), p.Started.UTC()
			p.Since, p.FreshUntil, p.ArbiterReason.At = p.Since.UTC(), p.FreshUntil.UTC(), p.ArbiterReason.At.UTC()
			for i := range p.Commands {
				p.Commands[i].At = p.Commands[i].At.UTC()
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v\nwant %+v\nfrom %s", got, want, b)
		}
	}
	b, err := status.AppendQDeviceJSON(nil, full)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "qdevice-json", b)
	if b, err = status.AppendQDeviceJSON(nil, away()); err != nil {
		t.Fatal(err)
	}
	compare(t, "qdevice-json-away", b)
	if b, _ = status.AppendQDeviceJSON(nil, away()); strings.Contains(string(b), "null") {
		t.Errorf("null in %s", b)
	}
	for _, bad := range []string{`{"ring":"x"}`, `{"algorithm":"coin"}`, `{"algorithm":"lms","tie_breaker":"coin"}`, `{"port":-1}`, `{"arbiter_reason":{"ring":"x"}}`, `{"arbiter_reason":{"text":1}}`} {
		if err := json.Unmarshal([]byte(bad), new(status.QDevice)); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

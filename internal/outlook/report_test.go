// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package outlook_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/quorate/quorate/internal/golden"
	"github.com/quorate/quorate/internal/outlook"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
)

var now = time.Date(2026, 11, 24, 15, 10, 2, 0, time.UTC)

// nodes makes members pve1, pve2, ... of one vote each, with these columns "Qdevice".
func nodes(columns ...string) []status.Member {
	var list []status.Member
	for i, c := range columns {
		f := strings.Split(c, ",")
		m := status.Member{ID: qnet.NodeID(i + 1), Name: fmt.Sprint("pve", i+1), Address: fmt.Sprint("192.0.2.", i+1), Votes: 1, Local: i == 0}
		if m.Registered = c != "NR"; m.Registered {
			m.Alive, m.Cast, m.MasterWins = f[0] == "A", f[1] == "V", f[2] == "MW"
		}
		list = append(list, m)
	}
	return list
}

func absent(ids ...qnet.NodeID) []status.Absent {
	var list []status.Absent
	for _, id := range ids {
		list = append(list, status.Absent{ID: id, Name: fmt.Sprint("pve", id), Address: fmt.Sprint("192.0.2.", id), Votes: 1})
	}
	return list
}

// cluster is a report of a cluster with ffsplit and a device of one vote, whose
// numbers are worked out from the members. Without a device the argument is 0.
func cluster(deviceVotes uint32, members []status.Member, away []status.Absent) *status.Report {
	q := &status.Quorum{
		Cluster: "mycluster", ConfigVersion: 4, Transport: "knet", SecureAuth: "on", Provider: "corosync_votequorum",
		NodeID: 1, Ring: qnet.RingID{Node: 1, Seq: 0x30}, Members: members, Absent: away,
	}
	v := &status.Votequorum{Expected: uint32(len(members)+len(away)) + deviceVotes, Total: uint32(len(members)), DeviceVotes: deviceVotes}
	if members[0].Cast {
		v.Total += deviceVotes
	}
	v.HighestExpected, v.Quorum = v.Expected, v.Expected/2+1
	v.Quorate = v.Total >= v.Quorum
	q.Quorate, q.Votequorum = v.Quorate, v
	if deviceVotes > 0 {
		v.DeviceName = "Qdevice"
		q.Device = &status.Device{Model: "net", Host: "192.0.2.9", Algorithm: qnet.FFSplit, TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerLowest}, KAP: true, Timeout: 10000}
	}
	return &status.Report{At: now, Quorum: q}
}

// ours is what our node daemon says while all is well.
func ours() *status.QDevice {
	return &status.QDevice{
		Model: "Net", NodeID: 1, ConfigVersion: new(uint64(4)), Cluster: "mycluster", Host: "192.0.2.9", Port: 5403,
		HeuristicsMode: status.HeuristicsDisabled, Algorithm: qnet.FFSplit, TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerLowest}, KAP: true,
		State: status.StateConnected, TLSActive: true, Connected: now.Add(-35 * time.Minute), Polling: true, PollingCast: true,
		Started: now.Add(-time.Hour), Vote: qnet.VoteACK, Reason: "the arbiter gave its vote to this side", Since: now.Add(-34 * time.Minute),
		Grace: 16000, RoundTrip: 420 * time.Microsecond, Ring: qnet.RingID{Node: 1, Seq: 0x30},
	}
}

// said is the arbiter's reason for a ring of node 1, some time ago.
func said(seq uint64, ago time.Duration, text string) status.ArbiterReason {
	return status.ArbiterReason{Text: text, Ring: qnet.RingID{Node: 1, Seq: seq}, At: now.Add(-ago)}
}

// cases are the clusters whose texts are in testdata.
func cases() map[string]*status.Report {
	list := map[string]*status.Report{
		"whole":     cluster(1, nodes("A,V,NMW", "A,V,NMW"), nil),
		"nr":        cluster(1, nodes("A,V,NMW", "NR"), nil),
		"alone":     cluster(1, nodes("A,V,NMW"), absent(2)),
		"cut-off":   cluster(1, nodes("A,NV,NMW"), absent(2)),
		"nobody":    cluster(1, nodes("NR", "NR"), nil),
		"no-device": cluster(0, nodes("NR", "NR", "NR"), nil),
		"half":      cluster(0, nodes("NR"), absent(2)),
		"four":      cluster(1, nodes("A,V,NMW", "A,V,NMW", "NA,NV,NMW", "A,NV,MW"), nil),
		"lms":       cluster(2, nodes("A,V,NMW", "A,V,NMW", "A,V,NMW"), nil),
		"waiting":   cluster(1, nodes("A,V,NMW"), absent(2)),
		"c-daemon":  cluster(1, nodes("A,V,NMW", "A,V,NMW"), nil),
		"no-daemon": cluster(1, nodes("NA,NV,NMW", "A,V,NMW"), nil),
		"lost":      cluster(1, nodes("A,NV,NMW"), absent(2)),
		"grace":     cluster(1, nodes("A,V,NMW", "A,V,NMW"), nil),
		"killed":    cluster(1, nodes("A,V,NMW", "A,V,NMW"), nil),
		"cold-boot": cluster(1, nodes("A,V,NMW"), absent(2)),
		"riddle":    cluster(1, nodes("A,V,NMW", "A,NV,NMW"), nil),
		"starting":  cluster(1, nodes("A,NV,NMW", "A,V,NMW"), nil),
		"late":      cluster(1, nodes("A,NV,NMW", "A,V,NMW"), nil),
		"two-node":  cluster(0, nodes("NR", "NR"), nil),
	}
	for _, name := range []string{"whole", "nr", "alone", "cut-off", "four", "lms", "waiting", "lost", "grace", "cold-boot", "late", "riddle", "starting"} {
		list[name].Daemon = ours()
	}
	d := list["cut-off"].Daemon
	d.State, d.Connected, d.Lost, d.PollingCast, d.Vote = status.StateConnectFailed, time.Time{}, "no echo reply for 4s", false, qnet.VoteNACK
	d.Reason = "not connected to the arbiter: no echo reply for 4s"
	list["nobody"].DaemonError = "it does not run"
	d.ArbiterReason = said(0x2c, 34*time.Minute, "the vote goes to nodes 1, 2: more than half of 2 nodes")
	list["alone"].Daemon.ArbiterReason = said(0x30, 34*time.Minute, "the vote goes to node 1: half of 2 nodes, and the other half has not reported")
	d = list["starting"].Daemon
	d.State, d.Connected, d.PollingCast, d.Vote = status.StateConnecting, time.Time{}, false, qnet.VoteUndefined
	d.Started, d.Since, d.Reason = now, now, "not connected to the arbiter yet"
	d = list["lost"].Daemon
	d.PollingCast, d.Vote, d.Reason = false, qnet.VoteNACK, "the arbiter did not give its vote to this side"
	d.ArbiterReason = said(0x30, 34*time.Minute, "the vote goes to node 2: tie-breaker is node 2")
	d = list["four"].Daemon
	d.HeuristicsMode, d.Heuristics = status.HeuristicsEnabled, qnet.HeuristicsFail
	d.Commands = []status.HeuristicsCommand{{Name: "gw", Result: qnet.HeuristicsPass, Duration: 3 * time.Millisecond}, {Name: "san", Result: qnet.HeuristicsFail, Detail: "not done in time", Duration: 5 * time.Second}}
	d.ConfigVersion = new(uint64(3))
	d.Arbiters = []status.ArbiterAddress{{Address: "192.0.2.9:5403", Error: "refused"}, {Address: "198.51.100.9:5403", Active: true}}
	list["lms"].Quorum.Device.Algorithm, list["lms"].Daemon.Algorithm = qnet.LMS, qnet.LMS
	w := list["waiting"].Quorum
	w.Votequorum.WaitForAll, w.Votequorum.Waiting, w.Quorate, w.Votequorum.Quorate = true, true, false, false
	c := list["c-daemon"]
	c.DaemonIsC = true
	c.Daemon = ours()
	c.Daemon.Started, c.Daemon.Vote, c.Daemon.Reason, c.Daemon.Since, c.Daemon.Grace, c.Daemon.RoundTrip = time.Time{}, 0, "", time.Time{}, 0, 0
	list["no-daemon"].DaemonError = "it does not run"
	d = list["grace"].Daemon
	d.State, d.Connected, d.Lost, d.LostAt = status.StateConnectFailed, time.Time{}, "no echo reply for 4s", now.Add(-3*time.Second)
	d.Heartbeat, d.Timeout, d.FreshUntil = 8000, 10000, now.Add(9*time.Second)
	boot := list["cold-boot"].Quorum.Votequorum // it has never seen all the votes
	boot.Expected, boot.HighestExpected, boot.Quorum = 2, 2, 2
	list["killed"].DaemonError = "it does not run"
	two := list["two-node"].Quorum.Votequorum
	two.TwoNode, two.WaitForAll, two.Quorum = true, true, 1
	d = ours()
	d.Removed, d.State, d.Vote, d.Reason = "quorum.device", status.StateDisconnected, qnet.VoteUndefined, "quorum.device was removed from corosync.conf"
	d.Connected, d.Since, d.FreshUntil, d.ConfigVersion = time.Time{}, time.Time{}, time.Time{}, nil
	list["removed"] = cluster(0, nodes("NR", "NR"), nil)
	list["removed"].Daemon = d
	return list
}

// TestReport: each case's text, which a person has looked at, and its problems.
func TestReport(t *testing.T) {
	for name, r := range cases() {
		outlook.Complete(r)
		got := string(status.AppendReport(nil, r, false))
		golden.Compare(t, "testdata/"+name+".txt", got)
	}
}

// TestOverview: each case's text for a terminal of 80 columns, which a person has looked at.
func TestOverview(t *testing.T) {
	for name, r := range cases() {
		outlook.Complete(r)
		got := string(status.AppendOverview(nil, r, false, 80))
		for line := range strings.Lines(got) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Errorf("%s: %d columns: %s", name, n, line)
			}
		}
		got, _, _ = strings.Cut(got, "\nQuorum information\n") // which TestReport has
		golden.Compare(t, "testdata/"+name+".terminal.txt", got)
	}
}

// Colour adds escape sequences and changes nothing else.
func TestReportColour(t *testing.T) {
	sequence := regexp.MustCompile("\x1b\\[[0-9]+m")
	for name, r := range cases() {
		outlook.Complete(r)
		bare, colour := status.AppendReport(nil, r, false), status.AppendReport(nil, r, true)
		if string(sequence.ReplaceAll(colour, nil)) != string(bare) || len(colour) == len(bare) {
			t.Errorf("%s: got\n%s\nfrom\n%s", name, colour, bare)
		}
	}
}

// TestReportGoldenJSON: programs read this, so it stays byte for byte what it is.
func TestReportGoldenJSON(t *testing.T) {
	list := cases()
	for _, name := range []string{"whole", "four", "lms", "grace", "c-daemon", "no-daemon", "no-device"} {
		outlook.Complete(list[name])
		got, err := status.AppendReportJSON(nil, list[name])
		if err != nil {
			t.Fatal(err)
		}
		golden.Compare(t, "testdata/"+name+".json", string(got))
	}
}

// The JSON has what the text has, and no null.
func TestReportJSON(t *testing.T) {
	for name, r := range cases() {
		outlook.Complete(r)
		b, err := status.AppendReportJSON(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Corosync struct {
				Ring       string
				Quorate    bool
				Votequorum struct{ Quorum uint32 }
				Members    []struct{ Name string }
			}
			IfLostNow []struct {
				Name string
				Keep []string `json:"keep_quorum"`
			} `json:"if_lost_now"`
			Problems []struct{ Text string }
		}
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if got.Corosync.Ring != "1.30" || got.Corosync.Quorate != r.Quorum.Quorate || got.Corosync.Votequorum.Quorum != r.Quorum.Votequorum.Quorum ||
			len(got.Corosync.Members) != len(r.Quorum.Members) || len(got.IfLostNow) != len(r.Losses) || len(got.Problems) != len(r.Problems) || strings.Contains(string(b), "null") {
			t.Errorf("%s: got %s", name, b)
		}
	}
}

// A name is no way to add a line or to move the cursor.
func TestReportEscapes(t *testing.T) {
	r := cases()["four"]
	r.Daemon.ArbiterReason = said(0x30, 0, "good")
	outlook.Complete(r)
	lines := strings.Count(string(status.AppendReport(nil, r, false)), "\n")
	r = cases()["four"]
	const bad = "a\x1b[2J\nb"
	r.Quorum.Cluster, r.Quorum.Transport, r.Quorum.Votequorum.DeviceName = bad, bad, bad
	r.Quorum.Members[1].Name, r.Quorum.Members[1].Address, r.Quorum.Members[2].Name = bad, bad, bad
	r.Daemon.Reason, r.Daemon.Host, r.Daemon.Commands[1].Name, r.Daemon.Commands[1].Detail = bad, bad, bad, bad
	r.Daemon.ArbiterReason = said(0x30, 0, bad)
	outlook.Complete(r)
	got := string(status.AppendReport(nil, r, false))
	if strings.ContainsRune(got, 0x1b) || strings.Count(got, "\n") != lines {
		t.Errorf("got %d lines, want %d:\n%q", strings.Count(got, "\n"), lines, got)
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"encoding/json"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/test/interop/lab"
)

// statusReport is what the row wants of quorate status --json.
type statusReport struct {
	Corosync struct{ Quorate bool }
	QDevice  struct{ State, Reason string }
	IsC      bool `json:"qdevice_is_c"`
	Losses   []struct {
		Name string
		Keep []string `json:"keep_quorum"`
		Lose []string `json:"lose_quorum"`
	} `json:"if_lost_now"`
	Problems []struct{ Text string }
}

func (s *statusReport) keeps(t *testing.T, lost string) []string {
	t.Helper()
	for _, l := range s.Losses {
		if l.Name == lost {
			return l.Keep
		}
	}
	t.Errorf("nothing is said of losing %s: %+v", lost, s.Losses)
	return nil
}

func statusOf(t *testing.T, n *lab.Host) *statusReport {
	t.Helper()
	out, _ := n.Run(suite.quorate, "status", "--json") // exit code 2 without quorum
	s := new(statusReport)
	if err := json.Unmarshal([]byte(out), s); err != nil {
		t.Fatalf("%s: %v: %s", n.Name, err, out)
	}
	return s
}

// block is what corosync-quorumtool prints, without its date.
func block(text string) string {
	_, text, _ = strings.Cut("\n"+text, "\nQuorum information\n")
	if before, _, ok := strings.Cut(text, "\n\nArbiter's vote\n"); ok {
		text = before + "\n"
	}
	var kept []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "Date:") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// sameBlock holds the block of quorate status on a node against what
// corosync-quorumtool prints there.
func sameBlock(t *testing.T, n *lab.Host, when string) {
	t.Helper()
	lab.Eventually(t, n.Name+" shows what corosync-quorumtool shows, "+when, 20*time.Second, func() bool {
		before, _ := n.Run("corosync-quorumtool", "-siH")
		ours, _ := n.Run(suite.quorate, "status")
		after, _ := n.Run("corosync-quorumtool", "-siH")
		if block(before) != block(after) {
			return false // it has changed meanwhile
		}
		if block(ours) != block(before) {
			t.Errorf("%s, %s: got\n%s\nwant\n%s", n.Name, when, block(ours), block(before))
		}
		return true
	})
}

// TestStatus holds quorate status against corosync-quorumtool -siH on two real nodes,
// one with our node daemon and one with C's, and what it foretells against what then
// comes. quorate doctor finds nothing wrong there.
func TestStatus(t *testing.T) {
	r := start(t, pair{arbiter: lab.KindGo, nodes: lab.KindMixed})
	l := r.newLab(t, lab.Config{Nodes: 2})
	l.Start()
	one, two := l.Nodes[0], l.Nodes[1]
	same := func(when string) {
		t.Helper()
		for _, n := range l.Nodes {
			sameBlock(t, n, when)
		}
	}
	same("while all is well")
	for _, n := range l.Nodes {
		s := statusOf(t, n)
		if !s.Corosync.Quorate || s.QDevice.State != "Connected" || s.IsC == l.Ours(n) || (s.QDevice.Reason != "") != l.Ours(n) || len(s.Problems) > 0 {
			t.Errorf("%s: %+v", n.Name, s)
		}
		if out, err := n.Run(suite.quorate, "doctor"); err != nil || strings.Contains(out, "FAIL") || !strings.Contains(out, "ok    vote ") {
			t.Errorf("%s: doctor: %v\n%s", n.Name, err, out)
		}
	}

	two.Signal("qdevice", syscall.SIGTERM)
	lab.Eventually(t, "the device of node2 is unregistered", 10*time.Second, func() bool { return strings.Contains(two.Quorum().Text, "NR") })
	same("without the node daemon of node2")
	s := statusOf(t, one)
	if len(s.Problems) != 1 || !strings.Contains(s.Problems[0].Text, "node2 has no qdevice running") || len(s.keeps(t, "node1")) > 0 || !slices.Equal(s.keeps(t, "node2"), []string{"node1"}) {
		t.Errorf("without the node daemon of node2: %+v", s)
	}
	if out, err := two.Run(suite.quorate, "doctor"); err == nil || !strings.Contains(out, "FAIL  node daemon") || !strings.Contains(out, "FAIL  registered") {
		t.Errorf("doctor on node2: %v\n%s", err, out)
	}
	l.StartDevice(two)
	l.AwaitWhole()

	s = statusOf(t, one)
	if !slices.Equal(s.keeps(t, "node2"), []string{"node1"}) || !slices.Equal(s.keeps(t, "node1"), []string{"node2"}) || len(s.keeps(t, "the arbiter")) != 2 {
		t.Errorf("foretold: %+v", s)
	}
	from := lab.Now()
	two.Kill("qdevice")
	two.Kill("corosync")
	awaitAlone(t, l, from, 40*time.Second, one, 1)
	s = statusOf(t, one)
	if !s.Corosync.Quorate || len(s.keeps(t, "the arbiter")) > 0 || len(s.Problems) != 1 || !strings.HasPrefix(s.Problems[0].Text, "node2 is gone") {
		t.Errorf("without node2: %+v", s)
	}
	l.Arbiter.Kill("qnetd")
	awaitNotQuorate(t, one)
	if out, err := one.Run(suite.quorate, "status"); err == nil || !strings.Contains(out, "there is no quorum: 1 of 3 votes, 2 needed, 1 missing\n    Bring node2 back. It has 1 vote.\n    Get the arbiter's vote, which is worth 1 vote: ") {
		t.Errorf("without quorum: %v\n%s", err, out)
	}
	r.measured("the block is corosync-quorumtool's; two losses came as foretold")
}

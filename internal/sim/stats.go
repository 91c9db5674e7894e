// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"strings"
	"time"

	"quorate/internal/qnet"
	"quorate/internal/scenario"
	"quorate/internal/wire"
)

// Stats is what was seen in one run, or in many.
type Stats struct {
	Time    time.Duration // of the world
	Steps   int           // events
	Rings   int           // formed
	Orphans int           // members that were left behind on their way into one
	Splits  int           // times that the cluster fell into parts
	ACKs    int           // sent by the arbiter
	NACKs   int
	Polls   int           // of votequorum
	Writes  int           // grants on disk
	GaveUp  int           // C node daemons that exited
	Stale   time.Duration // two sides showed "quorate", one of them unable to act
	Settle  float64       // the longest that votes took to settle after calm, of the time that is promised
	Waited  time.Duration // the longest that a sync waited for a node daemon of ours that was well
	Faults  [len(verbs)]int
	Rules   [len(marks)]int
}

// verbs are the faults that are counted, and their undoing.
var verbs = [...]scenario.Verb{
	scenario.Up, scenario.Down, scenario.Split, scenario.Join, scenario.Kill, scenario.Leave, scenario.Forget, scenario.Cut,
	scenario.Drop, scenario.Heal, scenario.Freeze, scenario.Thaw, scenario.Daemon, scenario.Server, scenario.Checks, scenario.Disk,
}

// mark is what the machines say where a rule was applied.
type mark struct{ rule, text string }

// marks are the rules whose being applied is counted.
var marks = [...]mark{
	{"H5 held back: a holder outside", "may still be casting the vote"},
	{"H6 held back: nothing on record", "nothing is on record"},
	{"H7 a silent node left out", "node does not answer: deciding without it"},
	{"H7 a late node left out", "node does not report: deciding without it"},
	{"H8 told NACK for now", "not yet: "},
	{"H8 told NACK, undecided", "undecided: "},
	{"H9 came back still casting", "still casting"},
	{"H5 the disk refused", "grant not recorded"},
	{"DPD", "node sent no message"},
	{"a node came back before it was missed", "silent while another connection"},
	{"N2 a vote taken back: no word", "vote taken back"},
	{"N5 withdrawn in sync", "voting no for now"},
	{"a connection lost", "no connection to the arbiter"},
	{"the heuristics changed", "heuristics changed from"},
}

func (s *Stats) notice(text, reason string) {
	for i, m := range marks {
		if strings.Contains(text, m.text) || strings.Contains(reason, m.text) {
			s.Rules[i]++
		}
	}
}

func (s *Stats) message(m wire.Message) {
	if v, ok := m.(wire.VoteInfo); ok {
		switch v.Vote.V {
		case qnet.VoteACK:
			s.ACKs++
		case qnet.VoteNACK:
			s.NACKs++
		}
	}
}

func (s *Stats) fault(v scenario.Verb) {
	for i := range verbs {
		if verbs[i] == v {
			s.Faults[i]++
		}
	}
}

// Add adds another run's numbers.
func (s *Stats) Add(o Stats) {
	s.Time += o.Time
	s.Steps += o.Steps
	s.Rings += o.Rings
	s.Orphans += o.Orphans
	s.Splits += o.Splits
	s.ACKs += o.ACKs
	s.NACKs += o.NACKs
	s.Polls += o.Polls
	s.Writes += o.Writes
	s.GaveUp += o.GaveUp
	s.Stale += o.Stale
	s.Settle = max(s.Settle, o.Settle)
	s.Waited = max(s.Waited, o.Waited)
	for i := range s.Faults {
		s.Faults[i] += o.Faults[i]
	}
	for i := range s.Rules {
		s.Rules[i] += o.Rules[i]
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"slices"
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
	"github.com/quorate/quorate/internal/wire"
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

// mark is where a rule was applied, as the machines tell it.
type mark struct {
	rule string
	kind func(*event.Event) bool
}

// stillCasting is the mark of a node that has said so in its Init.
const stillCasting = 6

// kinds matches any of these kinds.
func kinds(list ...event.Kind) func(*event.Event) bool {
	return func(e *event.Event) bool { return slices.Contains(list, e.Kind) }
}

// marks are the rules whose being applied is counted.
var marks = [...]mark{
	{"H5 held back: a holder outside", func(e *event.Event) bool { return e.Kind == event.HeldBack && len(e.Nodes) > 0 }},
	{"H6 held back: nothing on record", func(e *event.Event) bool { return e.Kind == event.HeldBack && len(e.Unheard) > 0 }},
	{"H7 a silent node left out", kinds(event.NodeUnanswering)},
	{"H7 a late node left out", kinds(event.NodeUnreporting)},
	{"H8 told NACK for now", kinds(event.VotePutOff)},
	{"H8 told NACK, undecided", kinds(event.VoteUndecided)},
	stillCasting: {"H9 came back still casting", kinds()}, // no event: the node's message says it
	{"H5 the disk refused", kinds(event.GrantNotRecorded)},
	{"DPD", kinds(event.NodeSilent)},
	{"a node came back before it was missed", kinds(event.NodeReplaced)},
	{"N2 a vote taken back: no word", kinds(event.VoteTakenBack)},
	{"N5 withdrawn in sync", kinds(event.SilentInSync, event.LateInSync)},
	{"a connection lost", kinds(event.Disconnected, event.Unreachable)},
	{"the heuristics changed", kinds(event.HeuristicsPassed, event.HeuristicsFailed, event.HeuristicsNone)},
}

// notice counts an event.
func (s *Stats) notice(e event.Event) {
	for i, m := range marks {
		if m.kind(&e) {
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

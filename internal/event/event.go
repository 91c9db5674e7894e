// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package event has one kind and one plain sentence for each thing that happens to an
// arbiter or to a node's daemon.
//
// The machines and their shells make an [Event] where something happens; the logs, and
// whoever else tells of it, print its [Event.Text]. A sentence stands here and nowhere
// else, so that the same event reads the same everywhere. It names nodes by their
// names as far as they are known, starts with a small letter and has no full stop: a
// line of a log goes on with fields for machines.
//
// # Limitations
//
// An event says what happened, not what to do: that is package advice.
package event

import (
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// Level is how severe an event is.
type Level uint8

// The levels, as in the C programs' logs.
const (
	Debug Level = iota
	Info
	Warning
	Error
)

// Event is something that happened. Fields that do not apply are zero; each kind says
// which it uses.
type Event struct {
	Kind    Kind
	Level   Level
	Names   qnet.Names // of the cluster's nodes, as far as they are known
	Cluster string
	Node    qnet.NodeID   // whom it is about
	Nodes   []qnet.NodeID // members of a ring, or those who are together
	Gone    []qnet.NodeID // those who are members no more
	Back    []qnet.NodeID // those who are members now and were not before
	Unheard []qnet.NodeID // those of whom nobody knows whether they had the vote (H6)
	Addr    string        // of the other end of a connection; printable
	Ring    qnet.RingID
	Vote    qnet.Vote
	Device  bool          // with the arbiter's vote
	Was     bool          // quorate before
	Votes   Votes         // zero if they are not known
	For     time.Duration // how long something took or will take
	What    string        // names a thing: a key of corosync.conf, a file; printable
	Reason  string        // why, in words; printable
	Do      string        // what to do, as package advice has it; for the fields of a log line
}

// Votes are what votequorum counts.
type Votes struct{ Total, Expected, Needed uint32 }

// node names the node that the event is about.
func (e *Event) node() string {
	if e.Node == 0 {
		return Host(e.Addr)
	}
	return e.Names.Of(e.Node)
}

// WithReason returns the event with its reason.
func (e Event) WithReason(reason string) Event {
	e.Reason = reason
	return e
}

// WithTime returns the event with how long something took or will take.
func (e Event) WithTime(d time.Duration) Event {
	e.For = d
	return e
}

// Host returns the address of a client without its port: see [qnet.ParseAddress]. What is
// no address stays as it is.
func Host(addr string) string {
	if a, ok := qnet.ParseAddress(addr); ok {
		return a.Addr().String()
	}
	return addr
}

// withReason appends the reason to a sentence that can do without.
func (e *Event) withReason(text string) string {
	if e.Reason == "" {
		return text
	}
	return text + ": " + e.Reason
}

// Text is the event in one sentence.
func (e *Event) Text() string {
	switch {
	case e.Kind < firstOfArbiter:
		return e.nodeText()
	case e.Kind < firstOfShell:
		return e.arbiterText()
	}
	return e.shellText()
}

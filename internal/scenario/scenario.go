// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package scenario is the language of scenario files: which cluster there is, and
// what happens to it. The simulator and the laboratory play the same files, each with
// its own idea of time and network, and the laboratory's prompt speaks it, too.
// docs/scenarios.md describes it.
//
// A file that begins with the command "cluster" is a scenario: its nodes are down at
// first, and time passes when it says so. One that does not is a script: the cluster
// comes from its player's options and is up, and after each line all is waited for to
// be calm. [File.Timed] makes a scenario of a script.
//
// # Promises
//
// A [File] that [Parse] accepts names only hosts that exist, and has no impossible
// argument. Errors carry the line. String methods print what Parse reads.
// [File.Check] says of a file which of its commands a player can't play.
//
// # Limitations
//
// It knows the words and not what they do: that a node must be down before it
// is started, for one, is for whoever plays the file.
package scenario

import (
	"fmt"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// Host is a node, or the arbiter.
type Host = qnet.NodeID

// Arbiter is the host of the arbiter: no node has this ID.
const Arbiter Host = 0

// hostName prints a host as Parse reads it.
func hostName(h Host) string {
	if h == Arbiter {
		return "arbiter"
	}
	return h.String()
}

// Program says whose program runs somewhere.
type Program uint8

// The programs.
const (
	Ours Program = iota // quorate's
	C                   // that of corosync-qdevice 3
)

// String prints the program as Parse reads it.
func (p Program) String() string {
	if p == C {
		return "c"
	}
	return "go"
}

// Cluster is what the command "cluster" says, as words KEY=VALUE:
//
//	nodes=4               how many there are: 1 to 16, with the IDs from 1 on
//	algorithm=ffsplit     or lms, 2nodelms, test
//	tie-breaker=lowest    or highest, or a node ID
//	kap=on                keep active partition: on or off
//	daemons=go            the node daemons, go or c: one for all, or a list
//	arbiter=go            the arbiter: go or c
//	wait-for-all=off      on or off
//	heuristics=off        on, or sync: at connects and in sync only
//	timeout=10s           quorum.device.timeout; the heartbeat is 0.8 of it
//	heartbeat-max=2m      the node daemons' -S net_heartbeat_interval_max
//	sync-timeout=30s      quorum.device.sync_timeout
//	token=1s              Totem's token timeout
//	delay=1ms             what a message takes as a rule
//	slow=off              on: now and then one takes up to 3 s
//	drift=0,20000,-20000  how much faster clocks run, in parts of a million: the
//	                      arbiter's, then the nodes'
//	seed=1                of all that is left to chance
type Cluster struct {
	Nodes        int
	Algorithm    qnet.Algorithm
	TieBreaker   qnet.TieBreaker
	KAP          bool
	Daemons      []Program // one for each node
	Arbiter      Program
	WaitForAll   bool
	Heuristics   Heuristics
	Timeout      time.Duration
	HeartbeatMax time.Duration
	SyncTimeout  time.Duration
	Token        time.Duration
	Delay        time.Duration
	Slow         bool
	Drift        []int // by host; nil: none
	Seed         uint64
}

// Heuristics is a mode of quorum.device.heuristics.
type Heuristics uint8

// The modes.
const (
	HeuristicsOff Heuristics = iota
	HeuristicsSync
	HeuristicsOn
)

// Daemon is the node daemon of a node.
func (c *Cluster) Daemon(id qnet.NodeID) Program { return c.Daemons[id-1] }

// IDs returns the node IDs.
func (c *Cluster) IDs() []qnet.NodeID {
	ids := make([]qnet.NodeID, c.Nodes)
	for i := range ids {
		ids[i] = qnet.NodeID(i + 1)
	}
	return ids
}

// Command is one command of a file.
type Command struct {
	Line   int    // in the file, from 1; 0 if it was made otherwise
	Text   string // as it was written, with one blank between words; empty if it was made otherwise
	Verb   Verb
	Word   string          // of the verbs that have one: start, stop, kill …
	Hosts  []Host          // of most verbs; of Guest and Losses one node, or none
	A, B   []Host          // of Cut, Drop and Heal: the ends of the links; Heal without them heals all
	OneWay bool            // of Drop: only what A sends to B
	Groups [][]qnet.NodeID // of Split
	Wait   time.Duration   // of Wait
	Name   string          // of Guest

	// Flat says that the command is a script's: Join and Heal repair a link whatever
	// has broken it, and Split, Cut and Drop change what the others have done to it.
	Flat bool
}

// String prints the command as Parse reads it.
func (c Command) String() string {
	words := []string{written(c.Verb, c.Flat)}
	if c.Word != "" {
		words = append(words, c.Word)
	}
	if c.Name != "" {
		words = append(words, c.Name)
	}
	if len(c.Hosts) > 0 && c.Verb == Guest {
		words = append(words, "on")
	}
	for _, h := range c.Hosts {
		words = append(words, hostName(h))
	}
	if len(c.A) > 0 {
		words = append(words, hostNames(c.A))
		if c.OneWay {
			words = append(words, "to")
		}
		words = append(words, hostNames(c.B))
	}
	for _, g := range c.Groups {
		words = append(words, hostNames(g))
	}
	if c.Verb == Wait {
		words = append(words, c.Wait.String())
	}
	return strings.Join(words, " ")
}

// hostNames prints hosts as Parse reads them: "1,2".
func hostNames(list []Host) string {
	var words []string
	for _, h := range list {
		words = append(words, hostName(h))
	}
	return strings.Join(words, ",")
}

// File is a scenario, or a script.
type File struct {
	Name     string // for errors
	Script   bool   // it does not say which cluster
	Cluster  Cluster
	Comment  []string // lines above the command cluster, with their #
	Commands []Step

	clusterLine int
	end         []string // comments of a script below its last command
}

// Step is a command with the comment above it.
type Step struct {
	Comment []string // lines that begin with #; of a script, empty ones, too
	Command
	Same bool // it is on the line of the command before it
}

// End are the comments below the last command of a script.
func (f *File) End() []string { return f.end }

// String prints the file without what was printed below its commands.
func (f *File) String() string {
	var b strings.Builder
	for _, c := range f.Comment {
		b.WriteString(c + "\n")
	}
	if !f.Script {
		b.WriteString(f.Cluster.String() + "\n")
	}
	for i, s := range f.Commands {
		if s.Same {
			b.WriteString("; " + s.Command.String())
			continue
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		for _, c := range s.Comment {
			b.WriteString(c + "\n")
		}
		b.WriteString(s.Command.String())
	}
	if len(f.Commands) > 0 {
		b.WriteByte('\n')
	}
	for _, c := range f.end {
		b.WriteString(c + "\n")
	}
	return b.String()
}

// errorf is an error in a line of the file.
func (f *File) errorf(line int, format string, args ...any) error {
	return &Error{Name: f.Name, Line: line, Text: fmt.Sprintf(format, args...)}
}

// Error says which line of a file can't be read or played, and why.
type Error struct {
	Name string // of the file; empty if it has none
	Line int    // from 1
	Text string
}

// Error implements error: "four.txt:3: up: there is no node "5": nodes are 1 to 4".
func (e *Error) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("line %d: %s", e.Line, e.Text)
	}
	return fmt.Sprintf("%s:%d: %s", e.Name, e.Line, e.Text)
}

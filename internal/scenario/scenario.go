// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package scenario is the language of scenario files: which cluster there is,
// and what happens to it. The simulator, the laboratory and the tests against
// real nodes read the same files, each with its own idea of time and network.
//
// The first command of a file is "cluster"; see [Cluster] for its settings and
// [Command] for the verbs. Lines that begin with # are comments, and indented
// lines are what somebody printed below a command the last time.
//
// # Promises
//
// A [File] that [Parse] accepts names only hosts that exist, has no impossible
// argument, and begins with its cluster. Errors carry the line. String methods
// print what Parse reads.
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

// Verb is what a command does.
type Verb string

// The verbs. Those before Cut are named after corosync-vqsim's.
const (
	Up     Verb = "up"         // up HOST…: starts hosts, and all that runs on them
	Down   Verb = "down"       // down HOST…: takes the power from hosts; nobody is told
	Split  Verb = "split"      // split 1,2 3,4: parts the nodes; those that are not named stay together
	Join   Verb = "join"       // join: undoes split
	Kill   Verb = "kill"       // kill NODE…: kills Corosync; its host lives, the node daemon ends with it
	Leave  Verb = "leave"      // leave NODE…: stops the node daemon and Corosync in an orderly way
	Forget Verb = "forget"     // forget NODE…: a node that is down loses its ring number
	Cut    Verb = "cut"        // cut A B: the link between two hosts is down, and both can tell
	Drop   Verb = "drop"       // drop A B, drop A to B: what is sent is lost, and nobody can tell
	Heal   Verb = "heal"       // heal, heal A B: undoes cut and drop
	Freeze Verb = "freeze"     // freeze HOST…: stops the node daemon or the arbiter as SIGSTOP does
	Thaw   Verb = "thaw"       // thaw HOST…: undoes freeze
	Daemon Verb = "daemon"     // daemon start|stop|kill NODE…
	Server Verb = "arbiter"    // arbiter start|stop|kill, arbiter lose: it is started without its state
	Checks Verb = "heuristics" // heuristics pass|fail NODE...: what the checks come to from now on
	Disk   Verb = "disk"       // disk ok|slow|full: the arbiter's
	Wait   Verb = "wait"       // wait DURATION
	Calm   Verb = "calm"       // calm: undoes all but split and down, and waits until votes must be settled
)

// Command is one command of a file.
type Command struct {
	Line   int // in the file, from 1; 0 if it was made otherwise
	Verb   Verb
	Word   string          // of Daemon, Server, Checks and Disk: what is done
	Hosts  []Host          // two for Cut, Drop and Heal, or none for Heal
	OneWay bool            // of Drop: only what the first host sends to the second
	Groups [][]qnet.NodeID // of Split
	Wait   time.Duration
}

// String prints the command as Parse reads it.
func (c Command) String() string {
	words := []string{string(c.Verb)}
	if c.Word != "" {
		words = append(words, c.Word)
	}
	for i, h := range c.Hosts {
		if c.OneWay && i == 1 {
			words = append(words, "to")
		}
		words = append(words, hostName(h))
	}
	for _, g := range c.Groups {
		words = append(words, strings.ReplaceAll(qnet.FormatIDs(g), ", ", ","))
	}
	if c.Verb == Wait {
		words = append(words, c.Wait.String())
	}
	return strings.Join(words, " ")
}

// File is a scenario.
type File struct {
	Cluster  Cluster
	Comment  []string // lines above the command cluster, with their #
	Commands []Step
}

// Step is a command with the comment above it.
type Step struct {
	Comment []string
	Command
}

// String prints the scenario without what was printed below its commands.
func (f *File) String() string {
	var b strings.Builder
	for _, c := range f.Comment {
		b.WriteString(c + "\n")
	}
	b.WriteString(f.Cluster.String() + "\n")
	for _, s := range f.Commands {
		for _, c := range s.Comment {
			b.WriteString(c + "\n")
		}
		b.WriteString(s.Command.String() + "\n")
	}
	return b.String()
}

// Error says which line of a scenario can't be read, and why.
type Error struct {
	Line int // from 1
	Text string
}

// Error implements error: "line 3: there is no node 5".
func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

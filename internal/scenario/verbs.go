// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package scenario

import (
	"fmt"
	"slices"
	"strings"
)

// Verb is what a command does.
type Verb string

// The verbs. docs/scenarios.md says what each of them does.
const (
	Up     Verb = "up"
	Down   Verb = "down"
	Kill   Verb = "kill"
	Leave  Verb = "leave"
	Forget Verb = "forget"
	Split  Verb = "split"
	Join   Verb = "join"
	Cut    Verb = "cut"
	Drop   Verb = "drop"
	Heal   Verb = "heal"
	Freeze Verb = "freeze"
	Thaw   Verb = "thaw"
	Pause  Verb = "pause"
	Resume Verb = "resume"
	Daemon Verb = "daemon"
	Server Verb = "arbiter"
	Checks Verb = "heuristics"
	Disk   Verb = "disk"
	Device Verb = "device"
	Guest  Verb = "guest"
	Losses Verb = "losses"
	Wait   Verb = "wait"
	Settle Verb = "settle" // written as wait without a time
	Calm   Verb = "calm"
	Show   Verb = "status"
	Help   Verb = "help"
	Quit   Verb = "quit"
)

// Takes is what follows a verb and its word.
type Takes uint8

// What may follow.
const (
	TakesNothing Takes = iota
	TakesNodes         // one or more nodes
	TakesHosts         // one or more nodes, or the arbiter
	TakesGroups        // two or more groups of nodes
	TakesEnds          // the two ends of a link
	TakesLink          // the two ends of a link, or nothing
	TakesGuest         // a guest's name, and where
	TakesTime          // a time, or nothing
	TakesNode          // a node, or nothing
)

// Syntax is one form of a verb: how it is written, and who can play it.
type Syntax struct {
	Verb  Verb
	Alias []string // other names, those of corosync-vqsim among them
	Words []string // one of them must follow, if there are any
	Args  string   // what follows, as usage shows it
	Help  string   // what it does; empty: it is not in the help of a prompt
	Takes Takes

	// Why a player can't do it: as in "the simulator has no guests". Empty: it can.
	NoSim, NoLab string
}

// The reasons why a player can't do something.
const (
	oneProcess = "the laboratory's daemons are parts of one process: pause stops a whole node"
	withNode   = "in the laboratory a node's daemon runs for as long as its node"
	noGuests   = "the simulator has no guests"
	noScreen   = "the simulator has no prompt"
	wholeStop  = "the simulator does not stop whole machines: freeze, in a file that begins with cluster, stops a node's daemon"
)

// syntaxes lists the verbs: first those of the laboratory's help, in its order.
var syntaxes = []Syntax{
	{Verb: Up, Args: "NODE...", Help: "switch nodes on", Takes: TakesHosts},
	{Verb: Down, Args: "NODE...", Help: "cut the power of nodes: they can tell nobody", Takes: TakesHosts},
	{Verb: Leave, Args: "NODE...", Help: "shut nodes down properly", Takes: TakesNodes},
	{Verb: Split, Alias: []string{"move"}, Args: "NODES [NODES...]", Help: "split the nodes into groups: split 1,2 3,4", Takes: TakesGroups},
	{Verb: Join, Help: "repair all links between nodes"},
	{Verb: Cut, Args: "A B", Help: "cut the link between A and B: both notice", Takes: TakesEnds},
	{Verb: Drop, Args: "A B", Help: "drop everything between A and B: nobody notices", Takes: TakesEnds},
	{Verb: Heal, Args: "[A B]", Help: "repair a link, or all of them", Takes: TakesLink},
	{Verb: Pause, Args: "NODE...", Help: "freeze nodes, as if their machines were paused", Takes: TakesNodes, NoSim: wholeStop},
	{Verb: Resume, Args: "NODE...", Help: "let frozen nodes go on", Takes: TakesNodes, NoSim: wholeStop},
	{Verb: Server, Alias: []string{"qnetd"}, Words: []string{"stop", "start"}, Args: "stop|start", Help: "stop or start the arbiter"},
	{Verb: Device, Alias: []string{"qdevice"}, Words: []string{"on", "off"}, Args: "on|off", Help: "add or remove the quorum device",
		NoSim: "the simulator's nodes keep their configuration"},
	{Verb: Guest, Words: []string{"create", "start", "stop"}, Args: "create NAME on NODE", Help: "create a guest, which needs quorum", Takes: TakesGuest, NoSim: noGuests},
	{Verb: Guest, Args: "start NAME [on NODE]", Help: "start a guest, where it is or on another node", NoSim: noGuests},
	{Verb: Guest, Args: "stop NAME", Help: "stop a guest", NoSim: noGuests},
	{Verb: Losses, Args: "[NODE]", Help: "say what happens after a loss, as a node sees it", Takes: TakesNode, NoSim: "the simulator foretells nothing"},
	{Verb: Wait, Args: "[TIME]", Help: "wait until all is calm, or for a time: wait 5s", Takes: TakesTime},
	{Verb: Show, Alias: []string{"show"}, Help: "print the table"},
	{Verb: Help, Alias: []string{"?"}, Help: "show this help", NoSim: noScreen},
	{Verb: Quit, Alias: []string{"exit", "q"}, Help: "end the laboratory"},

	{Verb: Calm},
	{Verb: Kill, Args: "NODE...", Takes: TakesNodes},
	{Verb: Forget, Args: "NODE...", Takes: TakesNodes, NoLab: "the laboratory numbers all rings in one sequence"},
	{Verb: Freeze, Args: "HOST...", Takes: TakesHosts, NoLab: oneProcess},
	{Verb: Thaw, Args: "HOST...", Takes: TakesHosts, NoLab: oneProcess},
	{Verb: Drop, Args: "A to B", NoLab: "the laboratory loses both directions of a link"},
	{Verb: Daemon, Words: []string{"start", "stop", "kill"}, Args: "start|stop|kill NODE...", Takes: TakesNodes, NoLab: withNode},
	{Verb: Server, Args: "kill|lose", NoLab: "the laboratory's arbiter is part of the same process, and keeps its state"},
	{Verb: Checks, Words: []string{"pass", "fail"}, Args: "pass|fail NODE...", Takes: TakesNodes, NoLab: "the laboratory's nodes have no heuristics"},
	{Verb: Disk, Words: []string{"ok", "slow", "full"}, Args: "ok|slow|full", NoLab: "the laboratory's arbiter writes to a real disk"},
}

// Syntaxes returns the forms of all verbs, the ones of a prompt's help first.
func Syntaxes() []Syntax { return slices.Clone(syntaxes) }

// written is how a verb is written. In a script freeze and thaw are what pause and
// resume are in a file that begins with cluster.
func written(v Verb, script bool) string {
	switch {
	case v == Settle:
		return string(Wait)
	case script && v == Pause:
		return string(Freeze)
	case script && v == Resume:
		return string(Thaw)
	}
	return string(v)
}

// find returns the main form of the verb that a word names.
func find(word string, script bool) (Syntax, bool) {
	for _, s := range syntaxes {
		if word == written(s.Verb, script) || slices.Contains(s.Alias, word) {
			return s, true
		}
	}
	for _, s := range syntaxes { // pause and resume, by their own names
		if word == string(s.Verb) {
			return s, true
		}
	}
	return Syntax{}, false
}

// Find returns the main form of the verb that a word names at a prompt.
func Find(word string) (Syntax, bool) { return find(word, true) }

// String is how the form is written at a prompt: "cut A B".
func (s Syntax) String() string {
	return strings.TrimSpace(written(s.Verb, true) + " " + s.Args)
}

// HelpText is the help of a prompt, a line for each form.
func HelpText() []string {
	var lines []string
	for _, s := range syntaxes {
		if s.Help != "" {
			lines = append(lines, fmt.Sprintf("%-28s %s", s, s.Help))
		}
	}
	return lines
}

// formsOf returns the forms of a verb, the main one first.
func formsOf(v Verb) (forms []Syntax) {
	if v == Settle {
		v = Wait
	}
	for _, s := range syntaxes {
		if s.Verb == v {
			forms = append(forms, s)
		}
	}
	return forms
}

// usage shows the forms of a verb. A script's are those of the help, if it has any.
func usage(v Verb, script bool) string {
	forms := formsOf(v)
	if script && forms[0].Help != "" {
		forms = slices.DeleteFunc(forms, func(s Syntax) bool { return s.Help == "" })
	}
	var list []string
	for _, s := range forms {
		list = append(list, strings.TrimSpace(written(v, script)+" "+s.Args))
	}
	return strings.Join(list, ", or ")
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Level says how bad a problem is.
type Level int

const (
	// Note is worth knowing, and may be meant.
	Note Level = iota
	// Warning works until something fails, or does not do what it says.
	Warning
	// Fault keeps Corosync or its qdevice from starting, or the device's vote
	// from counting.
	Fault
)

// String returns note, warning or fault.
func (l Level) String() string { return [...]string{"note", "warning", "fault"}[l] }

// A Problem is what Lint finds.
type Problem struct {
	Line     int    // from 1; 0 if no one line is to blame, as where something is missing
	Level    Level  // how bad it is
	Text     string // what is wrong, and what comes of it
	WhatToDo string // never empty
	Key      string // the key whose value is to blame, as [File.Keys] names it; empty if it is no single one
	Stops    string // the program that does not start with it: corosync or corosync-qdevice; empty if both do
	Timers   bool   // it is about times that do not fit each other
	Draft    string // lines to be put into the file, with what could not be known in capitals; empty if there are none
	Effect   Effect // what Text says will happen, for a program that can try it out

	refused bool // its line is to blame, though it names no key
}

// The programs that Stops names.
const (
	corosync = "corosync"
	qdevice  = "corosync-qdevice"
)

// programs are how a sentence names them.
var programs = map[string]string{corosync: "Corosync", qdevice: "corosync-qdevice"}

// String returns the problem in one line.
func (p Problem) String() string {
	where := ""
	if p.Line > 0 {
		where = fmt.Sprintf("line %d: ", p.Line)
	}
	return fmt.Sprintf("%s%s: %s: %s", where, p.Level, p.Text, p.WhatToDo)
}

// Lint returns what is wrong with the cluster that the file describes, in the
// order of the lines. It knows no host: see Check for what depends on one.
func (f *File) Lint() []Problem {
	l := &linter{f: f, c: &checker{f: f}, nodes: f.Nodes()}
	for _, n := range l.nodes {
		l.votes += n.Votes
	}
	l.isOld = l.oldFile()
	for _, rule := range []func(){
		l.repeated, l.unknown, l.ringNumbers, l.version, l.nodeIDs, l.addresses,
		l.provider, l.expected, l.twoNode, l.autoTieBreaker, l.lastMan, l.halves,
		l.deviceAlone, l.deviceVotes, l.deviceNet, l.arbiter, l.algorithm, l.tieBreaker, l.heuristics,
	} {
		rule()
	}
	first := len(l.found)
	for _, rule := range []func(){l.timers, l.deviceTimers, l.heuristicsTimers} {
		rule()
	}
	for i := range l.found[first:] {
		l.found[first+i].Timers = true
	}
	l.refused()
	l.values()
	l.next()
	slices.SortStableFunc(l.found, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return l.found
}

// A linter collects problems. Each of its rules is a method.
type linter struct {
	f     *File
	c     *checker // of no host: for the values
	nodes []Node
	votes uint32 // of all nodes
	isOld bool   // see oldFile

	lostNames int // see lost

	found []Problem
}

// say adds a problem with the line that gives a key.
func (l *linter) say(key string, level Level, text, what string) {
	l.found = append(l.found, Problem{Line: l.f.keys[key].Line, Level: level, Text: text, WhatToDo: what, Key: key})
}

// stops adds a Fault: a program does not start with the value of a key, or without
// it; with no key no one line is to blame.
func (l *linter) stops(program, key, text, what string) {
	l.stopsAt(l.f.keys[key].Line, program, text, what)
	l.found[len(l.found)-1].Key = key
}

func (l *linter) stopsAt(line int, program, text, what string) {
	l.found = append(l.found, Problem{
		Line: line, Level: Fault, Text: text + stopsWith(program), WhatToDo: what, Stops: program,
	})
}

// stopsWith is the end of a Fault's text.
func stopsWith(program string) string { return ": " + programs[program] + " does not start" }

// at adds a problem of a line; 0 if no one line is to blame.
func (l *linter) at(line int, level Level, text, what string) {
	l.found = append(l.found, Problem{Line: line, Level: level, Text: text, WhatToDo: what})
}

// flag tells whether a number that means yes or no is given and is not 0.
func (l *linter) flag(key string) bool {
	n, _ := l.c.uint(key, Uint8)
	return n != 0
}

func (l *linter) text(key string) string {
	v, _ := l.c.text(key)
	return v
}

// unread tells whether a key is given with a value that Corosync refuses.
func (l *linter) unread(key string) bool {
	return slices.ContainsFunc(l.f.errs, func(e *Error) bool { return strings.HasPrefix(e.Text, key+":") })
}

func (l *linter) has(key string) bool {
	_, ok := l.f.keys[key]
	return ok
}

// device tells whether votequorum takes a device for configured.
func (l *linter) device() bool { return l.text("quorum.device.model") != "" }

// refused reports what corosync -t refuses.
func (l *linter) refused() {
	for i, e := range l.refusals() {
		_, given := l.f.keys[e.key]
		known := strings.Contains(e.Text, ".nodeid:") && (given || l.c.transport() == knet) // see nodeIDs
		if i >= len(l.f.errs) && (known || l.isOld && e.Line == 0) {                        // see oldFile
			continue
		}
		l.stopsAt(e.Line, corosync, e.Text, mend(e))
		l.found[len(l.found)-1].refused = e.Line > 0
	}
}

// mend says what to do about a refusal.
func mend(e *Error) string {
	for _, m := range []struct{ part, what string }{
		{"can't encrypt", "delete transport, so that Corosync uses knet, or delete the keys of the encryption"},
		{"each node needs a name", "give each node a name, as uname -n prints it"},
		{"there is no nodelist", "write a nodelist with the name, the ID and the address of each node"},
		{"has a name or a ring0_addr", "give each node a name and a ring0_addr"},
		{"each node needs an address", "give each node an address of each link"},
		{"byte order mark", saveBare},
		{"nodes with addresses", "give each node a ring0_addr"},
		{"must be 2", "write version: 2 into the section totem"},
		{"different families", "give all nodes addresses of one family on each link: IPv4 or IPv6"},
		{"only an IPv4 address does", "give each node its own nodeid, from 1"},
		{"is not an IPv4 address", "give each node its own nodeid, from 1"},
		{"links are too many", "delete transport: knet can have several links"},
		{"needs a totem.crypto_hash", "set totem.crypto_hash to sha256"},
		{"does not go with totem.secauth", "delete the line"},
	} {
		if strings.Contains(e.Text, m.part) {
			return m.what
		}
	}
	if e.Line == 0 {
		return "correct the file"
	}
	return "correct the line"
}

// repeated reports values that another line overrides, and nodelists that do.
func (l *linter) repeated() {
	counts := map[string]int{}
	for it := range l.f.items() {
		if k, ok := l.f.keys[it.name]; ok {
			counts[it.name] = k.Line
		}
	}
	list := 0
	for s := range l.f.sections() {
		if s.path == "nodelist" && list > 0 {
			l.at(s.open.no, Warning, fmt.Sprintf("a second nodelist: its nodes are numbered like those of line %d, and mixed with them", list),
				"move its nodes into the first")
		} else if s.path == "nodelist" {
			list = s.open.no
		}
	}
	links := map[string]*section{} // of the lines that count
	for it := range l.f.items() {
		if it.section.kind == link && counts[it.name] == it.no {
			links[it.name] = it.section
		}
	}
	for it := range l.f.items() {
		if s := links[it.name]; s != nil && s != it.section || it.key == "ringnumber" {
			continue // see ringNumbers
		}
		if _, read := specOf(joinPath(it.section.path, it.key)); !read {
			continue // see unknown
		}
		if line, ok := counts[it.name]; ok && line != it.no && it.name != "" {
			l.at(it.no, Warning, fmt.Sprintf("%s is given again in line %d, which is the one that counts", it.name, line),
				"delete one of the two")
		}
	}
}

// version reports a file whose age cannot be told.
func (l *linter) version() {
	if !l.has(versionKey) {
		l.at(0, Note, versionKey+" is missing: nobody can tell an old copy of the file from a new one",
			"set it to 1 and raise it with every change")
	}
}

// nodeIDs reports node IDs that are missing or given twice.
func (l *linter) nodeIDs() {
	seen := map[uint32]Node{}
	for _, n := range l.nodes {
		key := fmt.Sprintf("nodelist.node.%d.nodeid", n.Pos)
		first, twice := seen[n.ID]
		switch {
		case l.unread(key):
		case n.ID == 0 && l.c.transport() == knet:
			l.stopsAt(n.Line, corosync, "the node has no nodeid, and knet makes none", "give each node its own nodeid, from 1")
		case n.ID == 0:
			l.at(n.Line, Warning, "the node has no nodeid: Corosync makes one of its address, which changes with it",
				"give each node its own nodeid, from 1")
		case twice:
			l.stops(corosync, key, fmt.Sprintf("node ID %d is also the ID of the node in line %d", n.ID, first.Line),
				"give each node its own nodeid")
		case n.ID >= maxKnetID && l.c.transport() == knet:
			l.stops(corosync, key, fmt.Sprintf("node ID %d is too high for knet", n.ID), fmt.Sprintf("use an ID from 1 to %d", maxKnetID-1))
		default:
			seen[n.ID] = n
		}
	}
}

// addresses reports names and addresses that two nodes have, and nodes that the
// C corosync-qdevice passes over.
func (l *linter) addresses() {
	seen := map[string]int{}
	for _, n := range l.nodes {
		if i := slices.IndexFunc(n.Addrs, ownHost); i >= 0 && !l.oneMachine() {
			l.say(fmt.Sprintf("nodelist.node.%d.ring%d_addr", n.Pos, i), Warning,
				fmt.Sprintf("%s is every machine's own address: the other nodes can't reach this one there", n.Addrs[i]), "use the address that the other nodes reach")
		}
		for _, a := range append(slices.Clone(n.Addrs), n.Name) {
			if first, ok := seen[a]; ok && a != "" && first != n.Line {
				l.at(n.Line, Warning, fmt.Sprintf("the node in line %d also has %s", first, a), "correct one of the two")
			}
			seen[a] = n.Line
		}
		if l.device() && n.Name == "" && (len(n.Addrs) == 0 || n.Addrs[0] == "") {
			l.at(n.Line, Warning, "the node has neither a name nor a ring0_addr: the C corosync-qdevice does not count it",
				"give the node a name")
		}
	}
}

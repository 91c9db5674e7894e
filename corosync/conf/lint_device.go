// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

const (
	ffsplit = "ffsplit"
	lms     = "lms"

	maxExecs = 32 // commands of the heuristics that the C corosync-qdevice runs
)

// algorithmName returns the device's decision algorithm.
func (l *linter) algorithmName() string {
	if v := l.text("quorum.device.net.algorithm"); v != "" {
		return v
	}
	return ffsplit
}

// net tells whether the rules for the model net apply.
func (l *linter) net() bool { return l.text("quorum.device.model") == "net" }

// deviceAlone reports a device that lacks what it works with.
func (l *linter) deviceAlone() {
	const model = "quorum.device.model"
	if s := l.f.section("quorum.device"); s != nil && !l.device() {
		l.at(s.open.no, Warning, "the device has no model: Corosync ignores it", "set "+model+" to net")
	}
	if !l.device() {
		return
	}
	if !l.net() {
		l.stops(qdevice, model, fmt.Sprintf("there is no model %s", l.text(model)), "set it to net")
	}
	if len(l.nodes) == 0 && !l.isOld {
		l.stops(qdevice, "", "a device without a nodelist: corosync-qdevice can't tell the arbiter who the nodes are", "write a nodelist")
	}
}

// deviceVotes reports votes of the device that votequorum does not accept.
func (l *linter) deviceVotes() {
	const key, expectedKey = "quorum.device.votes", "quorum.expected_votes"
	if !l.device() || !l.votequorum() || l.unread(key) {
		return
	}
	given := l.votesGiven()
	votes, expected := l.c.u32(key, 0), l.c.u32(expectedKey, 0)
	switch {
	case expected > 0 && !given:
		l.stops(corosync, expectedKey, "expected_votes without quorum.device.votes",
			"delete expected_votes, or set quorum.device.votes")
	case !given && l.votes != uint32(len(l.nodes)): // Corosync compares the sums
		l.stops(corosync, "quorum.device.model", "a node does not have 1 vote, and quorum.device.votes is missing",
			"set quorum.device.votes")
	case expected > 0 && votes > 0 && int32(expected-votes) < 2:
		l.stops(corosync, expectedKey, fmt.Sprintf("the device has %[2]d of %[1]d expected votes", expected, votes),
			"delete expected_votes")
	case given && votes == 0:
		l.say(key, Warning, "the device has no vote: it changes nothing", "set quorum.device.votes to 1")
		l.means(DeviceIdle)
	}
}

// deviceNet reports settings with which corosync-qdevice does not start.
func (l *linter) deviceNet() {
	if !l.net() {
		return
	}
	const net = "quorum.device.net."
	if !l.has(net + "host") {
		l.stops(qdevice, "quorum.device.model", net+"host is missing", "set it to the arbiter's address")
	}
	if !l.has("totem.cluster_name") {
		l.stops(qdevice, "", "totem.cluster_name is missing", "set it to the name that the arbiter knows")
	}
	l.choice(net+"tls", "on", "off", "yes", "no", "1", "0", "required")
	l.choice(net+"keep_active_partition_tie_breaker", "on", "off", "yes", "no", "1", "0")
	l.choice("quorum.device.heuristics.mode", "on", "off", "yes", "no", "1", "0", "sync")
	l.choice(net+"force_ip_version", "0", "4", "6")
	l.within(net+"port", 1, math.MaxUint16)
	l.within(net+"connect_timeout", 1000, 120000)
	l.within("quorum.device.heuristics.timeout", 1000, 120000)
	l.within("quorum.device.heuristics.sync_timeout", 1000, 120000)
	l.within("quorum.device.heuristics.interval", 1000, 3600000)
	if v := strings.ToLower(l.text(net + "tls")); v == "off" || v == "no" || v == "0" {
		l.say(net+"tls", Warning, "tls is off: whoever reaches the arbiter can take a node's place", "set it to required")
	}
}

// choice wants a string to be one of several, in either case.
func (l *linter) choice(key string, allowed ...string) {
	if v, ok := l.c.text(key); ok && !slices.Contains(allowed, strings.ToLower(v)) {
		l.stops(qdevice, key, fmt.Sprintf("%s is %q", key, v), "use one of "+strings.Join(allowed, ", "))
	}
}

// within wants a string to be a number.
func (l *linter) within(key string, lo, hi int64) {
	v, ok := l.c.text(key)
	if !ok {
		return
	}
	text, ok := number(v, Int32)
	if n, _ := strconv.ParseInt(text, 10, 64); !ok || n < lo || n > hi {
		l.stops(qdevice, key, fmt.Sprintf("%s is %q", key, v), fmt.Sprintf("use a number from %d to %d", lo, hi))
	}
}

// algorithm reports votes and numbers of nodes that do not suit the decision
// algorithm.
func (l *linter) algorithm() {
	const key, votesKey = "quorum.device.net.algorithm", "quorum.device.votes"
	if !l.net() {
		return
	}
	votes, count := l.c.u32(votesKey, 0), len(l.nodes)
	switch name := l.algorithmName(); name {
	case ffsplit:
		l.ffsplit(votes, l.equalVotes(), count)
	case lms:
		l.lms()
	case "2nodelms":
		if count != 2 {
			l.say(key, Fault, fmt.Sprintf("2nodelms is for two nodes, and the nodelist has %d: the arbiter refuses the cluster", count), "use ffsplit or lms")
			return
		}
		l.say(key, Warning, "2nodelms is for developers: with the C node daemon nodes vote without the arbiter", "use ffsplit")
	default:
		l.say(key, Fault, "corosync-qdevice does not start with the algorithm "+name, "use ffsplit or lms")
		l.found[len(l.found)-1].Stops = qdevice
	}
}

func (l *linter) ffsplit(votes uint32, equal bool, count int) {
	const votesKey = "quorum.device.votes"
	if votes != 1 && !l.unread(votesKey) {
		key := "quorum.device.model"
		if l.has(votesKey) {
			key = votesKey
		}
		l.stops(qdevice, key, "ffsplit needs quorum.device.votes to be 1", "set it to 1")
	}
	if !equal {
		l.stops(qdevice, "", "ffsplit needs each node to have 1 vote", "delete quorum_votes of all nodes")
	}
	if count%2 == 1 {
		l.say("quorum.device.model", Warning,
			fmt.Sprintf("ffsplit with %s: an odd number cannot be split into halves, and the device's vote makes it even", plural(count, "node")),
			"remove the device, or add a node")
	}
}

// lms reports votes of the device with which nodes stop that should go on.
func (l *linter) lms() {
	const key, votesKey, wait = "quorum.device.net.algorithm", "quorum.device.votes", "quorum.wait_for_all"
	if !l.counted() || l.deviceVotesCounted() > maxCounted {
		return
	}
	votes := l.deviceVotesCounted()
	needed := l.needed(l.votes + votes)
	given := "lms with " + plural(int(votes), "vote") + " of the device: "
	last := l.ids(func(n Node) bool { return n.Votes+votes < needed })
	if l.votesGiven() && len(last) > 0 {
		l.say(votesKey, Warning, given+"its last node would not be quorate", "delete quorum.device.votes")
		l.means(LastStops, last...)
	}
	if l.votesGiven() && l.votes < needed && !l.waits() {
		l.say(votesKey, Warning, given+"without the arbiter the nodes stop", "delete quorum.device.votes")
		l.means(ArbiterStops)
	}
	if l.waits() && votes > 0 && len(l.nodes) > 1 && l.expectedVotes(0) <= l.votes+votes { // or it waits for votes that there are not
		l.say(wait, Warning, "lms with wait_for_all: nodes that lose the arbiter keep its vote, and it may have given it to others",
			"delete wait_for_all, or use ffsplit")
		l.means(KeepsVote)
	}
	survives := l.ids(func(n Node) bool { return l.votes-n.Votes >= needed })
	if len(l.nodes) > 2 && len(survives) == 0 && l.votes >= needed && !l.waits() {
		l.say(key, Note, fmt.Sprintf("lms gives the device %s: while the arbiter is away no node may be lost", plural(int(votes), "vote")),
			"use ffsplit if the number of nodes is even, and no device if it is odd")
		l.means(ArbiterThenRestStops)
	}
}

// plural is "1 node" or "2 nodes".
func plural(n int, what string) string {
	switch {
	case n != 1 && strings.HasSuffix(what, "s"):
		what += "es"
	case n != 1:
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// tieBreakers are the arbiter's that are no node.
var tieBreakers = []string{"lowest", "highest"}

// tieBreaker reports a tie-breaker that is no node.
func (l *linter) tieBreaker() {
	const key = "quorum.device.net.tie_breaker"
	v, ok := l.c.text(key)
	if !ok || !l.net() || slices.Contains(tieBreakers, v) {
		return
	}
	use := "use " + strings.Join(tieBreakers, ", ")
	n, ok := number(v, Uint32)
	if !ok || n == "0" {
		l.stops(qdevice, key, fmt.Sprintf("tie_breaker is %q", v), l.useID(v, use+" or a node ID"))
		return
	}
	if !slices.ContainsFunc(l.nodes, func(o Node) bool { return strconv.FormatUint(uint64(o.ID), 10) == n }) {
		l.say(key, Warning, fmt.Sprintf("tie_breaker is node %s, which is not in the nodelist: of two equal halves the one with the lowest node ID gets the vote", n),
			use+" or the ID of a node")
		l.means(LowestHalf)
	}
}

// useID says what to do about a value where a node's ID is wanted: if it is a node's
// name, its ID is known.
func (l *linter) useID(v, otherwise string) string {
	for _, n := range l.nodes {
		if n.ID != 0 && slices.ContainsFunc(append([]string{n.Name}, n.Addrs...), func(own string) bool { return sameHost(own, v) }) {
			return fmt.Sprintf("write %d, which is the ID of %s", n.ID, v)
		}
	}
	return otherwise
}

// heuristics reports commands that are never run, and heuristics without any.
func (l *linter) heuristics() {
	const prefix = "quorum.device.heuristics."
	mode := strings.ToLower(l.text(prefix + "mode"))
	off := mode == "" || mode == "off" || mode == "no" || mode == "0"
	var execs []Key
	for _, k := range l.f.sorted {
		if strings.HasPrefix(k.Name, prefix+"exec_") {
			execs = append(execs, k)
		}
	}
	for _, k := range execs {
		if !strings.HasPrefix(k.Value, "/") && !strings.HasPrefix(k.Value, `"/`) {
			l.at(k.Line, Warning, fmt.Sprintf("%q has no absolute path: it fails, and with it the heuristics", k.Value),
				"write the path of the command")
		}
	}
	switch {
	case len(execs) > maxExecs:
		l.at(execs[maxExecs].Line, Warning, fmt.Sprintf("more than %d commands: corosync-qdevice runs none", maxExecs), "join some into one script")
	case off && len(execs) > 0:
		l.at(execs[0].Line, Warning, "the heuristics are off: the commands are never run", "set "+prefix+"mode to sync or on")
	case !off && len(execs) == 0:
		l.say(prefix+"mode", Warning, "heuristics without a command: they count as off", "add "+prefix+"exec_NAME, or delete the section")
	}
}

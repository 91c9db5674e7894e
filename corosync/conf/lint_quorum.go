// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

const providerKey = "quorum.provider"

// The providers that Corosync starts with.
const (
	votequorum = "corosync_votequorum"
	ykd        = "corosync_ykd"
)

// provider reports a cluster that counts no votes, and a provider with which
// Corosync does not start.
func (l *linter) provider() {
	const key, set = providerKey, "set quorum.provider to " + votequorum
	switch v, given := l.c.text(key); {
	case v == votequorum:
	case given && v != ykd:
		l.stops(corosync, key, fmt.Sprintf("there is no quorum provider %q", v), set)
	case l.device():
		l.stops(qdevice, key, "the quorum provider is not "+votequorum+", so nobody counts the device's vote", set)
	case given:
		l.say(key, Warning, ykd+" counts no votes: which part of a split cluster is quorate depends on its history", set)
	case len(l.nodes) > 1:
		l.at(0, Warning, "quorum.provider is missing: every part of a split cluster counts itself quorate", set)
	}
}

// expected reports expected_votes that are missing, or that do not fit the
// nodelist, which they override.
func (l *linter) expected() {
	const key = "quorum.expected_votes"
	votes := l.c.u32(key, 0)
	if !l.votequorum() {
		return
	}
	if n := l.needed(l.votes); n > math.MaxUint8 {
		l.at(0, Warning, fmt.Sprintf("too many votes: Corosync keeps the number of needed votes in 8 bits, so %[2]d of %[1]d votes are enough",
			l.expectedVotes(l.votes), uint8(n)), "give the nodes fewer votes")
	}
	if votes == 0 {
		if len(l.nodes) == 0 && !l.isOld {
			l.stops(corosync, "", "there is neither a nodelist nor "+key+", so nobody knows how many votes there are", "write a nodelist")
		}
		return
	}
	if len(l.nodes) == 0 || l.device() && !l.votesGiven() { // see deviceVotes
		return
	}
	sum := l.votes
	if l.device() {
		sum += l.deviceVotesCounted()
	}
	if sum != votes {
		l.say(key, Warning, fmt.Sprintf("expected_votes is %d, but the nodes and the device have %d", votes, sum),
			"delete the line: Corosync counts the nodelist itself")
	}
}

// twoNode reports clusters of two nodes that stop with one, and two_node where
// there are not two.
func (l *linter) twoNode() {
	const key = "quorum.two_node"
	if !l.votequorum() {
		return
	}
	if l.flag(key) && l.device() {
		l.stops(corosync, key, "two_node with a device", "delete two_node; the device takes its place")
		return
	}
	if l.two() {
		l.twoNodeInForce()
		return
	}
	if len(l.nodes) == 2 && l.counted() && !l.ties() {
		l.twoNodes()
	}
}

// twoNodeInForce reports what two_node does to a cluster that is not made for it.
func (l *linter) twoNodeInForce() {
	count := len(l.nodes)
	voters := l.ids(func(n Node) bool { return n.Votes > 0 })
	if count > 2 && (!l.waits() || l.expectedVotes(0) <= l.votes) { // or it waits for votes that there are not
		who := "one or two nodes"
		if len(voters) < count {
			who += " with a vote"
		}
		l.say("quorum.two_node", Warning, fmt.Sprintf("two_node with %d nodes: %s that are cut off count themselves quorate", count, who), "delete two_node")
		l.means(FewGoOn, voters...)
	}
	if !l.waits() && len(voters) > 1 {
		l.say("quorum.wait_for_all", Warning,
			"two_node without wait_for_all: two nodes that start without a link between them both become quorate",
			"delete wait_for_all: two_node turns it on")
		l.means(StartsApart, voters...)
	}
}

// twoNodes reports on two nodes without two_node. Who stops depends on the votes.
func (l *linter) twoNodes() {
	if l.device() {
		l.runsAlone()
		return
	}
	stop := l.ids(func(n Node) bool { return l.votes-n.Votes < l.needed(l.votes) })
	if len(stop) == 0 {
		return
	}
	what := "when one is lost, the other stops"
	if len(stop) == 1 {
		what = "when " + l.called(stop[0]) + " is lost, the other node stops"
	}
	l.at(0, Warning, "two nodes with neither two_node nor a device: "+what, "add a device, or set quorum.two_node to 1 if the nodes are fenced")
	l.means(RestStops, stop...)
}

// runsAlone tells which of two nodes runs alone after a power cut, and whether
// wait_for_all would change it: it does where the device's vote is among those
// that a node expects.
func (l *linter) runsAlone() {
	device := l.deviceVotesCounted()
	alone := l.ids(func(n Node) bool { return device > 0 && n.Votes+device >= l.needed(n.Votes+device) })
	if l.flag("quorum.wait_for_all") || len(alone) == 0 {
		return
	}
	who := "one node"
	if len(alone) == 1 {
		who = l.called(alone[0])
	}
	stay := l.ids(func(n Node) bool {
		return n.Votes+device >= l.expectedVotes(n.Votes+device) && slices.Contains(alone, n.ID)
	})
	switch len(stay) {
	case len(alone):
		l.at(0, Note, "two nodes and a device: after a power cut "+who+" with the arbiter runs alone",
			"nothing, if you want that; wait_for_all would not change it, because the device's vote counts for it")
		l.means(RunsAlone, alone...)
	case 0:
		l.at(0, Note, "two nodes and a device: after a power cut "+who+" with the arbiter runs alone",
			"set quorum.wait_for_all to 1 if it must wait for the other")
		l.means(RunsAloneUnlessWait, alone...)
	default:
		l.at(0, Note, "two nodes and a device: after a power cut "+l.called(stay[0])+" with the arbiter runs alone",
			"nothing, if you want that; wait_for_all would not change it, because the device's vote counts for it")
		l.means(RunsAlone, stay...)
	}
}

// autoTieBreaker reports what turns auto_tie_breaker off.
func (l *linter) autoTieBreaker() {
	const key, nodeKey = "quorum.auto_tie_breaker", "quorum.auto_tie_breaker_node"
	if !l.votequorum() {
		return
	}
	if !l.flag(key) {
		if l.has(nodeKey) {
			l.say(nodeKey, Warning, "auto_tie_breaker_node means nothing while auto_tie_breaker is off", "delete the line")
			l.idle(nodeKey)
		}
		return
	}
	const use = "use lowest, highest, or node IDs with blanks between them"
	list, left, ok := tieNodes(l.tieNode())
	if !ok {
		l.say(nodeKey, Warning, fmt.Sprintf("auto_tie_breaker_node is %q, which Corosync does not understand: it runs without auto_tie_breaker", l.tieNode()), l.useID(l.tieNode(), use))
		l.idle(key, nodeKey)
		return
	}
	if left != "" {
		l.say(nodeKey, Warning, fmt.Sprintf("Corosync reads auto_tie_breaker_node up to %q and ignores the rest: %q", strings.TrimSuffix(l.tieNode(), left), left), use)
	}
	if l.device() && l.ties() {
		l.stops(corosync, key, "auto_tie_breaker with a device", "delete auto_tie_breaker")
		return
	}
	if l.flag("quorum.two_node") {
		text := "auto_tie_breaker turns two_node off"
		if !l.has("quorum.wait_for_all") {
			text += "; the wait_for_all that comes with it stays on"
		}
		l.say(key, Warning, text, "delete one of the two")
		l.idle("quorum.two_node")
	}
	if l.ties() {
		l.tieList(list)
		return
	}
	if l.flag("quorum.last_man_standing") {
		l.stops(corosync, key, "auto_tie_breaker and last_man_standing with an odd number of votes",
			"delete last_man_standing and set quorum.wait_for_all to 1")
		return
	}
	l.say(key, Warning, "auto_tie_breaker with an odd number of votes and without wait_for_all: Corosync turns it off",
		"delete it, or set quorum.wait_for_all to 1")
	l.idle(key, "quorum.two_node")
}

// tieList reports a list of tie-breakers none of which is a node.
func (l *linter) tieList(list []uint32) {
	if len(list) == 0 || slices.ContainsFunc(l.nodes, func(n Node) bool { return slices.Contains(list, n.ID) }) {
		return
	}
	l.say("quorum.auto_tie_breaker_node", Warning, "no node of auto_tie_breaker_node is in the nodelist: auto_tie_breaker breaks no tie",
		"use lowest, highest or IDs of nodes")
	l.idle("quorum.auto_tie_breaker", "quorum.auto_tie_breaker_node", "quorum.two_node")
}

// lastMan reports last_man_standing and allow_downscale.
func (l *linter) lastMan() {
	const lms, down = "quorum.last_man_standing", "quorum.allow_downscale"
	if !l.votequorum() {
		return
	}
	switch {
	case l.flag(lms) && l.device():
		l.stops(corosync, lms, "last_man_standing with a device",
			"delete last_man_standing; the device's algorithm lms does the same job")
	case l.flag(lms) && !l.waits():
		l.shrinks()
	}
	switch {
	case l.flag(down) && l.device():
		l.stops(corosync, down, "allow_downscale with a device", "delete allow_downscale")
	case l.flag(down):
		l.say(down, Warning, "allow_downscale is unfinished in Corosync and not supported", "delete allow_downscale")
	}
}

// shrinks reports a last_man_standing that lets those who were lost go on without
// those who are left. With fewer than five nodes they can't.
func (l *linter) shrinks() {
	const lms, what = "quorum.last_man_standing", "set quorum.wait_for_all to 1"
	if len(l.nodes) < 5 || !l.equalVotes() || !l.counted() || l.expectedVotes(0) != l.votes || l.two() || l.flag("quorum.allow_downscale") {
		l.say(lms, Warning, "last_man_standing without wait_for_all: votequorum(5) calls wait_for_all essential with it", what)
		return
	}
	l.say(lms, Warning, "last_man_standing without wait_for_all: lost nodes that start without a link to those that are left become quorate beside them", what)
	l.means(LostStartApart)
}

// halves reports clusters that a split into halves stops.
func (l *linter) halves() {
	n := len(l.nodes)
	if n < 4 || l.device() || l.ties() || l.two() || !l.counted() || !l.divides() {
		return
	}
	halves := "halves"
	if !l.equalVotes() {
		halves = "halves with equal votes"
	}
	l.at(0, Note, fmt.Sprintf("%d nodes without a device: when they are split into %s, both stop", n, halves), "add a device")
	l.means(HalvesStop)
}

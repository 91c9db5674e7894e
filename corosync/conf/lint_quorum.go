// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import "fmt"

// provider reports a cluster that counts no votes.
func (l *linter) provider() {
	const key, want = "quorum.provider", "corosync_votequorum"
	switch v := l.text(key); {
	case v == want:
	case l.device():
		l.say(key, Fault, "the quorum provider is not "+want+": nobody counts the device's vote", "set quorum.provider to "+want)
	case v == "" && len(l.nodes) > 1:
		l.at(0, Warning, "quorum.provider is missing: every part of a split cluster counts itself quorate",
			"set quorum.provider to "+want)
	}
}

// expected reports expected_votes that are missing, or that do not fit the
// nodelist, which they override.
func (l *linter) expected() {
	const key = "quorum.expected_votes"
	votes := l.c.u32(key, 0)
	if l.text("quorum.provider") == "" {
		return
	}
	if votes == 0 {
		if len(l.nodes) == 0 {
			l.at(0, Fault, "neither a nodelist nor "+key+": votequorum does not start", "write a nodelist")
		}
		return
	}
	if len(l.nodes) == 0 {
		return
	}
	sum := l.votes
	if l.device() {
		sum += l.c.u32("quorum.device.votes", 0)
	}
	if sum != votes {
		l.say(key, Warning, fmt.Sprintf("expected_votes is %d, and the nodes and the device have %d", votes, sum),
			"delete the line: Corosync counts the nodelist itself")
	}
}

// twoNode reports clusters of two nodes that stop with one, and two_node where
// there are not two.
func (l *linter) twoNode() {
	const key = "quorum.two_node"
	two := l.flag(key)
	count := len(l.nodes)
	wait, waitGiven := l.c.uint("quorum.wait_for_all", Uint8)
	if two && l.device() {
		l.say(key, Fault, "two_node with a device: Corosync does not start", "delete two_node; the device takes its place")
		return
	}
	if two && count > 2 {
		l.say(key, Warning, fmt.Sprintf("two_node with %d nodes: one or two that are cut off count themselves quorate", count),
			"delete two_node")
	}
	if two && waitGiven && wait == 0 {
		l.say("quorum.wait_for_all", Warning,
			"two_node without wait_for_all: two nodes that start without a link between them both become quorate",
			"delete wait_for_all: two_node turns it on")
	}
	if two || count != 2 || l.text("quorum.provider") == "" {
		return
	}
	switch {
	case !l.device() && !l.flag("quorum.auto_tie_breaker"):
		l.at(0, Warning, "two nodes with neither two_node nor a device: when one is lost, the other stops",
			"add a device, or set quorum.two_node to 1 if the nodes are fenced")
	case l.device() && wait == 0:
		what := "set quorum.wait_for_all to 1 if it must wait for the other"
		if l.has("quorum.device.votes") { // then they are not among the expected votes of a node that starts alone
			what = "nothing, if that is meant; wait_for_all would not change it, as the device's vote counts for it"
		}
		l.at(0, Note, "two nodes and a device: after a power cut one node with the arbiter runs alone", what)
	}
}

// autoTieBreaker reports what turns auto_tie_breaker off.
func (l *linter) autoTieBreaker() {
	const key = "quorum.auto_tie_breaker"
	if !l.flag(key) {
		if l.has("quorum.auto_tie_breaker_node") {
			l.say("quorum.auto_tie_breaker_node", Warning, "it means nothing while auto_tie_breaker is off", "delete the line")
		}
		return
	}
	if l.device() {
		l.say(key, Fault, "auto_tie_breaker with a device: Corosync does not start", "delete auto_tie_breaker")
		return
	}
	if l.flag("quorum.two_node") {
		l.say(key, Warning, "auto_tie_breaker turns two_node off", "delete one of the two")
	}
	if l.votes%2 == 0 || l.flag("quorum.wait_for_all") {
		return
	}
	if l.flag("quorum.last_man_standing") {
		l.say(key, Fault, "auto_tie_breaker and last_man_standing with an odd number of votes: Corosync does not start",
			"delete last_man_standing and set quorum.wait_for_all to 1")
		return
	}
	l.say(key, Warning, "auto_tie_breaker with an odd number of votes and without wait_for_all: Corosync turns it off",
		"delete it, or set quorum.wait_for_all to 1")
}

// lastMan reports last_man_standing and allow_downscale.
func (l *linter) lastMan() {
	const lms, down = "quorum.last_man_standing", "quorum.allow_downscale"
	switch {
	case l.flag(lms) && l.device():
		l.say(lms, Fault, "last_man_standing with a device: Corosync does not start",
			"delete last_man_standing; the device's algorithm lms does the like")
	case l.flag(lms) && !l.flag("quorum.wait_for_all"):
		l.say(lms, Warning, "last_man_standing without wait_for_all: nodes that start alone may become quorate beside the others",
			"set quorum.wait_for_all to 1")
	}
	switch {
	case l.flag(down) && l.device():
		l.say(down, Fault, "allow_downscale with a device: Corosync does not start", "delete allow_downscale")
	case l.flag(down):
		l.say(down, Warning, "allow_downscale is unfinished in Corosync and not supported", "delete allow_downscale")
	}
}

// halves reports clusters that a split into halves stops.
func (l *linter) halves() {
	if n := len(l.nodes); n >= 4 && l.votes%2 == 0 && !l.device() && !l.flag("quorum.auto_tie_breaker") &&
		l.text("quorum.provider") != "" {
		l.at(0, Note, fmt.Sprintf("%d nodes without a device: when they are split into halves, both stop", n), "add a device")
	}
}

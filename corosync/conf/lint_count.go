// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// What follows is how votequorum counts, as far as rules speak of it.

// maxCounted is the most votes for which rules say who stops: votequorum keeps the
// number of needed votes in eight bits.
const maxCounted = 500

// votequorum tells whether votequorum reads the section quorum, or will once its name
// is spelt right. Without a provider, and with the other one that there is, nobody does.
func (l *linter) votequorum() bool {
	v, given := l.c.text(providerKey)
	return given && v != ykd
}

// counted tells whether it is known how the votes are counted.
func (l *linter) counted() bool {
	return l.text(providerKey) == votequorum && l.expectedVotes(l.votes) <= maxCounted && l.votes <= maxCounted
}

// expectedVotes is how many votes are expected where so many were seen at once.
func (l *linter) expectedVotes(seen uint32) uint32 {
	expected := l.c.u32("quorum.expected_votes", 0)
	if expected == 0 || l.flag("quorum.expected_votes_tracking") || l.flag("quorum.allow_downscale") {
		expected = l.votes
		if l.device() && !l.votesGiven() { // only then are the device's among those that are expected from the start
			expected += l.deviceVotesCounted()
		}
	}
	return max(expected, seen)
}

// needed is how many votes are needed where so many were seen at once.
func (l *linter) needed(seen uint32) uint32 { return (l.expectedVotes(seen) + 2) / 2 }

// votesGiven tells whether the device's votes are given. Corosync takes the highest
// number for none.
func (l *linter) votesGiven() bool {
	return l.c.u32("quorum.device.votes", math.MaxUint32) != math.MaxUint32
}

// deviceVotesCounted is how many votes votequorum gives the device.
func (l *linter) deviceVotesCounted() uint32 {
	if l.votesGiven() {
		return l.c.u32("quorum.device.votes", 0)
	}
	return max(1, l.votes) - 1
}

// waits tells whether wait_for_all is on: two_node turns it on if it is not given.
func (l *linter) waits() bool {
	if l.has("quorum.wait_for_all") {
		return l.flag("quorum.wait_for_all")
	}
	return l.flag("quorum.two_node")
}

// tieWanted tells whether auto_tie_breaker is on and Corosync understands its node.
func (l *linter) tieWanted() bool {
	_, _, ok := tieNodes(l.tieNode())
	return l.flag("quorum.auto_tie_breaker") && ok
}

// ties tells whether auto_tie_breaker is in force: with an odd number of votes and
// without wait_for_all it is not.
func (l *linter) ties() bool { return l.tieWanted() && (l.votes%2 == 0 || l.waits()) }

// two tells whether two_node is in force: auto_tie_breaker turns it off.
func (l *linter) two() bool { return l.flag("quorum.two_node") && !l.tieWanted() }

// tieNode returns auto_tie_breaker_node, and lowest where it is not given.
func (l *linter) tieNode() string {
	if v, ok := l.c.text("quorum.auto_tie_breaker_node"); ok {
		return v
	}
	return "lowest"
}

// tieNodes reads auto_tie_breaker_node as Corosync does: lowest, highest, or a list
// of node IDs, of which it takes what it can read. What is left it does not look at.
func tieNodes(v string) (list []uint32, left string, ok bool) {
	if v == "lowest" || v == "highest" {
		return nil, "", true
	}
	left = v
	for {
		n, rest := scanInt(left)
		if n == 0 {
			break
		}
		list, left = append(list, uint32(n)), rest
	}
	// Whether there is a first one is looked at in 32 bits.
	return list, strings.Trim(left, blanks), len(list) > 0 && list[0] != 0
}

// scanInt reads a number as C's strtol does; 0 if there is none. Blanks and one sign
// may come first.
func scanInt(text string) (n int64, rest string) {
	rest = strings.TrimLeft(text, " \t\n\v\f\r")
	digits := rest
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		digits = rest[1:]
	}
	after := strings.TrimLeft(digits, "0123456789")
	if after == digits {
		return 0, text
	}
	n, _ = strconv.ParseInt(rest[:len(rest)-len(after)], 10, 64) // too large: the largest
	return n, after
}

// ids returns the IDs of the nodes for which a rule holds.
func (l *linter) ids(holds func(n Node) bool) []uint32 {
	var ids []uint32
	for _, n := range l.nodes {
		if holds(n) {
			ids = append(ids, n.ID)
		}
	}
	return ids
}

// called is a node by its name, or by its ID.
func (l *linter) called(id uint32) string {
	i := slices.IndexFunc(l.nodes, func(n Node) bool { return n.ID == id })
	if i < 0 || l.nodes[i].Name == "" {
		return "node " + strconv.FormatUint(uint64(id), 10)
	}
	return l.nodes[i].Name
}

// equalVotes tells whether each node has 1 vote.
func (l *linter) equalVotes() bool {
	return !slices.ContainsFunc(l.nodes, func(n Node) bool { return n.Votes != 1 })
}

// divides tells whether the nodes can fall into two parts with equal votes.
func (l *linter) divides() bool {
	if l.votes%2 == 1 || len(l.nodes) < 2 || l.votes > maxCounted {
		return false
	}
	reached := make([]bool, l.votes/2+1)
	reached[0] = true
	for _, n := range l.nodes {
		for sum := len(reached) - 1; sum >= int(n.Votes); sum-- {
			reached[sum] = reached[sum] || reached[sum-int(n.Votes)]
		}
	}
	return reached[l.votes/2]
}

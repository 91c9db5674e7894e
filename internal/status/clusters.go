// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/term"
)

// AppendClusters appends a snapshot as a text for people: the arbiter in one
// line, then for each cluster who has the vote and why, who may still be using it
// and for how long, and its nodes, those that are not connected included. Nodes have
// their names where the arbiter knows them. Times are told as of now, in now's
// location. With colour it carries ANSI escape sequences, which never change the
// alignment.
func AppendClusters(b []byte, s *QNetd, now time.Time, colour bool) []byte {
	p := term.Painter(colour)
	b = appendArbiter(b, s, now, p)
	if len(s.Clusters) == 0 {
		return append(b, "\nNo cluster is connected.\n"...)
	}
	for i := range s.Clusters {
		b = append(b, '\n')
		b = appendCluster(b, &s.Clusters[i], now, p)
	}
	return b
}

func appendArbiter(b []byte, s *QNetd, now time.Time, p term.Painter) []byte {
	b = fmt.Appendf(b, "%s %s:%d: %s, %s", p.Paint(term.Bold, "Arbiter on"), s.Address, s.Port,
		term.Count(len(s.Clusters), "cluster"), term.Count(s.Clients, "connection"))
	if !s.Started.IsZero() {
		b = fmt.Appendf(b, ", up %s", formatDuration(now.Sub(s.Started)))
	}
	b = append(b, ", "+tlsPolicy(s)...)
	b = append(b, '\n')
	if s.StoreError != "" {
		b = fmt.Appendf(b, "%s\n", p.Paint(term.Red, "No vote is given, because grants can't be recorded: "+
			EscapeName(s.StoreError)))
	}
	if s.Standby != "" {
		b = fmt.Appendf(b, "%s\n", p.Paint(term.Yellow, EscapeName(s.Standby)))
	}
	return b
}

// tlsPolicy is which connections the arbiter takes.
func tlsPolicy(s *QNetd) string {
	switch {
	case s.TLS == "Unsupported":
		return "no TLS"
	case s.TLS == "Supported":
		return "TLS optional"
	case s.ClientCert:
		return "TLS and a certificate required"
	}
	return "TLS required"
}

func appendCluster(b []byte, c *Cluster, now time.Time, p term.Painter) []byte {
	line := func(label, text string) {
		b = fmt.Appendf(b, "  %-9s %s\n", label, text)
	}
	b = fmt.Appendf(b, "%s: %s\n", p.Paint(term.Bold, EscapeName(c.Name)), verdictOf(c, p))
	if c.Reason != "" {
		line("why", EscapeName(c.Reason))
	}
	if c.Blocked != "" {
		line("waiting", p.Paint(term.Red, EscapeName(c.Blocked)))
	}
	if !c.Since.IsZero() {
		line("since", fmt.Sprintf("%s (%s ago)",
			c.Since.In(now.Location()).Format("2006-01-02 15:04:05"), formatDuration(now.Sub(c.Since))))
	}
	label := "in use"
	for _, text := range holderLines(c, now, p) {
		line(label, text)
		label = ""
	}
	if len(c.Nodes) > 0 {
		line("decides", decidesWords(c))
	}
	for _, row := range term.Align(nodeRows(c, now, p)) {
		b = fmt.Appendf(b, "  %s\n", row)
	}
	return b
}

// verdictOf says in a few words who has the vote.
func verdictOf(c *Cluster, p term.Painter) string {
	switch {
	case len(c.Winner) == 0:
		return p.Paint(term.Yellow, "nobody has the vote")
	case c.Blocked != "":
		return p.Paint(term.Yellow, c.calledAll(c.Winner)+" will get the vote")
	}
	return p.Paint(term.Green, c.calledAll(c.Winner)+term.Plural(len(c.Winner), " has", " have")+" the vote")
}

// calledAll names several nodes: "pve1 and pve2", or "nodes 1, 2" where no name is known.
func (c *Cluster) calledAll(ids []qnet.NodeID) string {
	names, named := make([]string, len(ids)), false
	for i, id := range ids {
		names[i] = EscapeName(c.Called(id))
		named = named || names[i] != "node "+id.String()
	}
	switch {
	case len(ids) == 1:
		return names[0]
	case !named:
		return "nodes " + qnet.FormatIDs(ids)
	}
	return term.And(names)
}

// decidesWords is how a cluster's votes are decided.
func decidesWords(c *Cluster) string {
	words := c.Algorithm.Name()
	if c.Algorithm == qnet.Test {
		return words
	}
	words += "; in a tie "
	if c.KAP {
		words += "the side that had the vote, then "
	}
	if c.TieBreaker.Mode == qnet.TieBreakerNode {
		return words + c.Called(c.TieBreaker.ID)
	}
	return words + "the " + preferredEnd(c.TieBreaker) + " node ID"
}

// preferredEnd is which node ID a tie-breaker prefers that is no node: its name says it.
// Without one, and with one that is not known, that is the lowest.
func preferredEnd(t qnet.TieBreaker) string {
	return cmp.Or(t.Name(), qnet.TieBreaker{Mode: qnet.TieBreakerLowest}.Name())
}

// holderLines says who uses the vote, and who may be doing so although another
// partition is to have it: a node that was given the vote, and has not been heard to
// have let it go.
func holderLines(c *Cluster, now time.Time, p term.Painter) (lines []string) {
	var users []qnet.NodeID
	for _, h := range c.Holders {
		if slices.Contains(c.Winner, h.Node) && h.Ring == c.Ring {
			users = append(users, h.Node)
		}
	}
	if len(users) > 0 {
		lines = append(lines, "by "+c.calledAll(users))
	}
	for _, h := range c.Holders {
		if slices.Contains(users, h.Node) {
			continue
		}
		text := EscapeName(c.Called(h.Node)) + " may still be using it"
		if !h.Until.IsZero() {
			text += ", for another " + formatDuration(h.Until.Sub(now)) + " at most"
		}
		if !h.Connected {
			text += "; it is not connected"
		}
		lines = append(lines, p.Paint(term.Yellow, text))
	}
	return lines
}

// nodeRows is the table of a cluster's nodes, without the columns that say nothing.
func nodeRows(c *Cluster, now time.Time, p term.Painter) [][]term.Cell {
	if len(c.Nodes)+len(c.Absent) == 0 {
		return nil
	}
	heuristics := slices.ContainsFunc(c.Nodes, func(n Node) bool { return n.Heuristics != qnet.HeuristicsUndefined })
	row := func(name, ring, members, heur, vote, heard, tls, address term.Cell) []term.Cell {
		cells := []term.Cell{name, ring, members, heur, vote, heard, tls, address}
		if !heuristics {
			cells = slices.Delete(cells, 3, 4)
		}
		return cells
	}
	b, w := func(s string) term.Cell { return p.Cell(term.Bold, s) }, func(s string) term.Cell { return p.Cell(term.Plain, s) }
	rows := [][]term.Cell{row(b("node"), b("ring"), b("members"), b("heuristics"), b("vote"), b("heard"), b("TLS"), b("address"))}
	for i := range c.Nodes {
		n := &c.Nodes[i]
		rows = append(rows, row(w(nodeName(n.ID, n.Name)), w(n.Ring.String()), w(orDash(c.memberNames(n.Members))), heuristicsCell(n, p),
			voteCell(n, p), heardCell(n, now, p), w(tlsWord(n)), w(bareAddress(n.Address))))
	}
	for _, a := range c.Absent {
		rows = append(rows, row(w(nodeName(a.ID, a.Name)), w("-"), w("-"), w("-"), w("-"), p.Cell(term.Yellow, "not connected"), w(""), w("")))
	}
	return rows
}

func nodeName(id qnet.NodeID, name string) string {
	if name == "" {
		return id.String()
	}
	return EscapeName(name)
}

// memberNames lists a ring's members as the table calls them.
func (c *Cluster) memberNames(l qnet.NodeList) string {
	names := make([]string, len(l))
	for i, n := range l {
		names[i] = EscapeName(strings.TrimPrefix(c.Called(n.ID), "node "))
	}
	return strings.Join(names, ", ")
}

// bareAddress prints an IPv4 address as that, where the C tools print one of IPv6.
func bareAddress(address string) string {
	if a, ok := qnet.ParseAddress(address); ok {
		return a.String()
	}
	return EscapeName(address)
}

func heuristicsCell(n *Node, p term.Painter) term.Cell {
	switch n.Heuristics {
	case qnet.HeuristicsUndefined:
		return p.Cell(term.Plain, "-")
	case qnet.HeuristicsFail:
		return p.Cell(term.Red, n.Heuristics.String())
	}
	return p.Cell(term.Plain, n.Heuristics.String())
}

// voteCell shows whether the node was given the vote, and in brackets an answer that
// was sent after that and does not change it.
func voteCell(n *Node, p term.Painter) term.Cell {
	if n.LastVote == qnet.VoteUndefined {
		return p.Cell(term.Plain, "-")
	}
	colour := term.Plain
	switch n.LastACKNACK {
	case qnet.VoteUndefined:
		return p.Cell(term.Plain, voteText(n.LastVote))
	case qnet.VoteACK:
		colour = term.Green
	case qnet.VoteNACK:
		colour = term.Yellow
	}
	text := voteText(n.LastACKNACK)
	if n.LastVote == qnet.VoteAskLater || n.LastVote == qnet.VoteWaitForReply {
		text += " (" + voteText(n.LastVote) + ")"
	}
	return p.Cell(colour, text)
}

// voteText is what a node was told, in a word.
func voteText(v qnet.Vote) string {
	switch v {
	case qnet.VoteACK:
		return "yes"
	case qnet.VoteNACK:
		return "no"
	case qnet.VoteAskLater, qnet.VoteWaitForReply:
		return "wait"
	}
	return v.String()
}

func heardCell(n *Node, now time.Time, p term.Painter) term.Cell {
	text, colour := "-", term.Plain
	if !n.LastHeard.IsZero() {
		text = formatDuration(now.Sub(n.LastHeard)) + " ago"
	}
	if n.Silent {
		text, colour = text+", silent", term.Red
	}
	return p.Cell(colour, text)
}

func tlsWord(n *Node) string {
	switch {
	case n.TLS && n.CertVerified:
		return "verified"
	case n.TLS:
		return "yes"
	}
	return "no"
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// formatDuration prints a duration with the two units that matter. What is
// past, by clocks that differ a little, prints as 0.0 s.
func formatDuration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 0:
		return "0.0 s"
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Truncate(100*time.Millisecond).Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < day:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d d %d h", d/day, d%day/time.Hour)
}

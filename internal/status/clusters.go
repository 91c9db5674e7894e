// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"quorate/internal/qnet"
)

// AppendClusters appends a snapshot as a text for people: the arbiter in one
// line, then for each cluster who has the vote and why, who may be casting it
// and for how long, what blocks, and its nodes. Times are told as of now, in
// now's location. With colour it carries ANSI escape sequences, which never
// change the alignment.
func AppendClusters(b []byte, s *QNetd, now time.Time, colour bool) []byte {
	p := painter{colour}
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

func appendArbiter(b []byte, s *QNetd, now time.Time, p painter) []byte {
	b = fmt.Appendf(b, "%s %s:%d, TLS %s", p.paint(bold, "qnetd"), s.Address, s.Port,
		strings.ToLower(s.TLS))
	if s.ClientCert && s.TLS != "Unsupported" {
		b = append(b, " (client certificate required)"...)
	}
	b = fmt.Appendf(b, ", %s, %s", count(s.Clients, "client"), count(len(s.Clusters), "cluster"))
	if !s.Started.IsZero() {
		b = fmt.Appendf(b, ", up %s", formatDuration(now.Sub(s.Started)))
	}
	b = append(b, '\n')
	if s.StoreError != "" {
		b = fmt.Appendf(b, "%s\n", p.paint(red, "grants can't be recorded, so no vote is given: "+
			EscapeName(s.StoreError)))
	}
	if s.Standby != "" {
		b = fmt.Appendf(b, "%s\n", p.paint(yellow, EscapeName(s.Standby)))
	}
	return b
}

func appendCluster(b []byte, c *Cluster, now time.Time, p painter) []byte {
	line := func(label, text string) {
		b = fmt.Appendf(b, "  %-12s %s\n", label, text)
	}
	b = fmt.Appendf(b, "%s\n", p.paint(bold, EscapeName(c.Name)))
	if len(c.Nodes) > 0 {
		algorithm := c.Algorithm.String()
		if c.KAP {
			algorithm += " (KAP tie-breaker)"
		}
		line("algorithm", algorithm)
		line("tie-breaker", c.TieBreaker.String())
	}
	line("vote", formatWinner(c, p))
	if c.Reason != "" {
		line("why", EscapeName(c.Reason))
	}
	if !c.Since.IsZero() {
		line("since", fmt.Sprintf("%s (%s ago)",
			c.Since.In(now.Location()).Format("2006-01-02 15:04:05"), formatDuration(now.Sub(c.Since))))
	}
	label := "holders"
	for _, row := range align(holderRows(c.Holders, now, p)) {
		line(label, row)
		label = ""
	}
	if c.Blocked != "" {
		line("blocked", p.paint(red, EscapeName(c.Blocked)))
	}
	for _, row := range align(nodeRows(c.Nodes, now, p)) {
		b = fmt.Appendf(b, "  %s\n", row)
	}
	return b
}

// formatWinner says who has the vote, or is to get it.
func formatWinner(c *Cluster, p painter) string {
	if len(c.Winner) == 0 {
		return p.paint(yellow, "nobody")
	}
	word := "node "
	if len(c.Winner) > 1 {
		word = "nodes "
	}
	text := word + qnet.FormatIDs(c.Winner) + " (ring " + c.Ring.String() + ")"
	if c.Blocked != "" {
		return p.paint(yellow, "waiting: "+text)
	}
	return p.paint(green, text)
}

func holderRows(holders []Holder, now time.Time, p painter) [][]cell {
	var rows [][]cell
	for _, h := range holders {
		state, colour, left := "connected", plain, ""
		if !h.Connected {
			state, colour = "not connected", yellow
		}
		if !h.Until.IsZero() {
			left = formatDuration(h.Until.Sub(now)) + " left"
		}
		rows = append(rows, []cell{
			p.cell(plain, "node "+h.Node.String()),
			p.cell(plain, "ring "+h.Ring.String()),
			p.cell(colour, state),
			p.cell(plain, left),
		})
	}
	return rows
}

func nodeRows(nodes []Node, now time.Time, p painter) [][]cell {
	if len(nodes) == 0 {
		return nil
	}
	var rows [][]cell
	var head []cell
	for _, word := range []string{"node", "ring", "members", "heuristics", "vote", "heard", "TLS", "address"} {
		head = append(head, p.cell(bold, word))
	}
	rows = append(rows, head)
	for i := range nodes {
		n := &nodes[i]
		rows = append(rows, []cell{
			p.cell(plain, n.ID.String()),
			p.cell(plain, n.Ring.String()),
			p.cell(plain, orDash(formatList(n.Members))),
			heuristicsCell(n, p),
			voteCell(n, p),
			heardCell(n, now, p),
			p.cell(plain, tlsWord(n)),
			p.cell(plain, n.Address),
		})
	}
	return rows
}

func heuristicsCell(n *Node, p painter) cell {
	switch n.Heuristics {
	case qnet.HeuristicsUndefined:
		return p.cell(plain, "-")
	case qnet.HeuristicsFail:
		return p.cell(red, n.Heuristics.String())
	}
	return p.cell(plain, n.Heuristics.String())
}

// voteCell shows the ACK or NACK that counts, and in brackets an answer that
// was sent after it and does not change it.
func voteCell(n *Node, p painter) cell {
	if n.LastVote == qnet.VoteUndefined {
		return p.cell(plain, "-")
	}
	colour := plain
	switch n.LastACKNACK {
	case qnet.VoteUndefined:
		return p.cell(plain, n.LastVote.String())
	case qnet.VoteACK:
		colour = green
	case qnet.VoteNACK:
		colour = yellow
	}
	text := n.LastACKNACK.String()
	if n.LastVote == qnet.VoteAskLater || n.LastVote == qnet.VoteWaitForReply {
		text += " (" + n.LastVote.String() + ")"
	}
	return p.cell(colour, text)
}

func heardCell(n *Node, now time.Time, p painter) cell {
	text, colour := "-", plain
	if !n.LastHeard.IsZero() {
		text = formatDuration(now.Sub(n.LastHeard)) + " ago"
	}
	if n.Silent {
		text, colour = text+", silent", red
	}
	return p.cell(colour, text)
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

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
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

// The colours, as parameters of the ANSI sequence that selects them.
const (
	plain  = ""
	bold   = "1"
	red    = "31"
	green  = "32"
	yellow = "33"
)

// painter paints, if it was asked to.
type painter struct{ on bool }

func (p painter) paint(colour, s string) string {
	if !p.on || colour == plain {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}

// cell is a table's cell, painted, and the width of its bare text.
type cell struct {
	text  string
	width int
}

func (p painter) cell(colour, s string) cell {
	return cell{p.paint(colour, s), utf8.RuneCountInString(s)}
}

// align joins each row into a line in which the columns stand below each other.
func align(rows [][]cell) []string {
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], c.width)
		}
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		var b strings.Builder
		gap := 0
		for j, c := range row {
			if c.width > 0 {
				b.WriteString(strings.Repeat(" ", gap))
				b.WriteString(c.text)
				gap = 0
			}
			gap += widths[j] - c.width + 2
		}
		lines[i] = b.String()
	}
	return lines
}

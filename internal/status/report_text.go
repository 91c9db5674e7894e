// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/term"
)

// AppendReport appends a report in the order that scripts know: the block that pvecm
// status prints, and then in words who uses the arbiter's vote and why, what would come of
// a loss, and what is wrong. Times are told in r.At's location. With colour it
// carries ANSI escape sequences, but not in the block. [AppendOverview] is for people.
func AppendReport(b []byte, r *Report, colour bool) []byte {
	p := term.Painter(colour)
	b = AppendQuorum(b, r.Quorum, r.At)
	if r.Quorum.Device != nil {
		b = appendArbitersVote(b, r, p)
	}
	b = appendLosses(b, r, p)
	return appendProblems(b, r, p)
}

func heading(b []byte, text string, p term.Painter) []byte {
	return fmt.Appendf(b, "\n%s\n%s\n", p.Paint(term.Bold, text), strings.Repeat("-", len(text)))
}

// appendArbitersVote tells who uses it, and why.
func appendArbitersVote(b []byte, r *Report, p term.Painter) []byte {
	b = heading(b, "Arbiter's vote", p)
	line := func(label, text string) { b = fmt.Appendf(b, "%-17s %s\n", label+":", text) }
	var cast, not []string
	for i := range r.Quorum.Members {
		if m := &r.Quorum.Members[i]; m.Cast {
			cast = append(cast, m.Called())
		} else {
			not = append(not, m.Called())
		}
	}
	switch {
	case len(cast) == 0:
		line("Used by", p.Paint(term.Yellow, "nobody here"))
	case len(not) == 0:
		line("Used by", p.Paint(term.Green, strings.Join(cast, ", ")))
	default:
		line("Used by", p.Paint(term.Green, strings.Join(cast, ", "))+p.Paint(term.Yellow, ", but not by "+strings.Join(not, ", ")))
	}
	return appendWhy(b, r, p)
}

// appendWhy tells why this node uses the arbiter's vote or does not, and of the arbiter.
func appendWhy(b []byte, r *Report, p term.Painter) []byte {
	line := func(label, text string) { b = fmt.Appendf(b, "%-17s %s\n", label+":", text) }
	d := r.Daemon
	if d == nil {
		line("Why", "not known: the node daemon (qdevice) of "+r.Quorum.Here()+" does not answer: "+EscapeName(r.DaemonError))
		return b
	}
	line("Why", EscapeName(d.why()))
	if d.ArbiterReason.Text != "" {
		line("Arbiter's reason", EscapeName(d.reasonText(r.At)))
	}
	if !d.Since.IsZero() {
		line("Since", sinceText(d.Since, r.At))
	}
	line("Arbiter", arbiterText(d, r.At, p))
	line("Decides by", decidesText(d))
	if d.HeuristicsMode != HeuristicsDisabled {
		line("Heuristics", heuristicsText(d, p))
	}
	return b
}

// why is the reason for what this node casts. A C daemon gives none: then it is told
// as far as it follows from the rest.
func (s *QDevice) why() string {
	switch {
	case s.Reason != "":
		return s.Reason
	case s.State != StateConnected:
		return "this node is not connected to the arbiter"
	case !s.Polling:
		return "waiting for the arbiter's answer"
	case s.PollingCast:
		return "the arbiter gave its vote to this side"
	}
	return "the arbiter did not give its vote to this side"
}

// reasonText is the arbiter's reason, and how long ago it was given, if that is past.
func (s *QDevice) reasonText(now time.Time) string {
	if reason := s.ArbiterReason; s.CurrentReason() == "" {
		about := ""
		if reason.Ring != s.Ring {
			about = "about an earlier ring, "
		}
		return fmt.Sprintf("%s (%s%s ago)", reason.Text, about, formatDuration(now.Sub(reason.At)))
	}
	return s.ArbiterReason.Text
}

// CurrentReason is the arbiter's reason if it is about the node's present ring, and the arbiter
// is still there to give another; else it is empty.
func (s *QDevice) CurrentReason() string {
	if s.State != StateConnected || s.ArbiterReason.Ring != s.Ring {
		return ""
	}
	return s.ArbiterReason.Text
}

// WhyNot is why this node does not cast the arbiter's vote, with what the arbiter says.
func (s *QDevice) WhyNot() string {
	if s.PollingCast {
		return "the arbiter gave it, but Corosync has not counted it yet"
	}
	if reason := s.CurrentReason(); reason != "" {
		return s.why() + " (" + reason + ")"
	}
	return s.why()
}

func sinceText(at, now time.Time) string {
	return fmt.Sprintf("%s (%s)", at.In(now.Location()).Format("2006-01-02 15:04:05"), formatDuration(now.Sub(at)))
}

// arbiterText tells where the arbiter is, and of the connection to it.
func arbiterText(s *QDevice, now time.Time, p term.Painter) string {
	where := fmt.Sprintf("%s, port %d", EscapeName(s.Host), s.Port)
	for _, a := range s.Arbiters {
		if a.Active && len(s.Arbiters) > 1 {
			where = EscapeName(a.Address)
		}
	}
	if s.State != StateConnected {
		return where + ": " + p.Paint(term.Red, "not connected ("+strings.ToLower(s.State)+")")
	}
	text := where + ": " + p.Paint(term.Green, "connected")
	if !s.Connected.IsZero() {
		text += " for " + formatDuration(now.Sub(s.Connected))
	}
	text += ", " + map[bool]string{true: "TLS", false: "no TLS"}[s.TLSActive]
	if s.RoundTrip > 0 {
		text += fmt.Sprintf(", round trip %.1f ms", float64(s.RoundTrip)/1e6)
	}
	return text
}

// decidesText says in words by which rules the arbiter decides.
func decidesText(s *QDevice) string {
	tie := "the node with the " + preferredEnd(s.TieBreaker) + " ID"
	if s.TieBreaker.Mode == qnet.TieBreakerNode {
		tie = "node " + s.TieBreaker.ID.String()
	}
	switch s.Algorithm {
	case qnet.FFSplit:
		text := "ffsplit: of two equal halves, the one with " + tie + " gets the vote"
		if s.KAP && !s.KAPUnknown {
			text += ", unless the other one has it (KAP)"
		}
		return text
	case qnet.LMS:
		return "lms, last man standing: the largest part gets the vote; in a tie, the one with " + tie
	case qnet.TwoNodeLMS:
		return "2nodelms, last man standing: of two nodes that can't reach each other, " + tie + " gets the vote"
	}
	return s.Algorithm.String()
}

func heuristicsText(s *QDevice, p term.Painter) string {
	colour := map[qnet.Heuristics]term.Colour{qnet.HeuristicsPass: term.Green, qnet.HeuristicsFail: term.Red}[s.Heuristics]
	text := p.Paint(colour, strings.ToLower(s.Heuristics.String()))
	var parts []string
	for _, c := range s.Commands {
		part := EscapeName(c.Name) + " " + strings.ToLower(c.Result.String())
		if c.Detail != "" {
			part += " (" + EscapeName(c.Detail) + ")"
		}
		took := formatDuration(c.Duration)
		if c.Duration < time.Second {
			took = fmt.Sprintf("%d ms", c.Duration.Milliseconds())
		}
		parts = append(parts, part+" in "+took)
	}
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	return text
}

// appendLosses tells what would come of each loss.
func appendLosses(b []byte, r *Report, p term.Painter) []byte {
	if len(r.Losses) == 0 {
		return b
	}
	return appendLossLines(heading(b, "If lost now", p), r, p)
}

func appendLossLines(b []byte, r *Report, p term.Painter) []byte {
	width := 17
	for _, l := range r.Losses {
		width = max(width, utf8.RuneCountInString(l.label(r.Quorum))+1)
	}
	for _, l := range r.Losses {
		label := l.label(r.Quorum) + ":"
		b = fmt.Appendf(b, "%s%*s%s\n", label, width+1-utf8.RuneCountInString(label), "", l.text(r.Quorum, p))
	}
	if who := r.takenForGranted(); len(who) > 0 {
		b = fmt.Appendf(b, "This assumes that %s%s the arbiter: %s can't see it.\n", term.And(who), term.Plural(len(who), " reaches", " reach"), r.Quorum.Here())
	}
	return b
}

// LossLines tells what would come of each loss, a line each, without colours.
func (r *Report) LossLines() []string {
	text := string(appendLossLines(nil, r, term.Painter(false)))
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// takenForGranted lists the other nodes whose way to the arbiter a forecast relies on.
func (r *Report) takenForGranted() (who []string) {
	for i := range r.Quorum.Members {
		m := &r.Quorum.Members[i]
		relies := func(p Proviso) bool { return p.Node == m.ID && p.Condition == Reaches }
		if !m.Local && slices.ContainsFunc(r.Losses, func(l Loss) bool { return slices.ContainsFunc(l.Provided, relies) }) {
			who = append(who, m.Called())
		}
	}
	return who
}

// Here is what people call this node.
func (q *Quorum) Here() string {
	m := q.local()
	return called(m.Name, m.Address, q.NodeID)
}

func (l *Loss) label(q *Quorum) string {
	if l.Node != 0 && l.Node == q.NodeID {
		return l.Called + " (local)"
	}
	return l.Called
}

// Sentence tells what would come of the loss, without colours: "pve2 keeps quorum: 2 of 3
// votes, 2 needed".
func (l *Loss) Sentence(q *Quorum) string {
	text := l.text(q, term.Painter(false))
	if len(l.Kept)+len(l.Lose) == 0 && len(l.Unknown) > 0 {
		return "the outcome is " + text
	}
	return text
}

// text is the outcome in words: "pve2 keeps quorum: 2 of 3 votes, 2 needed".
func (l *Loss) text(q *Quorum, p term.Painter) string {
	expected := uint32(0)
	if q.Votequorum != nil {
		expected = q.Votequorum.Expected
	}
	numbers := fmt.Sprintf("%d of %d votes, %d needed", l.Votes, expected, l.Needed)
	var text string
	switch {
	case len(l.Kept)+len(l.Lose)+len(l.Unknown) == 0:
		return p.Paint(term.Red, "no node is left")
	case len(l.Kept)+len(l.Lose) == 0:
		return p.Paint(term.Yellow, "not known") + ": " + l.Unsure
	case len(l.Kept) == 0 && len(l.Unknown) == 0:
		text = p.Paint(term.Red, "quorum is lost") + ": " + numbers
	case len(l.Kept) == 0:
		text = p.Paint(term.Red, strings.Join(l.Lose, ", ")+term.Plural(len(l.Lose), " loses", " lose")+" quorum") + ": " + numbers
	case len(l.Lose)+len(l.Unknown) == 0 && l.Node == 0:
		text = p.Paint(term.Green, "quorum is kept") + ": " + numbers
	default:
		text = p.Paint(term.Green, strings.Join(l.Kept, ", ")+term.Plural(len(l.Kept), " keeps", " keep")+" quorum") + ": " + numbers
	}
	if l.Device {
		text += ", including the arbiter's"
	}
	if len(l.Kept) > 0 && len(l.Lose) > 0 {
		text += "; " + p.Paint(term.Red, strings.Join(l.Lose, ", ")+term.Plural(len(l.Lose), " loses", " lose")+" it")
	}
	text += l.unless(q)
	if l.Grace > 0 && len(l.Lose) > 0 {
		text += fmt.Sprintf("; not if it is back within %s", formatDuration(time.Duration(l.Grace)*time.Millisecond))
	}
	if len(l.Unknown) > 0 {
		text += "; " + p.Paint(term.Yellow, "not known for "+strings.Join(l.Unknown, ", ")) + ": " + l.Unsure
	}
	return text
}

// unless tells what would mend a loss of quorum on this node.
func (l *Loss) unless(q *Quorum) string {
	for _, p := range l.Provided {
		switch {
		case p.Node != q.NodeID || l.Node == 0 || len(l.Lose) == 0:
		case p.Condition == Lacks:
			return ", unless " + q.Here() + " reaches the arbiter again"
		case p.Condition == Idle:
			return ", unless the qdevice of " + q.Here() + " is started"
		}
	}
	return ""
}

// appendProblems tells what is wrong and what to do.
func appendProblems(b []byte, r *Report, p term.Painter) []byte {
	b = heading(b, "Problems", p)
	if len(r.Problems) == 0 {
		return append(b, "none\n"...)
	}
	for _, problem := range r.Problems {
		colour := term.Yellow
		if problem.Severe {
			colour = term.Red
		}
		b = fmt.Appendf(b, "%s\n", p.Paint(colour, EscapeName(problem.Text)))
		for _, do := range slices.Compact(problem.Do) {
			b = fmt.Appendf(b, "    %s\n", EscapeName(do))
		}
	}
	return b
}

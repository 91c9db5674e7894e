// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package hold

import (
	"fmt"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// String prints the ledger in lines: each ring, each node, and who holds what. A ring
// 0.0 is any ring. Times are in seconds since the start of the arbiter.
func (l *Ledger) String() string {
	var b strings.Builder
	for _, r := range l.rings {
		fmt.Fprintf(&b, "ring %s, members %s, reporters %s\n", r.id, list(r.members), list(r.reporters))
	}
	var holders []string
	for _, n := range l.nodes {
		b.WriteString("node " + l.describe(n) + "\n")
		if n.hold != nil {
			holders = append(holders, fmt.Sprintf("%d of %s", n.id, n.hold.ring.id))
		}
	}
	if l.started.Before(l.refused) {
		fmt.Fprintf(&b, "a claim was refused, and may be true until %s\n", l.since(l.refused))
	}
	fmt.Fprintf(&b, "holders %s\n", strings.Join(holders, ", "))
	return b.String()
}

// describe is a node in words.
func (l *Ledger) describe(n *node) string {
	words := []string{n.id.String()}
	if n.ring != nil {
		words[0] += " in ring " + n.ring.id.String()
	}
	if c := n.conn; c != nil {
		words = append(words, "connected", fmt.Sprintf("pace %d ms", c.pace.Ms()))
		if c.quorate != unsaid {
			words = append(words, map[quorum]string{quorate: "quorate", inquorate: "not quorate"}[c.quorate])
		}
		if c.nack != 0 {
			words = append(words, fmt.Sprintf("has to answer NACK %d", c.nack))
		}
	}
	if !n.heard.IsZero() {
		words = append(words, "heard at "+l.since(n.heard))
	}
	if h := n.hold; h != nil {
		text := "holds " + h.ring.id.String()
		if h.presumed {
			text = "is presumed to hold " + h.ring.id.String()
		}
		words = append(words, text+" until "+l.since(l.end(n)))
		if !h.answered.IsZero() {
			words = append(words, "has answered NACK at "+l.since(h.answered))
		}
	}
	return strings.Join(words, ", ")
}

func (l *Ledger) since(at time.Time) string {
	return fmt.Sprintf("%.3f", at.Sub(l.started).Seconds())
}

func list(ids []qnet.NodeID) string {
	if ids == nil {
		return "unknown"
	}
	return qnet.FormatIDs(ids)
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"fmt"
	"slices"

	"github.com/quorate/quorate/internal/qnet"
)

// Changes tells in sentences what is different in a report from the one before: of
// quorum, of the nodes, of who uses the arbiter's vote, and of the arbiter.
func Changes(before, now *Report) []string {
	var list []string
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	a, b, me := before.Quorum, now.Quorum, now.Quorum.Here()
	for i := range a.Members {
		if m := &a.Members[i]; !b.has(m.ID) {
			add("%s is gone", m.Called())
		}
	}
	for i := range b.Members {
		if m := &b.Members[i]; !a.has(m.ID) {
			add("%s is here", m.Called())
		}
	}
	numbers := ""
	if v := b.Votequorum; v != nil {
		numbers = fmt.Sprintf(": %d of %d votes, %d needed", v.Total, v.Expected, v.Quorum)
	}
	switch {
	case a.Quorate && !b.Quorate:
		add("%s has lost quorum%s", me, numbers)
	case !a.Quorate && b.Quorate:
		add("%s has quorum%s", me, numbers)
	}
	for i := range b.Members {
		m := &b.Members[i]
		switch old := a.member(m.ID); {
		case old == nil || old.Cast == m.Cast:
		case m.Cast:
			add("%s uses the arbiter's vote", m.Called())
		default:
			add("%s no longer uses the arbiter's vote", m.Called())
		}
	}
	if b.Device != nil {
		list = append(list, arbiterChanges(before, now, me)...)
	}
	return list
}

func arbiterChanges(before, now *Report, me string) (list []string) {
	a, b := before.Daemon, now.Daemon
	switch {
	case a == nil && b == nil:
	case b == nil:
		return []string{"the node daemon (qdevice) of " + me + " does not answer: " + EscapeName(now.DaemonError)}
	case a == nil:
		return []string{"the node daemon (qdevice) of " + me + " answers"}
	case a.State == StateConnected && b.State != StateConnected:
		text := me + " has lost the arbiter"
		if b.Lost != "" {
			text += ": " + EscapeName(b.Lost)
		}
		list = append(list, text)
	case a.State != StateConnected && b.State == StateConnected:
		list = append(list, me+" is connected to the arbiter")
	}
	if a != nil && b != nil && a.Heuristics != b.Heuristics {
		list = append(list, "the heuristics of "+me+": "+b.Heuristics.String())
	}
	return list
}

func (q *Quorum) member(id qnet.NodeID) *Member {
	if i := slices.IndexFunc(q.Members, func(m Member) bool { return m.ID == id }); i >= 0 {
		return &q.Members[i]
	}
	return nil
}

func (q *Quorum) has(id qnet.NodeID) bool { return q.member(id) != nil }

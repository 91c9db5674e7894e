// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package core

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quorate/quorate/internal/votequorum"
)

// Item is one item of the shared data.
type Item struct{ Key, Value string }

// data is a node's copy of the shared data, as it would be on its disk.
type data struct {
	changes []uint64 // the number of each change that it has seen, in order
	items   []Item   // by key
}

// continues reports whether d has seen all that o has.
func (d *data) continues(o *data) bool {
	return len(d.changes) >= len(o.changes) && slices.Equal(d.changes[:len(o.changes)], o.changes)
}

// change changes an item on every member of a node's ring, or says why not.
func (m *Machine) change(n *node, in Change) {
	if why := refusal(n.machine.Status()); why != "" {
		m.emit(Answer{Node: n.ID, Call: in.Call, Code: votequorum.ErrAccess, Why: why})
		return
	}
	m.changes++
	for _, o := range n.Ring.Members {
		d := &m.node(o.ID).data
		d.changes = append(slices.Clone(d.changes), m.changes)
		d.set(in.Key, in.Value)
	}
	m.emit(Answer{Node: n.ID, Call: in.Call, Code: votequorum.OK})
}

// refusal says why a node with a settled ring may change nothing, or nothing.
func refusal(s votequorum.Status) string {
	switch {
	case s.Flags.Has(votequorum.Quorate):
		return ""
	case s.AllAwaited:
		return fmt.Sprintf("node %v is not quorate: it waits until all nodes were there once (wait_for_all)", s.Node)
	}
	votes := "votes"
	if s.Total == 1 {
		votes = "vote"
	}
	return fmt.Sprintf("node %v is not quorate: %d %s of %d, and %d are needed", s.Node, s.Total, votes, s.Expected, s.Quorum)
}

func (d *data) set(key, value string) {
	i, found := slices.BinarySearchFunc(d.items, key, func(it Item, key string) int { return strings.Compare(it.Key, key) })
	d.items = slices.Clone(d.items)
	switch {
	case value == "" && found:
		d.items = slices.Delete(d.items, i, i+1)
	case value == "":
	case found:
		d.items[i].Value = value
	default:
		d.items = slices.Insert(d.items, i, Item{key, value})
	}
}

// share gives the members of every settled ring the newest data among them.
func (m *Machine) share() {
	for _, n := range m.nodes {
		if !m.settled(n) {
			continue
		}
		newest := m.node(n.Ring.Members[0].ID)
		for _, o := range n.Ring.Members {
			if o := m.node(o.ID); len(o.data.changes) > len(newest.data.changes) {
				newest = o
			}
		}
		if !newest.data.continues(&n.data) {
			m.emit(Conflict{Kept: newest.ID, Lost: n.ID})
		}
		n.data = newest.data
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/term"
)

// Votes is the part of a snapshot that quorate corosync status prints: whether this node
// is quorate, and whose votes make it so.
type Votes struct {
	Cluster  string             `json:"cluster"`
	Version  uint64             `json:"config_version,omitempty"`
	Ring     qnet.RingID        `json:"ring"`
	Quorate  bool               `json:"quorate"`
	Provided bool               `json:"quorum_provided"` // or else every partition is quorate
	Members  Array[qnet.NodeID] `json:"members"`
	Counted  *Counted           `json:"votequorum,omitempty"` // nil without votequorum
}

// Counted is what votequorum says of this node, and of each that it knows.
type Counted struct {
	Total           uint32           `json:"total_votes"`
	Expected        uint32           `json:"expected_votes"`
	HighestExpected uint32           `json:"highest_expected"`
	Quorum          uint32           `json:"quorum"`
	Flags           Array[string]    `json:"flags"`
	DeviceName      string           `json:"device,omitempty"`
	DeviceVotes     uint32           `json:"device_votes"`
	DeviceCast      bool             `json:"device_vote_cast"`
	Nodes           Array[NodeVotes] `json:"nodes"` // by ID
}

// NodeVotes are one node's votes, and what its quorum device does.
type NodeVotes struct {
	ID         qnet.NodeID `json:"id"`
	Name       string      `json:"name,omitempty"`
	Local      bool        `json:"local"`
	State      string      `json:"state"` // member, gone or leaving
	Votes      uint32      `json:"votes"`
	Registered bool        `json:"device_registered"`
	Alive      bool        `json:"device_alive"`
	Cast       bool        `json:"device_vote_cast"`
	MasterWins bool        `json:"device_master_wins"`
}

// Votes returns the votes of a snapshot.
func (q *Quorum) Votes() *Votes {
	s := &Votes{Cluster: q.Cluster, Version: q.ConfigVersion, Ring: q.Ring, Quorate: q.Quorate, Provided: q.Votequorum != nil}
	for i := range q.Members {
		s.Members = append(s.Members, q.Members[i].ID)
	}
	v := q.Votequorum
	if v == nil {
		return s
	}
	s.Counted = &Counted{
		Total: v.Total, Expected: v.Expected, HighestExpected: v.HighestExpected, Quorum: v.Quorum, Flags: q.flags(),
		DeviceName: v.DeviceName, DeviceVotes: v.DeviceVotes, DeviceCast: q.local().Cast,
	}
	for i := range q.Members {
		s.Counted.Nodes = append(s.Counted.Nodes, q.Members[i].votes())
	}
	for i := range q.Absent {
		s.Counted.Nodes = append(s.Counted.Nodes, q.Absent[i].LastKnown.votes())
	}
	slices.SortFunc(s.Counted.Nodes, func(a, b NodeVotes) int { return cmp.Compare(a.ID, b.ID) })
	return s
}

func (m *Member) votes() NodeVotes {
	n := NodeVotes{
		ID: m.ID, Name: m.Name, Local: m.Local, State: "gone", Votes: m.Votes,
		Registered: m.Registered, Alive: m.Alive, Cast: m.Cast, MasterWins: m.MasterWins,
	}
	if m.State == qnet.NodeStateMember || m.State == qnet.NodeStateLeaving {
		n.State = m.State.String()
	}
	return n
}

// AppendVotes appends the votes as a text for people.
func AppendVotes(b []byte, s *Votes, colour bool) []byte {
	p := term.Painter(colour)
	var rows [][]term.Cell
	line := func(label, text string) {
		rows = append(rows, []term.Cell{p.Cell(term.Plain, label), p.Cell(term.Plain, text)})
	}
	version := ""
	if s.Version != 0 {
		version = fmt.Sprintf(", configuration version %d", s.Version)
	}
	line("cluster", EscapeName(s.Cluster)+version)
	line("quorate", s.answer(p))
	line("ring", s.Ring.String()+", "+term.Count(len(s.Members), "member"))
	if v := s.Counted; v != nil {
		expected := fmt.Sprint(v.Expected)
		if v.HighestExpected != v.Expected {
			expected = fmt.Sprintf("%d (by others %d)", v.Expected, v.HighestExpected)
		}
		line("votes", fmt.Sprintf("%d of %s expected, %d needed", v.Total, expected, v.Quorum))
		line("flags", cmp.Or(strings.Join(v.Flags, " "), "none"))
		line("device", v.device())
	}
	b = appendRows(b, rows)
	if s.Counted == nil {
		return b
	}
	return appendRows(append(b, '\n'), s.Counted.rows(p))
}

func appendRows(b []byte, rows [][]term.Cell) []byte {
	for _, row := range term.Align(rows) {
		b = append(append(b, row...), '\n')
	}
	return b
}

// answer says whether the node is quorate.
func (s *Votes) answer(p term.Painter) string {
	switch {
	case !s.Quorate:
		return p.Paint(term.Red, "no")
	case !s.Provided:
		return p.Paint(term.Green, "yes") + " (no quorum.provider: every partition is)"
	}
	return p.Paint(term.Green, "yes")
}

// rows is the table of the nodes.
func (v *Counted) rows(p term.Painter) [][]term.Cell {
	row := func(texts ...string) (cells []term.Cell) {
		for _, text := range texts {
			cells = append(cells, p.Cell(term.Plain, text))
		}
		return cells
	}
	rows := [][]term.Cell{row("node", "name", "state", "votes", "device")}
	for i := range v.Nodes {
		n := &v.Nodes[i]
		rows = append(rows, row(n.ID.String(), EscapeName(n.Name), n.State, fmt.Sprint(n.Votes), n.device(), suffix(n.Local, "this node")))
	}
	return rows
}

// device says what the quorum device of this node does.
func (v *Counted) device() string {
	if v.DeviceName == "" {
		return "none registered"
	}
	cast := "not cast by this node"
	if v.DeviceCast {
		cast = "cast by this node"
	}
	return fmt.Sprintf("%s, %s, %s", EscapeName(v.DeviceName), term.Count(int(v.DeviceVotes), "vote"), cast)
}

// device says what the quorum device of a node does.
func (n *NodeVotes) device() string {
	if !n.Registered {
		return "none"
	}
	words := []string{"not polled", "no vote"}
	if n.Alive {
		words[0] = "alive"
	}
	if n.Cast {
		words[1] = "vote cast"
	}
	if n.MasterWins {
		words = append(words, "master wins")
	}
	return strings.Join(words, ", ")
}

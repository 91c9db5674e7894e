// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"fmt"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/term"
)

// NodeLinks is a configured node, and the links to it.
type NodeLinks struct {
	ID     qnet.NodeID `json:"id"`
	Name   string      `json:"name,omitempty"`
	Local  bool        `json:"local"`
	Member bool        `json:"member"` // of this node's partition
	Links  Array[Link] `json:"links"`  // by number
}

// Link is one link to a node, or of this one.
type Link struct {
	Number    int    `json:"number"`
	Address   string `json:"address"`
	Connected *bool  `json:"connected,omitempty"` // nil for this node, and if it is not known
	MTU       uint32 `json:"mtu,omitempty"`       // bytes; 0 if it is not known
}

// AppendLinks appends the nodes as a text for people, a line for each link.
func AppendLinks(b []byte, list []NodeLinks) []byte {
	if len(list) == 0 {
		return append(b, "The running Corosync has no node list.\n"...)
	}
	row := func(texts ...string) (cells []term.Cell) {
		for _, text := range texts {
			cells = append(cells, term.NewCell(text))
		}
		return cells
	}
	rows := [][]term.Cell{row("node", "name", "state", "link", "address")}
	for i := range list {
		n := &list[i]
		id, name, state := n.ID.String(), EscapeName(n.Name), "gone"
		if n.Member {
			state = "member"
		}
		if len(n.Links) == 0 {
			rows = append(rows, row(id, name, state))
		}
		for j := range n.Links {
			l := &n.Links[j]
			rows = append(rows, row(id, name, state, fmt.Sprint(l.Number), EscapeName(l.Address), l.state(n.Local)))
			id, name, state = "", "", ""
		}
	}
	return appendRows(b, rows)
}

func (l *Link) state(local bool) string {
	switch {
	case local:
		return "this node"
	case l.Connected == nil:
		return "unknown"
	case !*l.Connected:
		return "down"
	case l.MTU == 0:
		return "up"
	}
	return fmt.Sprintf("up, MTU %d", l.MTU)
}

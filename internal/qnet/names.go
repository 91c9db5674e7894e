// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnet

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName is the length in bytes of the longest name of a node.
const MaxName = 255

// Name is what people call a node.
type Name struct {
	ID   NodeID
	Name string
}

// Names are what people call the nodes of a cluster, by ID. They are not changed once
// they are made, so that they may be shared.
type Names []Name

// NewNames returns the names of a list that can be printed: the first for each node, and
// none that is not [ValidName].
func NewNames(list []Name) Names {
	var out Names
	for _, n := range list {
		if n.ID != 0 && ValidName(n.Name) {
			out = append(out, n)
		}
	}
	slices.SortStableFunc(out, func(a, b Name) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(out, func(a, b Name) bool { return a.ID == b.ID })
}

// ValidName reports whether s can be a node's name: 1 to [MaxName] bytes of UTF-8, all of
// which can be printed, without blanks or quotes.
func ValidName(s string) bool {
	return s != "" && len(s) <= MaxName && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsPrint(r) || r == ' ' || r == '"' || r == '='
	})
}

// Called is a node's name; empty if it is not known.
func (n Names) Called(id NodeID) string { return n.find(id) }

// Has reports whether the node has a name.
func (n Names) Has(id NodeID) bool { return n.find(id) != "" }

func (n Names) find(id NodeID) string {
	i, ok := slices.BinarySearchFunc(n, id, func(a Name, id NodeID) int { return cmp.Compare(a.ID, id) })
	if !ok {
		return ""
	}
	return n[i].Name
}

// Of returns a node's name, or "node 1".
func (n Names) Of(id NodeID) string {
	if s := n.find(id); s != "" {
		return s
	}
	return "node " + id.String()
}

// List returns nodes as a sentence names them: "pve1, pve2 and pve3", "nodes 1 and 2".
// It is "nobody" for none.
func (n Names) List(ids []NodeID) string {
	words := make([]string, len(ids))
	named := slices.ContainsFunc(ids, n.Has)
	for i, id := range ids {
		if words[i] = n.Of(id); !named {
			words[i] = id.String()
		}
	}
	lead := ""
	if !named && len(ids) > 0 {
		lead = "node "
		if len(ids) > 1 {
			lead = "nodes "
		}
	}
	switch k := len(words); k {
	case 0:
		return "nobody"
	case 1:
		return lead + words[0]
	default:
		return lead + strings.Join(words[:k-1], ", ") + " and " + words[k-1]
	}
}

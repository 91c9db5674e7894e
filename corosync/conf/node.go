// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxLinks is the number of links that Corosync can have.
const maxLinks = 8

// A Node is an entry of the nodelist.
type Node struct {
	Pos   int      // its number in cmap: nodelist.node.Pos.name; AddNode does not read it
	ID    uint32   // nodeid; 0 if none is given
	Name  string   // "" if none is given
	Addrs []string // ring0_addr, ring1_addr, …; "" for a link that the node has not
	Votes uint32   // quorum_votes; 1 if none are given
	Line  int      // where it begins; AddNode does not read it
}

// Nodes returns the nodes as Corosync counts them.
func (f *File) Nodes() []Node {
	byPos := map[int]*Node{}
	var order []int
	for _, k := range f.sorted {
		pos, key, ok := nodeKey(k.Name)
		if !ok {
			continue
		}
		n := byPos[pos]
		if n == nil {
			n = &Node{Pos: pos, Votes: 1, Line: k.Line}
			byPos[pos] = n
			order = append(order, pos)
		}
		n.set(key, k)
	}
	slices.Sort(order)
	nodes := make([]Node, 0, len(order))
	for _, pos := range order {
		nodes = append(nodes, *byPos[pos])
	}
	return nodes
}

func (n *Node) set(key string, k Key) {
	n.Line = min(n.Line, k.Line)
	switch {
	case key == "nodeid" && k.Type == Uint32:
		n.ID = uint32(k.number())
	case key == "quorum_votes" && k.Type == Uint32:
		n.Votes = uint32(k.number())
	case key == "name" && k.Type == String:
		n.Name = k.Value
	default:
		if link, ok := linkKey(key); ok && link < maxLinks {
			for len(n.Addrs) <= link {
				n.Addrs = append(n.Addrs, "")
			}
			n.Addrs[link] = k.Value
		}
	}
}

// nodeKey takes nodelist.node.3.name apart.
func nodeKey(name string) (pos int, key string, ok bool) {
	rest, ok := strings.CutPrefix(name, "nodelist.node.")
	if !ok {
		return 0, "", false
	}
	digits, key, ok := strings.Cut(rest, ".")
	pos, err := strconv.Atoi(digits)
	return pos, key, ok && err == nil && pos >= 0 && key != ""
}

// linkKey takes ring1_addr apart.
func linkKey(key string) (link int, ok bool) {
	digits, ok := strings.CutPrefix(key, "ring")
	if !ok {
		return 0, false
	}
	digits, ok = strings.CutSuffix(digits, "_addr")
	link, err := strconv.Atoi(digits)
	return link, ok && err == nil && link >= 0
}

// AddNode puts a node behind the others, with their keys in their order. An ID,
// a name or an address that another node has is an error, and so is a node
// without an ID. Votes of 0 mean the default of 1; a node without a vote is made
// with Set afterwards.
func (f *File) AddNode(n Node) error {
	if err := f.mayAdd(n); err != nil {
		return err
	}
	old := *f
	last := f.lastNode()
	list := f.section("nodelist")
	margin, step, eol := "", f.step(), f.eol()
	var text strings.Builder
	at := 0
	switch {
	case last != nil:
		margin, at = indent(last.open.text), last.close.end
	case list != nil:
		margin, at = f.margin(list), list.close.start
	default:
		text.WriteString(f.gap(f.root) + "nodelist {" + eol)
		margin, at = step, len(f.data)
	}
	text.WriteString(margin + "node {" + eol)
	for _, it := range n.items(last) {
		if last != nil {
			text.WriteString(f.line(last, it.key, it.value))
		} else {
			text.WriteString(margin + step + it.key + ": " + it.value + eol)
		}
	}
	text.WriteString(margin + "}" + eol)
	if last == nil && list == nil {
		text.WriteString("}" + eol)
	}
	f.write(at, text.String())
	return f.added(&old, n)
}

// added checks that the node is there as it was given, and the others as they
// were.
func (f *File) added(old *File, n Node) error {
	err := f.reload(old)
	n.Votes = max(n.Votes, 1)
	if err == nil && !f.holds(append(old.Nodes(), n)) {
		err = errors.New("its name or an address can't be written in a corosync.conf, or there are several nodelists, which Corosync mixes")
	}
	if err != nil {
		*f = *old
		return fmt.Errorf("node %d: %w", n.ID, err)
	}
	return nil
}

// holds tells whether the file has these nodes and no others, in this order.
func (f *File) holds(nodes []Node) bool {
	return slices.EqualFunc(f.Nodes(), nodes, func(a, b Node) bool {
		return a.ID == b.ID && a.Name == b.Name && a.Votes == b.Votes && slices.Equal(a.Addrs, b.Addrs)
	})
}

func (f *File) mayAdd(n Node) error {
	if n.ID == 0 {
		return errors.New("a node must have an ID")
	}
	if len(n.Addrs) == 0 || n.Addrs[0] == "" || len(n.Addrs) > maxLinks {
		return fmt.Errorf("node %d: from 1 to %d addresses are needed", n.ID, maxLinks)
	}
	for _, o := range f.Nodes() {
		if o.ID == n.ID {
			return fmt.Errorf("node %d already exists, in line %d", n.ID, o.Line)
		}
		if n.Name != "" && o.Name == n.Name {
			return fmt.Errorf("node %d: node %d has the name %s already", n.ID, o.ID, n.Name)
		}
		for _, a := range n.Addrs {
			if a != "" && slices.Contains(o.Addrs, a) {
				return fmt.Errorf("node %d: node %d has the address %s already", n.ID, o.ID, a)
			}
		}
	}
	return nil
}

// lastNode returns the last section of a node.
func (f *File) lastNode() *section {
	var last *section
	for s := range f.sections() {
		if s.path == "nodelist.node" {
			last = s
		}
	}
	return last
}

// items returns what to write of a node, in the order of its neighbour.
func (n Node) items(like *section) []item {
	var all []item
	for link, addr := range n.Addrs {
		if addr != "" {
			all = append(all, item{key: fmt.Sprintf("ring%d_addr", link), value: addr})
		}
	}
	if n.Name != "" {
		all = append(all, item{key: "name", value: n.Name})
	}
	all = append(all, item{key: "nodeid", value: strconv.FormatUint(uint64(n.ID), 10)})
	var order []string
	if like != nil {
		for _, e := range like.body {
			if e.item != nil {
				order = append(order, e.item.key)
			}
		}
	}
	if n.Votes > 1 || slices.Contains(order, "quorum_votes") {
		all = append(all, item{key: "quorum_votes", value: strconv.FormatUint(uint64(max(n.Votes, 1)), 10)})
	}
	slices.SortStableFunc(all, func(a, b item) int { return cmp.Compare(rank(order, a.key), rank(order, b.key)) })
	return all
}

func rank(order []string, key string) int {
	if i := slices.Index(order, key); i >= 0 {
		return i
	}
	return len(order)
}

// RemoveNode removes the section of the node with that ID. The nodes behind it
// move up: their names in cmap change. The error wraps ErrMissing if there is
// no such node.
func (f *File) RemoveNode(id uint32) error {
	var cut [][2]int
	for s := range f.sections() {
		if s.path == "nodelist.node" && s.id() == id {
			cut = append(cut, f.whole(s))
		}
	}
	switch {
	case len(cut) == 0 || id == 0:
		return fmt.Errorf("node %d: %w", id, ErrMissing)
	case len(cut) > 1:
		return fmt.Errorf("node %d is there %d times", id, len(cut))
	}
	old, name := *f, fmt.Sprintf("node %d", id)
	if err := f.remove(name, cut); err != nil {
		return err
	}
	if !f.holds(slices.DeleteFunc(old.Nodes(), func(n Node) bool { return n.ID == id })) {
		*f = old
		return fmt.Errorf("%s: there are several nodelists, which Corosync mixes", name)
	}
	return nil
}

// id returns the node ID that a section gives; 0 if it gives none.
func (s *section) id() (id uint32) {
	for _, e := range s.body {
		if e.item != nil && e.item.key == "nodeid" {
			if n, ok := number(e.item.value, Uint32); ok {
				u, _ := strconv.ParseUint(n, 10, 32)
				id = uint32(u)
			}
		}
	}
	return id
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"net/netip"
	"slices"
	"strings"
)

// findLocal finds which node of the list the host is. Corosync looks in this
// order: the host's name, that name without its domain, the names and addresses
// of its interfaces, and the addresses that the nodes' names have.
func (c *checker) findLocal() *Error {
	const none = "there is no nodelist in which Corosync could find the local node"
	_, bound := c.text("totem.interface.0.bindnetaddr")
	_, ring0 := c.text("nodelist.node.0.ring0_addr")
	if bound && !ring0 && !c.listed() {
		return errorf(0, none)
	}
	nodes := c.named()
	for _, find := range []func([]named) (int, bool){c.byHostname, c.byInterface, c.byAddress} {
		if pos, ok := find(nodes); ok {
			c.local = pos
			return nil
		}
	}
	if len(c.f.Nodes()) == 0 {
		return errorf(0, none)
	}
	if c.host.Name == "" {
		return errorf(0, "no node in the nodelist has a name or a ring0_addr")
	}
	return errorf(0, "no node in the nodelist is this host (%s)", c.host.Name)
}

// A named is a name or the ring0_addr of a node, by which the host can be known.
type named struct {
	pos  int
	name string
}

// named returns the names in the order in which Corosync sees them.
func (c *checker) named() []named {
	var list []named
	for _, k := range c.f.sorted {
		pos, key, ok := nodeKey(k.Name)
		if ok && (key == "name" || key == "ring0_addr") {
			list = append(list, named{pos, k.Value})
		}
	}
	return list
}

func byName(nodes []named, name string) (int, bool) {
	for _, n := range nodes {
		if n.name == name {
			return n.pos, true
		}
	}
	return 0, false
}

func (c *checker) byHostname(nodes []named) (int, bool) {
	name := c.host.Name
	if name == "" { // no host in particular
		if len(nodes) == 0 {
			return 0, false
		}
		return nodes[0].pos, true
	}
	for {
		if pos, ok := byName(nodes, name); ok {
			return pos, true
		}
		dot := strings.LastIndexByte(name, '.')
		if dot < 0 {
			break
		}
		name = name[:dot]
	}
	for i, n := range nodes {
		nodes[i].name, _, _ = strings.Cut(n.name, ".")
	}
	pos, ok := byName(nodes, name)
	copy(nodes, c.named())
	return pos, ok
}

func (c *checker) byInterface(nodes []named) (int, bool) {
	for _, a := range c.host.Addrs {
		name := ""
		if c.host.Reverse != nil && !c.has(nodes, a) {
			name = c.host.Reverse(a)
		}
		if name == "" {
			name = a.String()
		}
		short, _, _ := strings.Cut(name, ".")
		candidates := []string{name, short}
		if a.Is4() {
			candidates = append(candidates, a.String())
		}
		for _, name := range candidates {
			if pos, ok := byName(nodes, name); ok {
				return pos, true
			}
		}
	}
	return 0, false
}

// has tells whether an address is in the list as it is, so that its name need
// not be asked for.
func (c *checker) has(nodes []named, a netip.Addr) bool {
	_, ok := byName(nodes, a.String())
	return ok && a.Is4()
}

func (c *checker) byAddress(nodes []named) (int, bool) {
	for _, n := range nodes {
		addrs, err := c.host.resolve(n.name)
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if slices.ContainsFunc(c.host.Addrs, func(b netip.Addr) bool { return a.WithZone("") == b.WithZone("") }) {
				return n.pos, true
			}
		}
	}
	return 0, false
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package nodeconf

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
	"github.com/quorate/quorate/internal/words"
)

const nodeKeys = "nodelist.node."

// nodes reads the configured nodes and the configuration's version. They are
// sorted by number (Q12).
func (p *parser) nodes(c *Config) {
	if v, ok := p.keys["totem.config_version"]; ok {
		if n, err := strconv.ParseUint(v, 10, 64); err == nil {
			c.Version = wire.Some(n)
		}
	}
	list, names, err := p.nodeList()
	if err != nil || len(list) == 0 {
		if err != nil {
			p.bad("%v", err)
		} else {
			p.removed("nodelist", "the nodes that it knew", "No configured nodes found - configuration without node list is not supported")
		}
		c.Nodes = keep(p, func(c *Config) qnet.NodeList { return c.Nodes })
		c.Names = keep(p, func(c *Config) qnet.Names { return c.Names })
		c.Version = keep(p, func(c *Config) wire.Opt[uint64] { return c.Version })
		return
	}
	c.Nodes, c.Names = list, names
}

// nodeList reads one node for each position that has a node ID or an address of
// any link: ring0 need not be among them.
func (p *parser) nodeList() (list qnet.NodeList, names qnet.Names, err error) {
	var called []qnet.Name
	for _, at := range p.positions() {
		prefix := nodeKeys + strconv.FormatUint(at, 10) + "."
		n := qnet.Node{}
		if v, ok := p.keys[prefix+"nodeid"]; ok {
			id, valid := words.Number(v, 1, math.MaxUint32)
			if !valid {
				return nil, nil, fmt.Errorf("%snodeid is %q, must be a number from 1", prefix, v)
			}
			n.ID = qnet.NodeID(id)
		} else if n.ID, err = p.derive(prefix); err != nil {
			return nil, nil, err
		}
		if list.Contains(n.ID) {
			continue
		}
		n.DataCenter = p.dataCenter(prefix)
		list = append(list, n)
		called = append(called, qnet.Name{ID: n.ID, Name: p.keys[prefix+"name"]})
	}
	slices.SortFunc(list, func(a, b qnet.Node) int { return cmp.Compare(a.ID, b.ID) })
	return list, qnet.NewNames(called), nil
}

// positions lists the numbers in the keys of nodes, sorted.
func (p *parser) positions() (list []uint64) {
	for _, key := range slices.Sorted(maps.Keys(p.keys)) {
		rest, ok := strings.CutPrefix(key, nodeKeys)
		number, field, _ := strings.Cut(rest, ".")
		n, err := strconv.ParseUint(number, 10, 32)
		if !ok || err != nil || (field != "nodeid" && field != "name" && !strings.HasSuffix(field, "_addr")) {
			continue
		}
		list = append(list, n)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// derive makes a node's ID of its address, as Corosync does where there is none.
func (p *parser) derive(prefix string) (qnet.NodeID, error) {
	host, ok := p.keys[prefix+"ring0_addr"]
	if !ok {
		return 0, fmt.Errorf("Cant find nodeid or ring0_addr for a node. One of them needs to be defined for every node.") //nolint:staticcheck // the C daemon's words
	}
	addr, err := p.lookup(host)
	if err == nil && !addr.Unmap().Is4() {
		err = fmt.Errorf("%s is not an IPv4 address", addr)
	}
	if err != nil {
		return 0, fmt.Errorf("node without nodeid: %sring0_addr %s: %w", prefix, host, err)
	}
	b := addr.Unmap().As4()
	id := binary.BigEndian.Uint32(b[:])
	if p.keys["totem.clear_node_high_bit"] == "yes" {
		id &= math.MaxInt32
	}
	return qnet.NodeID(id), nil
}

// dataCenter reads datacenterid, which Corosync keeps as text (Q14).
func (p *parser) dataCenter(prefix string) uint32 {
	v, ok := p.keys[prefix+"datacenterid"]
	if !ok {
		return 0
	}
	n, ok := words.Number(v, 0, math.MaxUint32)
	if !ok {
		p.warn("%sdatacenterid is %q, must be a number: ignored", prefix, v)
		return 0
	}
	return uint32(n)
}

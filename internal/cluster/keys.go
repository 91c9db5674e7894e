// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cluster

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/words"
)

// fromKeys takes what the configuration map says. What can't be read there is taken
// for not set: Corosync and the node daemon judge it.
func fromKeys(keys map[string]string) *status.Quorum {
	q := &status.Quorum{
		Cluster:       keys["totem.cluster_name"],
		ConfigVersion: number(keys["totem.config_version"], 0, 64),
		Transport:     cmp.Or(keys["totem.transport"], "knet"),
		SecureAuth:    cmp.Or(keys["totem.secauth"], "off"),
		Provider:      cmp.Or(keys["quorum.provider"], "Not configured"),
		NodeID:        qnet.NodeID(number(keys["runtime.votequorum.this_node_id"], 0, 32)),
	}
	if model := keys["quorum.device.model"]; model != "" {
		d := &status.Device{Model: model, Host: keys["quorum.device.net.host"], KAP: true}
		d.Timeout = uint32(number(keys["quorum.device.timeout"], 10000, 32))
		_ = d.Algorithm.UnmarshalText([]byte(cmp.Or(keys["quorum.device.net.algorithm"], qnet.FFSplit.Name())))
		_ = d.TieBreaker.UnmarshalText([]byte(cmp.Or(keys["quorum.device.net.tie_breaker"], qnet.TieBreaker{Mode: qnet.TieBreakerLowest}.Name())))
		if on, ok := words.Switch(keys["quorum.device.net.keep_active_partition_tie_breaker"]); ok {
			d.KAP = on
		}
		q.Device = d
	}
	return q
}

func number(s string, otherwise uint64, bits int) uint64 {
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil {
		return otherwise
	}
	return n
}

// configured is a node of the nodelist.
type configured struct {
	id    qnet.NodeID // 0: it has none
	name  string
	votes uint32
	links []status.Link // by number
}

// set reads a key of the node.
func (n *configured) set(key, value string) {
	switch key {
	case "nodeid":
		n.id = qnet.NodeID(number(value, 0, 32))
	case "name":
		n.name = value
	case "quorum_votes":
		n.votes = uint32(number(value, 1, 32))
	}
	link, isRing := strings.CutPrefix(key, "ring")
	link, isAddr := strings.CutSuffix(link, "_addr")
	if i, err := strconv.ParseUint(link, 10, 8); err == nil && isRing && isAddr {
		n.links = append(n.links, status.Link{Number: int(i), Address: value})
	}
}

// address is that of the first link; empty if it has none.
func (n *configured) address() string {
	if len(n.links) == 0 || n.links[0].Number != 0 {
		return ""
	}
	return n.links[0].Address
}

// nodes is the nodelist, by ID.
type nodes []*configured

func nodelist(keys map[string]string) nodes {
	const prefix = "nodelist.node."
	byPlace := map[string]*configured{}
	for key, value := range keys {
		place, name, ok := strings.Cut(strings.TrimPrefix(key, prefix), ".")
		if !ok || !strings.HasPrefix(key, prefix) {
			continue
		}
		if byPlace[place] == nil {
			byPlace[place] = &configured{votes: 1}
		}
		byPlace[place].set(name, value)
	}
	var list nodes
	for _, place := range slices.Sorted(maps.Keys(byPlace)) {
		n := byPlace[place]
		slices.SortFunc(n.links, func(a, b status.Link) int { return cmp.Compare(a.Number, b.Number) })
		list = append(list, n)
	}
	slices.SortStableFunc(list, func(a, b *configured) int { return cmp.Compare(a.id, b.id) })
	return list
}

func (l nodes) name(id qnet.NodeID) string {
	for _, n := range l {
		if n.id == id {
			return n.name
		}
	}
	return ""
}

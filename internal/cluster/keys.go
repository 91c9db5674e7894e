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

// nodes is the nodelist, by ID.
type nodes []status.Absent

func nodelist(keys map[string]string) nodes {
	byPlace := map[string]*status.Absent{}
	for key, value := range keys {
		place, name, ok := strings.Cut(strings.TrimPrefix(key, "nodelist.node."), ".")
		if !ok || !strings.HasPrefix(key, "nodelist.node.") {
			continue
		}
		n := byPlace[place]
		if n == nil {
			n = &status.Absent{Votes: 1}
			byPlace[place] = n
		}
		switch name {
		case "nodeid":
			n.ID = qnet.NodeID(number(value, 0, 32))
		case "name":
			n.Name = value
		case "ring0_addr":
			n.Address = value
		case "quorum_votes":
			n.Votes = uint32(number(value, 1, 32))
		}
	}
	var list nodes
	for _, place := range slices.Sorted(maps.Keys(byPlace)) {
		list = append(list, *byPlace[place])
	}
	slices.SortStableFunc(list, func(a, b status.Absent) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

func (l nodes) name(id qnet.NodeID) string {
	for _, n := range l {
		if n.ID == id {
			return n.Name
		}
	}
	return ""
}

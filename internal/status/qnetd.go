// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// QNetd is a snapshot of an arbiter. It owns all that it points to. Fields
// without a JSON name of their own are words in JSON: see json.go.
type QNetd struct {
	Address    string    `json:"address"` // what it listens on: "*" for every address
	Port       uint16    `json:"port"`
	TLS        string    `json:"tls"` // Unsupported, Supported, Required
	ClientCert bool      `json:"client_certificate_required"`
	Clients    int       `json:"clients"`               // TCP connections, also before Init
	MaxClients int       `json:"max_clients,omitempty"` // 0 is unlimited
	MaxSend    uint32    `json:"max_send_size"`         // bytes
	MaxReceive uint32    `json:"max_receive_size"`      // bytes
	Started    time.Time `json:"started"`
	Register   string    `json:"register,omitempty"`    // ID of the register of grants; empty if it has none
	StoreError string    `json:"store_error,omitempty"` // why grants can't be recorded, if so
	Standby    string    `json:"standby,omitempty"`     // what is kept in the runtime directory, why, and what to do
	Clusters   []Cluster `json:"clusters"`              // with a connected node, by name
}

// Cluster is one cluster's part of a snapshot.
type Cluster struct {
	Name       string          `json:"name"`
	Algorithm  qnet.Algorithm  `json:"-"`
	KAP        bool            `json:"keep_active_partition"` // every node has it on, under ffsplit
	TieBreaker qnet.TieBreaker `json:"-"`
	Nodes      []Node          `json:"nodes"`  // connected, by node ID
	Absent     []Missing       `json:"absent"` // configured and not connected, by node ID
	Ring       qnet.RingID     `json:"-"`      // ring of the partition that has, or is to get, the vote
	Winner     []qnet.NodeID   `json:"winner"`
	Reason     string          `json:"reason"`            // why: the sentence of the last decision
	Since      time.Time       `json:"since"`             // of the last change of Ring or Reason
	Holders    []Holder        `json:"holders"`           // nodes that may be casting the vote, by node ID
	Blocked    string          `json:"blocked,omitempty"` // what keeps the winner waiting, in a sentence
}

// Missing is a node that the configuration of a connected one names, and that is not
// connected itself.
type Missing struct {
	ID   qnet.NodeID `json:"id"`
	Name string      `json:"name,omitempty"` // as in corosync.conf; empty if unknown
}

// Holder is a node that may be casting the device's vote.
type Holder struct {
	Node      qnet.NodeID `json:"node"`
	Ring      qnet.RingID `json:"-"`
	Connected bool        `json:"connected"`
	Until     time.Time   `json:"until"` // when its hold ends, if nothing more is heard of it
}

// Node is one connected node's part of a snapshot.
type Node struct {
	ID               qnet.NodeID     `json:"id"`
	Name             string          `json:"name,omitempty"` // as in corosync.conf; empty if unknown
	Address          string          `json:"address"`        // as the C tools print it
	Heartbeat        uint32          `json:"heartbeat_ms"`
	ConfigVersion    uint64          `json:"-"`
	HasConfigVersion bool            `json:"-"`
	Config           qnet.NodeList   `json:"-"`
	Ring             qnet.RingID     `json:"-"`
	Members          qnet.NodeList   `json:"-"`
	Heuristics       qnet.Heuristics `json:"-"` // the latest of the two below
	MembershipHeur   qnet.Heuristics `json:"-"`
	RegularHeur      qnet.Heuristics `json:"-"`
	TLS              bool            `json:"tls"`
	CertVerified     bool            `json:"certificate_verified"`
	LastVote         qnet.Vote       `json:"-"` // last vote sent in any message
	LastACKNACK      qnet.Vote       `json:"-"`
	LastHeard        time.Time       `json:"last_heard"`
	Silent           bool            `json:"silent"` // did not answer a probe; decided without
}

// Called returns how people call a node: by its name, if that is known.
func (c *Cluster) Called(id qnet.NodeID) string {
	name := ""
	for i := range c.Nodes {
		if c.Nodes[i].ID == id {
			name = c.Nodes[i].Name
		}
	}
	for _, a := range c.Absent {
		if a.ID == id {
			name = a.Name
		}
	}
	if name == "" {
		return "node " + id.String()
	}
	return name
}

// Find returns a copy of s with only the cluster of that name, or with none.
// The empty name finds every cluster, as in the C tools.
func (s *QNetd) Find(cluster string) *QNetd {
	found := *s
	if cluster == "" {
		return &found
	}
	found.Clusters = nil
	for i := range s.Clusters {
		if s.Clusters[i].Name == cluster {
			found.Clusters = s.Clusters[i : i+1 : i+1]
		}
	}
	return &found
}

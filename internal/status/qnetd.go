// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// QNetd is a snapshot of an arbiter. It owns all that it points to. The fields have the
// order of the JSON, here and below.
type QNetd struct {
	Address    string         `json:"address"` // what it listens on: "*" for every address
	Port       uint16         `json:"port"`
	TLS        string         `json:"tls"` // Unsupported, Supported, Required
	ClientCert bool           `json:"client_certificate_required"`
	Clients    int            `json:"clients"`               // TCP connections, also before Init
	MaxClients int            `json:"max_clients,omitempty"` // 0 is unlimited
	MaxSend    uint32         `json:"max_send_size"`         // bytes
	MaxReceive uint32         `json:"max_receive_size"`      // bytes
	Started    time.Time      `json:"started"`
	Register   string         `json:"register,omitempty"`    // ID of the register of grants; empty if it has none
	StoreError string         `json:"store_error,omitempty"` // why grants can't be recorded, if so
	Standby    string         `json:"standby,omitempty"`     // what is kept in the runtime directory, why, and what to do
	Clusters   Array[Cluster] `json:"clusters"`              // with a connected node, by name
}

// Cluster is one cluster's part of a snapshot.
type Cluster struct {
	Name       string             `json:"name"`
	Algorithm  qnet.Algorithm     `json:"algorithm"`
	TieBreaker qnet.TieBreaker    `json:"tie_breaker"`
	Ring       qnet.RingID        `json:"ring,omitzero"`         // ring of the partition that has, or is to get, the vote
	KAP        bool               `json:"keep_active_partition"` // every node has it on, under ffsplit
	Nodes      Array[Node]        `json:"nodes"`                 // connected, by node ID
	Absent     Array[Missing]     `json:"absent"`                // configured and not connected, by node ID
	Winner     Array[qnet.NodeID] `json:"winner"`
	Reason     string             `json:"reason"`            // why: the sentence of the last decision
	Since      time.Time          `json:"since"`             // of the last change of Ring or Reason
	Holders    Array[Holder]      `json:"holders"`           // nodes that may be casting the vote, by node ID
	Blocked    string             `json:"blocked,omitempty"` // what keeps the winner waiting, in a sentence
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
	Connected bool        `json:"connected"`
	Until     time.Time   `json:"until"` // when its hold ends, if nothing more is heard of it
	Ring      qnet.RingID `json:"ring"`
}

// Node is one connected node's part of a snapshot.
type Node struct {
	ID             qnet.NodeID     `json:"id"`
	Name           string          `json:"name,omitempty"` // as in corosync.conf; empty if unknown
	Address        string          `json:"address"`        // as the C tools print it
	Heartbeat      uint32          `json:"heartbeat_ms"`
	TLS            bool            `json:"tls"`
	CertVerified   bool            `json:"certificate_verified"`
	LastHeard      time.Time       `json:"last_heard"`
	Silent         bool            `json:"silent"`                   // did not answer a probe; decided without
	ConfigVersion  *uint64         `json:"config_version,omitempty"` // nil: its corosync.conf has none
	Config         qnet.NodeList   `json:"configured,omitempty"`
	Ring           qnet.RingID     `json:"ring"`
	Members        qnet.NodeList   `json:"members,omitempty"`
	Heuristics     qnet.Heuristics `json:"heuristics"` // the latest of the two below
	MembershipHeur qnet.Heuristics `json:"membership_heuristics"`
	RegularHeur    qnet.Heuristics `json:"regular_heuristics"`
	LastVote       qnet.Vote       `json:"vote,omitzero"` // last vote sent in any message
	LastACKNACK    qnet.Vote       `json:"last_ack_nack,omitzero"`
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

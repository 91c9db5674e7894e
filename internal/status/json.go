// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/quorate/quorate/internal/qnet"
)

// The JSON of a snapshot has words where the wire has numbers: algorithms and
// tie-breakers as corosync.conf spells them ("ffsplit"; "lowest", "highest" or
// a node ID), votes and heuristics as the C tools print them, ring IDs as
// "1.a". What is unknown yet is left out. It decodes into an equal snapshot.

// AppendJSON appends s as one line of JSON, with only the cluster of that name,
// or with all if it is empty.
func AppendJSON(b []byte, s *QNetd, cluster string) ([]byte, error) {
	j, err := json.Marshal(s.Find(cluster))
	if err != nil {
		return b, fmt.Errorf("status as JSON: %w", err)
	}
	return append(append(b, EscapeJSON(j)...), '\n'), nil
}

// The plain types have the fields of their namesakes and none of the methods.
type (
	plainQNetd   QNetd
	plainCluster Cluster
	plainHolder  Holder
	plainNode    Node
)

type clusterJSON struct {
	Name       string `json:"name"` // here for the order only
	Algorithm  string `json:"algorithm"`
	TieBreaker string `json:"tie_breaker"`
	Ring       string `json:"ring,omitempty"`
	plainCluster
}

type holderJSON struct {
	plainHolder
	Ring string `json:"ring"`
}

type nodeJSON struct {
	plainNode
	ConfigVersion  *uint64    `json:"config_version,omitempty"`
	Config         []listNode `json:"configured,omitempty"`
	Ring           string     `json:"ring"`
	Members        []listNode `json:"members,omitempty"`
	Heuristics     string     `json:"heuristics"`
	MembershipHeur string     `json:"membership_heuristics"`
	RegularHeur    string     `json:"regular_heuristics"`
	LastVote       string     `json:"vote,omitempty"`
	LastACKNACK    string     `json:"last_ack_nack,omitempty"`
}

// listNode is one entry of a node list.
type listNode struct {
	ID         qnet.NodeID `json:"id"`
	DataCenter uint32      `json:"data_center,omitempty"`
}

// MarshalJSON implements [json.Marshaler]. Empty lists are [], never null.
func (s QNetd) MarshalJSON() ([]byte, error) {
	s.Clusters = notNil(s.Clusters)
	return json.Marshal(plainQNetd(s))
}

// MarshalJSON implements [json.Marshaler]. Empty lists are [], never null.
func (c Cluster) MarshalJSON() ([]byte, error) {
	c.Nodes, c.Winner, c.Holders = notNil(c.Nodes), notNil(c.Winner), notNil(c.Holders)
	c.Absent = notNil(c.Absent)
	v := clusterJSON{
		plainCluster: plainCluster(c),
		Name:         c.Name,
		Algorithm:    algorithmWord(c.Algorithm),
		TieBreaker:   tieBreakerWord(c.TieBreaker),
	}
	if !c.Ring.IsZero() {
		v.Ring = c.Ring.String()
	}
	return json.Marshal(v)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (c *Cluster) UnmarshalJSON(b []byte) error {
	var v clusterJSON
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*c = Cluster(v.plainCluster)
	c.Name = v.Name
	var err error
	if c.Algorithm, err = ParseAlgorithm(v.Algorithm); err != nil {
		return err
	}
	if c.TieBreaker, err = ParseTieBreaker(v.TieBreaker); err != nil {
		return err
	}
	c.Ring, err = parseRing(v.Ring)
	return err
}

// MarshalJSON implements [json.Marshaler].
func (h Holder) MarshalJSON() ([]byte, error) {
	return json.Marshal(holderJSON{plainHolder: plainHolder(h), Ring: h.Ring.String()})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (h *Holder) UnmarshalJSON(b []byte) error {
	var v holderJSON
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*h = Holder(v.plainHolder)
	var err error
	h.Ring, err = parseRing(v.Ring)
	return err
}

// MarshalJSON implements [json.Marshaler].
func (n Node) MarshalJSON() ([]byte, error) {
	v := nodeJSON{
		plainNode:      plainNode(n),
		Config:         listNodes(n.Config),
		Ring:           n.Ring.String(),
		Members:        listNodes(n.Members),
		Heuristics:     n.Heuristics.String(),
		MembershipHeur: n.MembershipHeur.String(),
		RegularHeur:    n.RegularHeur.String(),
		LastVote:       voteWord(n.LastVote),
		LastACKNACK:    voteWord(n.LastACKNACK),
	}
	if n.HasConfigVersion {
		v.ConfigVersion = &n.ConfigVersion
	}
	return json.Marshal(v)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (n *Node) UnmarshalJSON(b []byte) error {
	var v nodeJSON
	err := json.Unmarshal(b, &v)
	if err != nil {
		return err
	}
	*n = Node(v.plainNode)
	n.HasConfigVersion = v.ConfigVersion != nil
	if n.HasConfigVersion {
		n.ConfigVersion = *v.ConfigVersion
	}
	n.Config, n.Members = nodeList(v.Config), nodeList(v.Members)
	if n.Ring, err = parseRing(v.Ring); err != nil {
		return err
	}
	n.Heuristics, n.MembershipHeur = parseHeuristics(v.Heuristics), parseHeuristics(v.MembershipHeur)
	n.RegularHeur = parseHeuristics(v.RegularHeur)
	n.LastVote, n.LastACKNACK = parseVote(v.LastVote), parseVote(v.LastACKNACK)
	return nil
}

func notNil[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

func listNodes(l qnet.NodeList) []listNode {
	var v []listNode
	for _, n := range l {
		v = append(v, listNode{ID: n.ID, DataCenter: n.DataCenter})
	}
	return v
}

func nodeList(v []listNode) qnet.NodeList {
	var l qnet.NodeList
	for _, n := range v {
		l = append(l, qnet.Node{ID: n.ID, DataCenter: n.DataCenter})
	}
	return l
}

// parseWord returns the value that prints as word, or the first, undefined one:
// a newer daemon may use words that this program does not know.
func parseWord[T fmt.Stringer](word string, values []T) T {
	for _, v := range values {
		if v.String() == word {
			return v
		}
	}
	return values[0]
}

func voteWord(v qnet.Vote) string {
	if v == qnet.VoteUndefined {
		return ""
	}
	return v.String()
}

func algorithmWord(a qnet.Algorithm) string {
	switch a {
	case qnet.Test:
		return "test"
	case qnet.FFSplit:
		return "ffsplit"
	case qnet.TwoNodeLMS:
		return "2nodelms"
	case qnet.LMS:
		return "lms"
	}
	return strconv.Itoa(int(a))
}

// ParseAlgorithm reads an algorithm as corosync.conf spells it, or its number.
func ParseAlgorithm(word string) (qnet.Algorithm, error) {
	for a := qnet.Test; a.Known(); a++ {
		if algorithmWord(a) == word {
			return a, nil
		}
	}
	n, err := strconv.ParseUint(word, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("algorithm %q: unknown", word)
	}
	return qnet.Algorithm(n), nil
}

func tieBreakerWord(t qnet.TieBreaker) string {
	switch t.Mode {
	case qnet.TieBreakerLowest:
		return "lowest"
	case qnet.TieBreakerHighest:
		return "highest"
	case qnet.TieBreakerNode:
		return t.ID.String()
	}
	return ""
}

// ParseTieBreaker reads a tie-breaker as corosync.conf spells it; nothing is none.
func ParseTieBreaker(word string) (qnet.TieBreaker, error) {
	switch word {
	case "":
		return qnet.TieBreaker{}, nil
	case "lowest":
		return qnet.TieBreaker{Mode: qnet.TieBreakerLowest}, nil
	case "highest":
		return qnet.TieBreaker{Mode: qnet.TieBreakerHighest}, nil
	}
	id, err := strconv.ParseUint(word, 10, 32)
	if err != nil {
		return qnet.TieBreaker{}, fmt.Errorf("tie-breaker %q: unknown", word)
	}
	return qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: qnet.NodeID(id)}, nil
}

func parseRing(s string) (qnet.RingID, error) {
	if s == "" {
		return qnet.RingID{}, nil
	}
	node, seq, _ := strings.Cut(s, ".")
	id, errID := strconv.ParseUint(node, 16, 32)
	n, errSeq := strconv.ParseUint(seq, 16, 64)
	if errID != nil || errSeq != nil {
		return qnet.RingID{}, fmt.Errorf("ring ID %q: not of the form 1.a", s)
	}
	return qnet.RingID{Node: qnet.NodeID(id), Seq: n}, nil
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"encoding/json"
	"fmt"

	"github.com/quorate/quorate/internal/qnet"
)

// AppendQDeviceJSON appends s as one line of JSON.
func AppendQDeviceJSON(b []byte, s *QDevice) ([]byte, error) {
	j, err := json.Marshal(s)
	if err != nil {
		return b, fmt.Errorf("status as JSON: %w", err)
	}
	return append(append(b, EscapeJSON(j)...), '\n'), nil
}

type (
	plainQDevice QDevice
	plainCommand HeuristicsCommand
	plainReason  ArbiterReason
)

type qdeviceJSON struct {
	plainQDevice
	ConfigVersion  *uint64     `json:"config_version,omitempty"`
	Config         []listNode  `json:"configured"`
	Ring           string      `json:"ring,omitempty"`
	Quorum         []stateNode `json:"quorum"`
	Algorithm      string      `json:"algorithm"`
	TieBreaker     string      `json:"tie_breaker"`
	Heuristics     string      `json:"heuristics"`
	RegularHeur    string      `json:"regular_heuristics"`
	MembershipHeur string      `json:"membership_heuristics"`
	ConnectHeur    string      `json:"connect_heuristics"`
	Vote           string      `json:"vote,omitempty"`
}

// stateNode is one entry of a quorum list.
type stateNode struct {
	ID    qnet.NodeID `json:"id"`
	State string      `json:"state"`
}

type commandJSON struct {
	plainCommand
	Result string `json:"result"`
}

// MarshalJSON implements [json.Marshaler]. Empty lists are [], never null.
func (s QDevice) MarshalJSON() ([]byte, error) {
	s.Members, s.Commands, s.Arbiters = notNil(s.Members), notNil(s.Commands), notNil(s.Arbiters)
	v := qdeviceJSON{
		plainQDevice: plainQDevice(s), Config: notNil(listNodes(s.Config)), Quorum: []stateNode{},
		Algorithm: algorithmWord(s.Algorithm), TieBreaker: tieBreakerWord(s.TieBreaker), Vote: voteWord(s.Vote),
		Heuristics: s.Heuristics.String(), RegularHeur: s.RegularHeur.String(),
		MembershipHeur: s.MembershipHeur.String(), ConnectHeur: s.ConnectHeur.String(),
	}
	if s.HasConfigVersion {
		v.ConfigVersion = &s.ConfigVersion
	}
	if !s.Ring.IsZero() {
		v.Ring = s.Ring.String()
	}
	for _, n := range s.Quorum {
		v.Quorum = append(v.Quorum, stateNode{n.ID, n.State.String()})
	}
	return json.Marshal(v)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *QDevice) UnmarshalJSON(b []byte) error {
	var v qdeviceJSON
	err := json.Unmarshal(b, &v)
	if err != nil {
		return err
	}
	*s = QDevice(v.plainQDevice)
	if s.HasConfigVersion = v.ConfigVersion != nil; s.HasConfigVersion {
		s.ConfigVersion = *v.ConfigVersion
	}
	s.Config = nodeList(v.Config)
	for _, n := range v.Quorum {
		s.Quorum = append(s.Quorum, qnet.Node{ID: n.ID, State: parseState(n.State)})
	}
	if s.Ring, err = parseRing(v.Ring); err != nil {
		return err
	}
	if s.Algorithm, err = ParseAlgorithm(v.Algorithm); err != nil {
		return err
	}
	if s.TieBreaker, err = ParseTieBreaker(v.TieBreaker); err != nil {
		return err
	}
	s.Heuristics, s.RegularHeur = parseHeuristics(v.Heuristics), parseHeuristics(v.RegularHeur)
	s.MembershipHeur, s.ConnectHeur = parseHeuristics(v.MembershipHeur), parseHeuristics(v.ConnectHeur)
	s.Vote = parseVote(v.Vote)
	return nil
}

type reasonJSON struct {
	plainReason
	Ring string `json:"ring"`
}

// MarshalJSON implements [json.Marshaler].
func (r ArbiterReason) MarshalJSON() ([]byte, error) {
	return json.Marshal(reasonJSON{plainReason(r), r.Ring.String()})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (r *ArbiterReason) UnmarshalJSON(b []byte) error {
	var v reasonJSON
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*r = ArbiterReason(v.plainReason)
	var err error
	r.Ring, err = parseRing(v.Ring)
	return err
}

// MarshalJSON implements [json.Marshaler].
func (c HeuristicsCommand) MarshalJSON() ([]byte, error) {
	return json.Marshal(commandJSON{plainCommand(c), c.Result.String()})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (c *HeuristicsCommand) UnmarshalJSON(b []byte) error {
	var v commandJSON
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*c = HeuristicsCommand(v.plainCommand)
	c.Result = parseHeuristics(v.Result)
	return nil
}

func parseHeuristics(word string) qnet.Heuristics {
	return parseWord(word, []qnet.Heuristics{qnet.HeuristicsUndefined, qnet.HeuristicsPass, qnet.HeuristicsFail})
}

func parseVote(word string) qnet.Vote {
	return parseWord(word, []qnet.Vote{qnet.VoteUndefined, qnet.VoteACK, qnet.VoteNACK, qnet.VoteAskLater,
		qnet.VoteWaitForReply, qnet.VoteNoChange})
}

func parseState(word string) qnet.NodeState {
	return parseWord(word, []qnet.NodeState{qnet.NodeStateNotSet, qnet.NodeStateMember, qnet.NodeStateDead, qnet.NodeStateLeaving})
}

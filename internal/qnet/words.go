// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnet

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// words are what a value is called. They stand in this file and nowhere else.
type words[T comparable] struct {
	value T
	name  string // in corosync.conf, in our JSON and in scenario files
	text  string // as the C programs print it
}

// table has the words of a type's values.
type table[T comparable] []words[T]

var algorithms = table[Algorithm]{
	{Test, "test", "Test"},
	{FFSplit, "ffsplit", "Fifty-Fifty split"},
	{TwoNodeLMS, "2nodelms", "2 Node LMS"},
	{LMS, "lms", "LMS"},
}

// tieBreakers are those that have a name. The others are a node, whose ID is their name.
var tieBreakers = table[TieBreakerMode]{
	{TieBreakerLowest, "lowest", "Node with lowest node ID"},
	{TieBreakerHighest, "highest", "Node with highest node ID"},
}

// tieBreakerNode is how the C programs print a tie-breaker that is a node, before its ID.
const tieBreakerNode = "Node with node ID "

// Of these the name and the text are one word, at the place of its value. The first
// stands for every value and every word that is not here: a newer program may use more.
var (
	votes            = []string{"Undefined", "ACK", "NACK", "Ask later", "Wait for reply", "No change"}
	heuristicResults = []string{"Undefined", "Pass", "Fail"}
	nodeStates       = []string{"not set", "member", "dead", "leaving"}
)

// of returns the words of a value; they are empty if it has none.
func (l table[T]) of(v T) words[T] {
	if i := slices.IndexFunc(l, func(w words[T]) bool { return w.value == v }); i >= 0 {
		return l[i]
	}
	return words[T]{}
}

func (l table[T]) named(name string) (v T, ok bool) {
	return l.find(func(w words[T]) bool { return w.name == name })
}

func (l table[T]) printed(text string) (v T, ok bool) {
	return l.find(func(w words[T]) bool { return w.text == text })
}

func (l table[T]) find(match func(words[T]) bool) (v T, ok bool) {
	if i := slices.IndexFunc(l, match); i >= 0 {
		return l[i].value, true
	}
	return v, false
}

func (l table[T]) names() []string {
	list := make([]string, len(l))
	for i, w := range l {
		list[i] = w.name
	}
	return list
}

func wordOf[T ~uint8](list []string, v T) string {
	if int(v) < len(list) {
		return list[v]
	}
	return list[0]
}

func valueOf[T ~uint8](list []string, word string) T {
	return T(max(0, slices.Index(list, word)))
}

// String prints the algorithm as the C tools do.
func (a Algorithm) String() string {
	return cmp.Or(algorithms.of(a).text, "Unknown algorithm "+strconv.Itoa(int(a)))
}

// Name is the algorithm as corosync.conf spells it; of an unknown one, its number.
func (a Algorithm) Name() string {
	return cmp.Or(algorithms.of(a).name, strconv.Itoa(int(a)))
}

// AlgorithmNames lists the algorithms as corosync.conf spells them.
func AlgorithmNames() []string { return algorithms.names() }

// AlgorithmNamed returns the algorithm that corosync.conf spells so.
func AlgorithmNamed(name string) (Algorithm, bool) { return algorithms.named(name) }

// AlgorithmPrinted returns the algorithm that the C tools print so.
func AlgorithmPrinted(text string) (Algorithm, bool) { return algorithms.printed(text) }

// MarshalText implements [encoding.TextMarshaler]: its Name.
func (a Algorithm) MarshalText() ([]byte, error) { return []byte(a.Name()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]: a name, or any number.
func (a *Algorithm) UnmarshalText(b []byte) error {
	if known, ok := AlgorithmNamed(string(b)); ok {
		*a = known
		return nil
	}
	n, err := strconv.ParseUint(string(b), 10, 16)
	if err != nil {
		return fmt.Errorf("algorithm %q: unknown", b)
	}
	*a = Algorithm(n)
	return nil
}

// Known reports whether m is one of the modes that have a name, or a node.
func (m TieBreakerMode) Known() bool { return m == TieBreakerNode || tieBreakers.of(m).name != "" }

// String prints the tie-breaker as the C tools do.
func (t TieBreaker) String() string {
	if t.Mode == TieBreakerNode {
		return tieBreakerNode + t.ID.String()
	}
	return cmp.Or(tieBreakers.of(t.Mode).text, "Unknown tie-breaker")
}

// Name is the tie-breaker as corosync.conf spells it; empty for none.
func (t TieBreaker) Name() string {
	if t.Mode == TieBreakerNode {
		return t.ID.String()
	}
	return tieBreakers.of(t.Mode).name
}

// TieBreakerNames lists the tie-breakers that are no node, as corosync.conf spells them.
func TieBreakerNames() []string { return tieBreakers.names() }

// TieBreakerChoice says what may stand there: "lowest, highest or a node ID".
func TieBreakerChoice() string { return strings.Join(TieBreakerNames(), ", ") + " or a node ID" }

// TieBreakerNamed returns the tie-breaker that corosync.conf spells so, unless it is a
// node: which numbers are node IDs is for the caller to say.
func TieBreakerNamed(name string) (TieBreaker, bool) {
	mode, ok := tieBreakers.named(name)
	return TieBreaker{Mode: mode}, ok
}

// TieBreakerPrinted returns the tie-breaker that the C tools print so, and for one that
// is a node its ID as it stands there.
func TieBreakerPrinted(text string) (t TieBreaker, id string, ok bool) {
	if id, ok = strings.CutPrefix(text, tieBreakerNode); ok {
		return TieBreaker{Mode: TieBreakerNode}, id, true
	}
	mode, ok := tieBreakers.printed(text)
	return TieBreaker{Mode: mode}, "", ok
}

// MarshalText implements [encoding.TextMarshaler]: its Name.
func (t TieBreaker) MarshalText() ([]byte, error) { return []byte(t.Name()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]: a name, any node ID, or nothing,
// which is none.
func (t *TieBreaker) UnmarshalText(b []byte) error {
	known, ok := TieBreakerNamed(string(b))
	if ok || len(b) == 0 {
		*t = known
		return nil
	}
	id, err := strconv.ParseUint(string(b), 10, 32)
	if err != nil {
		return fmt.Errorf("tie-breaker %q: unknown", b)
	}
	*t = TieBreaker{Mode: TieBreakerNode, ID: NodeID(id)}
	return nil
}

// String prints the vote as the C tools do.
func (v Vote) String() string { return wordOf(votes, v) }

// MarshalText implements [encoding.TextMarshaler].
func (v Vote) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]. An unknown vote is undefined.
func (v *Vote) UnmarshalText(b []byte) error {
	*v = valueOf[Vote](votes, string(b))
	return nil
}

// String prints the result as the C tools do.
func (h Heuristics) String() string { return wordOf(heuristicResults, h) }

// ParseHeuristics reads a result as the C tools print it. An unknown one is undefined.
func ParseHeuristics(text string) Heuristics { return valueOf[Heuristics](heuristicResults, text) }

// MarshalText implements [encoding.TextMarshaler].
func (h Heuristics) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler], as ParseHeuristics.
func (h *Heuristics) UnmarshalText(b []byte) error {
	*h = ParseHeuristics(string(b))
	return nil
}

// String prints the state as the C tools do.
func (s NodeState) String() string { return wordOf(nodeStates, s) }

// ParseNodeState reads a state as the C tools print it. An unknown one is not set.
func ParseNodeState(text string) NodeState { return valueOf[NodeState](nodeStates, text) }

// MarshalText implements [encoding.TextMarshaler].
func (s NodeState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler], as ParseNodeState.
func (s *NodeState) UnmarshalText(b []byte) error {
	*s = ParseNodeState(string(b))
	return nil
}

// String prints the ID as the C tools do: both halves in hexadecimal.
func (r RingID) String() string { return fmt.Sprintf("%x.%x", uint32(r.Node), r.Seq) }

// MarshalText implements [encoding.TextMarshaler].
func (r RingID) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]; nothing is no ring.
func (r *RingID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*r = RingID{}
		return nil
	}
	node, seq, _ := strings.Cut(string(b), ".")
	id, errID := strconv.ParseUint(node, 16, 32)
	n, errSeq := strconv.ParseUint(seq, 16, 64)
	if errID != nil || errSeq != nil {
		return fmt.Errorf("ring ID %q: not of the form 1.a", b)
	}
	*r = RingID{Node: NodeID(id), Seq: n}
	return nil
}

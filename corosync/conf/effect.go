// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

// An Effect is what a problem says will happen, in a form that a program can try
// out. The zero Effect says nothing that could be tried.
type Effect struct {
	Kind  EffectKind // empty in the zero Effect
	Nodes []uint32   // IDs of the nodes that it is about; empty: of any node
	Keys  []string   // the keys that it is about, of KeysIdle
}

// An EffectKind is one of the things that a problem can say.
type EffectKind string

// The kinds. "Stops" is that no part of the cluster is quorate.
const (
	// RestStops: when one of the nodes is lost, the rest stops.
	RestStops EffectKind = "rest stops"
	// HalvesStop: when the cluster splits into two halves with equal votes, both stop.
	HalvesStop EffectKind = "halves stop"
	// FewGoOn: in a split, each part of one or two nodes goes on if one of the
	// nodes is in it.
	FewGoOn EffectKind = "few go on"
	// StartsApart: when all nodes start without a link to each other, each of the
	// nodes becomes quorate.
	StartsApart EffectKind = "each starts alone"
	// LostStartApart: after all nodes but the two lowest were lost one by one, the
	// lost ones start without a link to those two, and both sides are quorate.
	LostStartApart EffectKind = "lost nodes start apart"
	// RunsAlone: one of the nodes that starts alone becomes quorate with the
	// device's vote, with wait_for_all too.
	RunsAlone EffectKind = "runs alone"
	// RunsAloneUnlessWait: as RunsAlone, but with wait_for_all it waits.
	RunsAloneUnlessWait EffectKind = "runs alone unless it waits"
	// LastStops: when all but one of the nodes are lost one by one, it stops.
	LastStops EffectKind = "last node stops"
	// ArbiterStops: when the arbiter is lost, the nodes stop.
	ArbiterStops EffectKind = "stops without arbiter"
	// ArbiterThenRestStops: when the arbiter is lost, and then any node, the rest stops.
	ArbiterThenRestStops EffectKind = "rest stops without arbiter"
	// KeepsVote: when the arbiter is lost, the nodes go on counting the device's vote.
	KeepsVote EffectKind = "keeps the vote"
	// LowestHalf: of two parts with as many nodes, the one with the lowest node ID gets
	// the device's vote.
	LowestHalf EffectKind = "lowest half gets the vote"
	// KeysIdle: without the keys it would all be the same. Of two_node only its
	// wait_for_all stays.
	KeysIdle EffectKind = "keys change nothing"
	// DeviceIdle: without the device the same parts would be quorate.
	DeviceIdle EffectKind = "device changes nothing"
)

// means notes what the problem that was reported last says will happen.
func (l *linter) means(kind EffectKind, nodes ...uint32) {
	l.found[len(l.found)-1].Effect = Effect{Kind: kind, Nodes: nodes}
}

// idle notes that the problem that was reported last says of keys that they change
// nothing.
func (l *linter) idle(keys ...string) {
	l.found[len(l.found)-1].Effect = Effect{Kind: KeysIdle, Keys: keys}
}

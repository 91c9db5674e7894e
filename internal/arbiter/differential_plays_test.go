// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// diffPlay is one row of TestAgainstC.
type diffPlay struct {
	name  string
	steps func(cluster string) []diffStep
	votes map[string]qnet.Vote
}

func seq(n uint32) wire.Opt[uint32] { return wire.Some(n) }

// joined is a node up to its Init; change may alter that.
func joined(who, cluster string, node qnet.NodeID, ring qnet.RingID, change func(*wire.Init)) []diffStep {
	init := initMessage(node, ring)
	init.Seq = seq(2)
	if change != nil {
		change(&init)
	}
	return []diffStep{{who: who, msg: wire.Preinit{Seq: seq(1), ClusterName: wire.Some(cluster)}}, {who: who, msg: init}}
}

func listed(who string, n uint32, kind qnet.ListType, ring qnet.RingID, ids ...qnet.NodeID) diffStep {
	m := wire.NodeList{Seq: seq(n), ListType: wire.Some(kind), Nodes: nodes(ids...)}
	switch kind {
	case qnet.Membership:
		m.RingID = wire.Some(ring)
	case qnet.Quorum:
		m.Quorate = wire.Some(uint8(1))
	}
	return diffStep{who: who, msg: m}
}

// member is a node with all its lists.
func member(who, cluster string, node qnet.NodeID, ring qnet.RingID, change func(*wire.Init), ids ...qnet.NodeID) []diffStep {
	return append(joined(who, cluster, node, ring, change),
		listed(who, 4, qnet.InitialConfig, ring, 1, 2), listed(who, 5, qnet.Membership, ring, ids...), listed(who, 6, qnet.Quorum, ring, ids...))
}

func with(algorithm qnet.Algorithm) func(*wire.Init) {
	return func(m *wire.Init) { m.Algorithm = wire.Some(algorithm) }
}

func join(lists ...[]diffStep) (all []diffStep) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

var (
	aloneOne = qnet.RingID{Node: 1, Seq: 0x10}
	aloneTwo = qnet.RingID{Node: 2, Seq: 0x10}
	bothACK  = map[string]qnet.Vote{"one": qnet.VoteACK, "two": qnet.VoteACK}
	oneACK   = map[string]qnet.Vote{"one": qnet.VoteACK, "two": qnet.VoteNACK}
	twoACK   = map[string]qnet.Vote{"one": qnet.VoteNACK, "two": qnet.VoteACK}
)

// pairOf is two nodes that are together.
func pairOf(cluster string, change func(*wire.Init)) []diffStep {
	return join(member("one", cluster, 1, whole, change, 1, 2), member("two", cluster, 2, whole, change, 1, 2))
}

// halves cuts them apart.
func halves() []diffStep {
	return []diffStep{listed("one", 7, qnet.Membership, aloneOne, 1), listed("two", 7, qnet.Membership, aloneTwo, 2)}
}

// better gives node 2 the better heuristics after a split. Node 1 may have had the vote by
// then, and keeps it until it says that it is not quorate (H3).
func better() []diffStep {
	lost := wire.NodeList{Seq: seq(10), ListType: wire.Some(qnet.Quorum), Nodes: nodes(1), Quorate: wire.Some(uint8(0))}
	return []diffStep{{who: "two", msg: wire.HeuristicsChange{Seq: seq(9), Heuristics: qnet.HeuristicsPass}}, {who: "one", want: qnet.VoteNACK}, {who: "one", msg: lost}}
}

func diffPlays() []diffPlay {
	return append(append(votePlays(), messagePlays()...), initPlays()...)
}

func votePlays() []diffPlay {
	return []diffPlay{
		{"ffsplit, whole", func(n string) []diffStep { return pairOf(n, nil) }, bothACK},
		{"ffsplit, split", func(n string) []diffStep { return join(pairOf(n, nil), halves()) }, oneACK},
		{"ffsplit, split, highest", func(n string) []diffStep {
			return join(pairOf(n, func(m *wire.Init) { m.TieBreaker = wire.Some(qnet.TieBreaker{Mode: qnet.TieBreakerHighest}) }), halves())
		}, twoACK},
		{"ffsplit, split, node ID", func(n string) []diffStep {
			return join(pairOf(n, func(m *wire.Init) { m.TieBreaker = wire.Some(qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: 2}) }), halves())
		}, twoACK},
		{"ffsplit, split and together again", func(n string) []diffStep {
			again := qnet.RingID{Node: 1, Seq: 0x20}
			return join(pairOf(n, nil), halves(), []diffStep{listed("one", 8, qnet.Membership, again, 1, 2), listed("two", 8, qnet.Membership, again, 1, 2)})
		}, bothACK},
		{"ffsplit, heuristics", func(n string) []diffStep {
			return join(pairOf(n, nil), []diffStep{{who: "one", msg: wire.HeuristicsChange{Seq: seq(9), Heuristics: qnet.HeuristicsFail}}}, halves())
		}, oneACK}, // a membership list without heuristics says that there are none
		{"ffsplit, heuristics after the split", func(n string) []diffStep { return join(pairOf(n, nil), halves(), better()) }, twoACK},
		{"ffsplit, heuristics after the vote", func(n string) []diffStep {
			return join(pairOf(n, nil), halves(), []diffStep{{who: "one", want: qnet.VoteACK}}, better())
		}, twoACK},
		{"ffsplit, keep active partition", func(n string) []diffStep {
			on := wire.SetOption{Seq: seq(3), KeepActivePartition: wire.Some(uint8(1))}
			return join(pairOf(n, nil), []diffStep{{who: "one", msg: on}, {who: "two", msg: on}, {who: "two", want: qnet.VoteACK},
				{who: "one"}, listed("two", 7, qnet.Membership, aloneTwo, 2), {who: "two", want: qnet.VoteACK}}, joined("one again", n, 1, aloneOne, nil), []diffStep{{who: "one again", msg: on},
				listed("one again", 4, qnet.InitialConfig, aloneOne, 1, 2), listed("one again", 5, qnet.Membership, aloneOne, 1)})
		}, map[string]qnet.Vote{"two": qnet.VoteACK, "one again": qnet.VoteNACK}},
		{"ffsplit, changed config", func(n string) []diffStep {
			return join(pairOf(n, nil), []diffStep{listed("one", 7, qnet.ChangedConfig, whole, 1, 2), listed("two", 7, qnet.ChangedConfig, whole, 1, 2)})
		}, bothACK},
		{"lms, whole", func(n string) []diffStep {
			return join(pairOf(n, with(qnet.LMS)), []diffStep{{who: "one", msg: wire.AskForVote{Seq: seq(9)}}})
		}, nil}, // C tells lms votes in replies
		{"2nodelms, whole", func(n string) []diffStep {
			return join(pairOf(n, with(qnet.TwoNodeLMS)), []diffStep{{who: "two", msg: wire.AskForVote{Seq: seq(9)}}})
		}, nil},
		{"2nodelms, three nodes", func(n string) []diffStep {
			return join(joined("one", n, 1, whole, with(qnet.TwoNodeLMS)), []diffStep{listed("one", 4, qnet.InitialConfig, whole, 1, 2, 3)})
		}, nil},
		{"test", func(n string) []diffStep {
			return join(pairOf(n, with(qnet.Test)), []diffStep{{who: "one", msg: wire.AskForVote{Seq: seq(9)}}})
		}, nil},
	}
}

func messagePlays() []diffPlay {
	one := func(steps ...diffStep) func(string) []diffStep {
		return func(n string) []diffStep {
			for i := range steps {
				steps[i].who = "one"
			}
			return join(joined("one", n, 1, whole, nil), steps)
		}
	}
	first := func(m wire.Message) func(string) []diffStep {
		return func(string) []diffStep { return []diffStep{{who: "one", msg: m}} }
	}
	return []diffPlay{
		{"messages before the Init", func(n string) []diffStep {
			var l []diffStep
			for _, m := range []wire.Message{
				wire.Preinit{Seq: seq(1), ClusterName: wire.Some(n)}, wire.SetOption{Seq: seq(2)}, wire.EchoRequest{Seq: seq(3)},
				wire.NodeList{Seq: seq(4), ListType: wire.Some(qnet.Quorum)}, wire.AskForVote{Seq: seq(5)}, wire.VoteInfoReply{Seq: seq(6)},
				wire.HeuristicsChange{Seq: seq(7), Heuristics: qnet.HeuristicsPass},
			} {
				l = append(l, diffStep{who: "one", msg: m})
			}
			return l
		}, nil},
		{"messages of the other side", one(
			diffStep{msg: wire.PreinitReply{Seq: seq(3)}}, diffStep{msg: wire.InitReply{Seq: seq(4), Code: wire.Some(wire.NoError)}},
			diffStep{msg: wire.ServerError{Seq: seq(5), Code: wire.Some(wire.ErrInternal)}}, diffStep{msg: wire.SetOptionReply{Seq: seq(6)}},
			diffStep{msg: wire.EchoReply{Seq: seq(7)}}, diffStep{msg: wire.NodeListReply{Seq: seq(8)}}, diffStep{msg: wire.AskForVoteReply{Seq: seq(9)}},
			diffStep{msg: wire.VoteInfo{Seq: seq(10)}}, diffStep{msg: wire.HeuristicsChangeReply{Seq: seq(11)}}), nil},
		{"StartTLS before the Preinit", first(wire.StartTLS{Seq: seq(9)}), nil},
		{"StartTLS with TLS off", func(n string) []diffStep {
			return []diffStep{{who: "one", msg: wire.Preinit{Seq: seq(1), ClusterName: wire.Some(n)}}, {who: "one", msg: wire.StartTLS{Seq: seq(2)}}}
		}, nil},
		{"Preinit without a name", first(wire.Preinit{Seq: seq(9)}), nil},
		{"Preinit without a number", func(n string) []diffStep {
			return []diffStep{{who: "one", msg: wire.Preinit{ClusterName: wire.Some(n)}}}
		}, nil},
		{"options", one(
			diffStep{msg: wire.SetOption{Seq: seq(3)}}, diffStep{msg: wire.SetOption{Seq: seq(4), Heartbeat: wire.Some(uint32(3000)), KeepActivePartition: wire.Some(uint8(1))}},
			diffStep{msg: wire.SetOption{Seq: seq(5), Heartbeat: wire.Some(uint32(999))}}, diffStep{msg: wire.SetOption{Seq: seq(6), Heartbeat: wire.Some(uint32(120001))}},
			diffStep{msg: wire.SetOption{KeepActivePartition: wire.Some(uint8(0))}}), nil},
		{"echo with all kinds of options", one(
			diffStep{raw: []byte{0, 8, 0, 0, 0, 14, 0, 0, 0, 4, 0, 0, 0, 7, 0x7f, 0xff, 0, 2, 1, 2}},
			diffStep{raw: []byte{0, 8, 0, 0, 0, 4, 0x7f, 0xff, 0, 0}}), nil},
		{"lists that lack something", one(
			diffStep{msg: wire.NodeList{Seq: seq(3), Nodes: nodes(1, 2)}}, diffStep{msg: wire.NodeList{ListType: wire.Some(qnet.InitialConfig), Nodes: nodes(1, 2)}},
			diffStep{msg: wire.NodeList{Seq: seq(5), ListType: wire.Some(qnet.Membership), Nodes: nodes(1, 2)}},
			diffStep{msg: wire.NodeList{Seq: seq(6), ListType: wire.Some(qnet.Quorum), Nodes: nodes(1, 2)}},
			listed("", 7, qnet.InitialConfig, whole, 2, 3), listed("", 8, qnet.InitialConfig, whole), listed("", 9, qnet.Membership, whole, 2, 3),
			listed("", 10, qnet.Membership, whole), listed("", 11, qnet.Quorum, whole)), nil},
		{"votes and heuristics that lack something", one(
			diffStep{msg: wire.AskForVote{}}, diffStep{msg: wire.AskForVote{Seq: seq(3)}}, diffStep{msg: wire.VoteInfoReply{}}, diffStep{msg: wire.VoteInfoReply{Seq: seq(77)}},
			diffStep{msg: wire.HeuristicsChange{Seq: seq(4)}}, diffStep{msg: wire.HeuristicsChange{Heuristics: qnet.HeuristicsPass}},
			diffStep{msg: wire.HeuristicsChange{Seq: seq(5), Heuristics: qnet.HeuristicsPass}}), nil},
		{"frames that are no messages", one(
			diffStep{raw: []byte{0, 18, 0, 0, 0, 3, 1, 2, 3}}, diffStep{raw: append([]byte{0, 3, 0, 0, 0x7f, 0xfb}, make([]byte, 0x7ffb)...)},
			diffStep{raw: []byte{0, 8, 0, 0, 0, 0}}, diffStep{raw: []byte{0, 8, 0, 0, 0, 9, 0, 0, 0, 4, 0, 0, 0, 7, 1}},
			diffStep{raw: []byte{0, 10, 0, 0, 0, 13, 0, 0, 0, 4, 0, 0, 0, 7, 0, 18, 0, 1, 9}}, diffStep{raw: []byte{0, 10, 0, 0, 0, 13, 0, 18, 0, 1, 9, 0, 0, 0, 4, 0, 0, 0, 7}}), nil},
	}
}

func initPlays() []diffPlay {
	beside := func(change func(*wire.Init)) func(string) []diffStep {
		return func(n string) []diffStep {
			return join(joined("one", n, 1, whole, nil), joined("two", n, 2, whole, change))
		}
	}
	var none wire.Opt[uint32]
	return []diffPlay{
		{"Init without a Preinit", func(string) []diffStep { return []diffStep{{who: "one", msg: initMessage(1, whole)}} }, nil},
		{"Init, same node", beside(func(m *wire.Init) { m.NodeID = wire.Some(qnet.NodeID(1)) }), nil},
		{"Init, other tie-breaker", beside(func(m *wire.Init) { m.TieBreaker = wire.Some(qnet.TieBreaker{Mode: qnet.TieBreakerHighest}) }), nil},
		{"Init, other algorithm", beside(with(qnet.LMS)), nil},
		{"Init, other tie-breaker and node", beside(func(m *wire.Init) {
			m.TieBreaker, m.NodeID = wire.Some(qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: 4}), wire.Some(qnet.NodeID(1))
		}), nil},
		{"Init, unknown algorithm", beside(with(9)), nil},
		{"Init, no node", beside(func(m *wire.Init) { m.NodeID = wire.Opt[qnet.NodeID]{} }), nil},
		{"Init, no ring", beside(func(m *wire.Init) { m.RingID = wire.Opt[qnet.RingID]{} }), nil},
		{"Init, no heartbeat", beside(func(m *wire.Init) { m.Heartbeat = none }), nil},
		{"Init, heartbeat too short", beside(func(m *wire.Init) { m.Heartbeat = wire.Some(uint32(999)) }), nil},
		{"Init, heartbeat too long", beside(func(m *wire.Init) { m.Heartbeat = wire.Some(uint32(120001)) }), nil},
		{"Init, no tie-breaker", beside(func(m *wire.Init) { m.TieBreaker = wire.Opt[qnet.TieBreaker]{} }), nil},
		{"Init, no algorithm", beside(func(m *wire.Init) { m.Algorithm = wire.Opt[qnet.Algorithm]{} }), nil},
		{"Init, no number", beside(func(m *wire.Init) { m.Seq = none }), nil},
		{"Init, with what is supported", beside(func(m *wire.Init) {
			m.SupportedMessages, m.SupportedOptions = wire.Some(wire.SupportedMessages()), wire.Some(wire.SupportedOptions())
		}), nil},
		{"Init, refused and tried again", func(n string) []diffStep {
			again := initMessage(2, whole)
			again.Seq = seq(3)
			return join(joined("one", n, 1, whole, nil), joined("two", n, 1, whole, nil), []diffStep{{who: "two", msg: again}})
		}, nil},
	}
}

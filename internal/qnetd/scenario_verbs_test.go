// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd_test

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/wire"
)

// scenarioArgs are the words behind a verb: key=value, or a word alone.
type scenarioArgs struct {
	words []string
	keys  map[string]string
}

func parseArgs(f []string) scenarioArgs {
	a := scenarioArgs{keys: map[string]string{}}
	for _, s := range f {
		if k, v, ok := strings.Cut(s, "="); ok {
			a.keys[k] = v
			continue
		}
		a.words = append(a.words, s)
	}
	return a
}

func (a scenarioArgs) has(word string) bool {
	for _, w := range a.words {
		if w == word {
			return true
		}
	}
	return false
}

func (p *player) number(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	p.must(err)
	return n
}

// ringID reads "1.a": both halves are hexadecimal, as the C tools print them.
func (p *player) ringID(s string) qnet.RingID {
	var r qnet.RingID
	_, err := fmt.Sscanf(s, "%x.%x", &r.Node, &r.Seq)
	p.must(err)
	return r
}

func (p *player) list(s string) (l qnet.NodeList) {
	for id := range strings.SplitSeq(s, ",") {
		l = append(l, qnet.Node{ID: qnet.NodeID(p.number(id))})
	}
	return l
}

func (p *player) seq(name string) wire.Opt[uint32] {
	p.seqs[name]++
	return wire.Some(p.seqs[name])
}

// verb plays what the connection NAME does.
func (p *player) verb(name, verb string, a scenarioArgs) {
	switch verb {
	case "connect":
		p.connect(name)
	case "join": // everything up to the first vote
		p.connect(name)
		p.send(name, wire.Preinit{Seq: p.seq(name), ClusterName: wire.Some("prod")})
		p.send(name, p.init(name, a))
		p.verb(name, "config", scenarioArgs{words: []string{a.keys["config"]}, keys: a.keys})
		p.verb(name, "report", scenarioArgs{words: []string{a.keys["ring"], a.keys["members"]}, keys: a.keys})
	case "lost":
		p.lost(name)
	case "secured":
		p.step(qnetd.Secured{Conn: p.conns[name], Cert: a.keys["cn"] != "", CN: a.keys["cn"]})
	case "mute":
		p.mute[name] = true
	case "speak":
		delete(p.mute, name)
	case "garbled":
		fault := map[string]wire.Fault{"type": wire.FaultUnknownType, "long": wire.FaultTooLong, "bytes": wire.FaultUndecodable}[a.words[0]]
		p.step(qnetd.Garbled{Conn: p.conns[name], Malformed: wire.Malformed{Fault: fault}})
	default:
		p.send(name, p.message(name, verb, a))
	}
}

func (p *player) connect(name string) {
	p.nextID++
	p.conns[name], p.names[p.nextID], p.seqs[name] = p.nextID, name, 0
	p.step(qnetd.Connected{Conn: p.nextID, Addr: "192.0.2." + strconv.Itoa(int(p.nextID)) + ":5000"})
}

func (p *player) lost(name string) {
	id := p.conns[name]
	delete(p.conns, name)
	p.step(qnetd.Disconnected{Conn: id, Why: "closed by peer"})
}

func (p *player) send(name string, m wire.Message) {
	p.step(qnetd.Received{Conn: p.conns[name], Msg: m})
}

func (p *player) message(name, verb string, a scenarioArgs) wire.Message {
	switch verb {
	case "preinit":
		m := wire.Preinit{Seq: p.seq(name)}
		if len(a.words) > 0 {
			m.ClusterName = wire.Some(a.words[0])
		}
		return m
	case "starttls":
		return wire.StartTLS{Seq: p.seq(name)}
	case "init":
		return p.init(name, a)
	case "set":
		return p.setOption(name, a)
	case "echo":
		return wire.EchoRequest{Seq: p.seq(name)}
	case "config":
		m := wire.NodeList{Seq: p.seq(name), ListType: wire.Some(qnet.InitialConfig), Nodes: p.list(a.words[0])}
		if a.has("changed") {
			m.ListType = wire.Some(qnet.ChangedConfig)
		}
		if a.keys["names"] != "" {
			m.Names = wire.Names(p.called(a.keys["names"]))
		}
		return m
	case "report":
		return p.report(name, a)
	case "quorum":
		m := wire.NodeList{Seq: p.seq(name), ListType: wire.Some(qnet.Quorum), Quorate: wire.Some(uint8(1)), Nodes: p.list(a.words[0])}
		if a.has("lost") {
			m.Quorate.V = 0
		}
		return m
	case "list": // a node list without what its kind needs
		return p.badList(name, a)
	case "ask":
		return wire.AskForVote{Seq: p.seq(name)}
	case "answer":
		if len(a.words) == 0 {
			return wire.VoteInfoReply{}
		}
		return wire.VoteInfoReply{Seq: wire.Some(uint32(p.number(a.words[0])))}
	case "heuristics":
		m := wire.HeuristicsChange{Seq: p.seq(name)}
		if len(a.words) > 0 {
			m.Heuristics = heuristics(a.words[0])
		}
		return m
	case "echo-reply":
		return wire.EchoReply{Seq: p.seq(name)}
	}
	p.t.Fatalf("%s %s?", name, verb)
	return nil
}

func heuristics(s string) qnet.Heuristics {
	return map[string]qnet.Heuristics{"pass": qnet.HeuristicsPass, "fail": qnet.HeuristicsFail}[s]
}

func (p *player) report(name string, a scenarioArgs) wire.Message {
	return wire.NodeList{
		Seq: p.seq(name), ListType: wire.Some(qnet.Membership), RingID: wire.Some(p.ringID(a.words[0])),
		Nodes: p.list(a.words[1]), Heuristics: heuristics(a.keys["heur"]),
	}
}

func (p *player) badList(name string, a scenarioArgs) wire.Message {
	m := wire.NodeList{Nodes: p.list("1,2")}
	if !a.has("no-number") {
		m.Seq = p.seq(name)
	}
	for word, kind := range map[string]qnet.ListType{"membership": qnet.Membership, "quorum": qnet.Quorum} {
		if a.has(word) {
			m.ListType = wire.Some(kind)
		}
	}
	return m
}

func (p *player) setOption(name string, a scenarioArgs) wire.Message {
	m := wire.SetOption{Seq: p.seq(name)}
	if v, ok := a.keys["hb"]; ok {
		m.Heartbeat = wire.Some(uint32(p.number(v)))
	}
	if v, ok := a.keys["kap"]; ok {
		m.KeepActivePartition = wire.Some(uint8(p.number(v)))
	}
	return m
}

// init makes an Init; "no=node,ring,hb,tb,alg" leaves options out.
func (p *player) init(name string, a scenarioArgs) wire.Message {
	node, ring, hb, alg := a.keys["node"], a.keys["ring"], uint32(8000), qnet.FFSplit
	if v, ok := a.keys["hb"]; ok {
		hb = uint32(p.number(v))
	}
	if v, ok := a.keys["alg"]; ok {
		alg = map[string]qnet.Algorithm{"test": qnet.Test, "ffsplit": qnet.FFSplit, "2nodelms": qnet.TwoNodeLMS, "lms": qnet.LMS, "unknown": 9}[v]
	}
	m := wire.Init{
		Seq: p.seq(name), SupportedMessages: wire.Some(wire.SupportedMessages()), SupportedOptions: wire.Some(wire.SupportedOptions()),
		Heartbeat: wire.Some(hb), Algorithm: wire.Some(alg), TieBreaker: wire.Some(p.tieBreaker(a.keys["tb"])),
	}
	if node != "" {
		m.NodeID = wire.Some(qnet.NodeID(p.number(node)))
		p.nodes[name] = m.NodeID.V
	}
	if ring != "" {
		m.RingID = wire.Some(p.ringID(ring))
	}
	if a.has("reasons") {
		m.SupportedOptions = wire.Some(wire.NodeOptions())
	}
	if v, ok := a.keys["timeout"]; ok {
		m.DeviceTimeout = wire.Some(uint32(p.number(v)))
	}
	if a.has("casting") {
		m.StillCasting = wire.Some(uint8(1))
	}
	if a.has("not-casting") {
		m.StillCasting = wire.Some(uint8(0))
	}
	for without := range strings.SplitSeq(a.keys["no"], ",") {
		switch without {
		case "hb":
			m.Heartbeat = wire.Opt[uint32]{}
		case "tb":
			m.TieBreaker = wire.Opt[qnet.TieBreaker]{}
		case "alg":
			m.Algorithm = wire.Opt[qnet.Algorithm]{}
		}
	}
	return m
}

func (p *player) tieBreaker(s string) qnet.TieBreaker {
	switch s {
	case "", "lowest":
		return qnet.TieBreaker{Mode: qnet.TieBreakerLowest}
	case "highest":
		return qnet.TieBreaker{Mode: qnet.TieBreakerHighest}
	}
	return qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: qnet.NodeID(p.number(s))}
}

// called reads names, as in "1:pve1,2:pve2".
func (p *player) called(s string) qnet.Names {
	var list []qnet.Name
	for w := range strings.SplitSeq(s, ",") {
		id, name, _ := strings.Cut(w, ":")
		list = append(list, qnet.Name{ID: p.list(id)[0].ID, Name: name})
	}
	return qnet.NewNames(list)
}

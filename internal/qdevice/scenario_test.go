// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qdevice_test

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/golden"
	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// TestScenarios plays testdata/*.txt: lines that start a command of player.do,
// and below each what the node did.
func TestScenarios(t *testing.T) {
	golden.Play(t, "testdata/*.txt", 12, play)
}

// player plays one scenario: the node's surroundings, and an arbiter that
// answers everything but gives votes only when told to.
type player struct {
	t       *testing.T
	cfg     qdevice.Config
	now     time.Time
	node    *qdevice.Node
	silent  bool
	grace   uint32 // ms
	tls     wire.TLSSupport
	code    wire.ReplyError // of Init replies
	why     wire.Opt[string]
	id      qnet.RegisterID // of Init replies; zero: none
	at      qdevice.Connected
	voteSeq uint32
	polled  qdevice.Poll // the last one
	runs    uint64
	out     strings.Builder
}

var start = time.Unix(1_000_000, 0)

func play(t *testing.T, text string) string {
	p := newPlayer(t)
	golden.Commands(text, &p.out, p.do)
	return p.out.String()
}

func newPlayer(t *testing.T) *player {
	return &player{t: t, now: start, grace: 16000, cfg: qdevice.Config{
		Cluster: "prod", Node: 1, Algorithm: qnet.FFSplit, TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerLowest},
		KeepActivePartition: true, Timeout: 10 * time.Second, SyncTimeout: 30 * time.Second, Heartbeat: 8 * time.Second,
		ConnectTimeout: 8 * time.Second, WithdrawTime: 400 * time.Millisecond, HeuristicsTimeout: 5 * time.Second,
		HeuristicsSync: 15 * time.Second, HeuristicsInterval: 30 * time.Second, MinReplySize: 32768, MaxReplySize: 16 << 20, Seed: 1,
	}}
}

func (p *player) say(format string, args ...any) {
	fmt.Fprintf(&p.out, "    %7.3f  %s\n", p.now.Sub(start).Seconds(), fmt.Sprintf(format, args...))
}

func (p *player) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *player) duration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	p.must(err)
	return d
}

func (p *player) ids(s string) (ids []qnet.NodeID) {
	for w := range strings.SplitSeq(s, ",") {
		n, err := strconv.ParseUint(w, 10, 32)
		p.must(err)
		ids = append(ids, qnet.NodeID(n))
	}
	return ids
}

func (p *player) list(s string) (l qnet.NodeList) {
	for _, id := range p.ids(s) {
		l = append(l, qnet.Node{ID: id})
	}
	return l
}

func (p *player) ring(s string) (r qnet.RingID) {
	_, err := fmt.Sscanf(s, "%x.%x", &r.Node, &r.Seq)
	p.must(err)
	return r
}

var votes = map[string]qnet.Vote{"ACK": qnet.VoteACK, "NACK": qnet.VoteNACK, "ask-later": qnet.VoteAskLater, "wait": qnet.VoteWaitForReply, "no-change": qnet.VoteNoChange}

// do plays one command.
func (p *player) do(f []string) {
	if f[0] == "config" {
		p.configure(f[1:])
		return
	}
	if p.node == nil {
		p.node = qdevice.New(p.cfg, p.now)
	}
	switch f[0] {
	case "start": // configured nodes 1 and 2, ring 1.5, and everything up to the vote
		p.step(qdevice.Configured{Nodes: p.list("1,2"), Version: wire.Some(uint64(3))})
		p.do([]string{"ring", "1.5", "1,2"})
		p.step(p.at)
		p.do([]string{"vote", "1.5", "ACK"})
		p.do([]string{"quorum", "1,2"})
	case "configured":
		in := qdevice.Configured{Nodes: p.list(f[1]), Version: wire.Some(uint64(len(f)))}
		if len(f) > 2 {
			in.Refuse = strings.Join(f[2:], " ")
		}
		p.step(in)
	case "names": // of configured nodes 1 and 2
		p.step(qdevice.Configured{Nodes: p.list("1,2"), Version: wire.Some(uint64(4)), Names: qnet.NewNames([]qnet.Name{{ID: 1, Name: f[1]}, {ID: 2, Name: f[2]}})})
	case "ring":
		p.step(qdevice.Membership{Ring: p.ring(f[1]), Members: p.ids(f[2])})
	case "quorum":
		p.step(qdevice.Quorum{Quorate: true, Nodes: p.list(f[1])})
	case "inquorate":
		p.step(qdevice.Quorum{Nodes: p.list(f[1])})
	case "wait":
		p.wait(p.duration(f[1]))
	case "freeze": // no timer runs meanwhile
		p.now = p.now.Add(p.duration(f[1]))
	case "silent":
		p.silent = true
	case "speak":
		p.silent = false
	case "reload": // with the settings of another config line
		p.configure(f[1:])
		p.step(qdevice.Reconfigured{Config: p.cfg})
	case "move": // the arbiter is to be looked for elsewhere
		p.step(qdevice.Reconfigured{Config: p.cfg, Elsewhere: true, Hosts: f[1:]})
	case "remove": // WHAT of corosync.conf
		p.step(qdevice.Removed{What: f[1]})
	case "unregistered":
		p.step(qdevice.Unregistered{})
	case "leave":
		p.step(qdevice.Withdraw{})
	case "status":
		p.status()
	default:
		p.arbiter(f)
	}
}

// status prints what the status says of the vote and of the connection.
func (p *player) status() {
	s := p.node.Status()
	p.say("%s; %s: %s", s.State, s.Vote, s.Reason)
	for _, at := range []struct {
		what string
		when time.Time
	}{{"since", s.Since}, {"ends unless heard", s.FreshUntil}, {"connected since", s.Connected}, {"echo reply", s.Echoed}, {"last poll", s.LastPoll}} {
		if !at.when.IsZero() {
			p.say("  %s %.3f", at.what, at.when.Sub(start).Seconds())
		}
	}
	if r := s.ArbiterReason; r.Text != "" {
		p.say("  the arbiter said at %.3f of ring %s: %s", r.At.Sub(start).Seconds(), r.Ring, r.Text)
	}
	if s.Lost != "" {
		p.say("  lost: %s", s.Lost)
	}
}

// arbiter plays what comes from the other end of the connection.
func (p *player) arbiter(f []string) {
	switch f[0] {
	case "connected":
		p.step(p.at)
	case "lost":
		p.step(qdevice.Disconnected{Why: "closed by the arbiter"})
	case "secured":
		p.step(qdevice.Secured{})
	case "at": // HOST ADDRESS REGISTER, of what answers from now on; "-" announces none
		p.at = qdevice.Connected{Host: f[1], Address: f[2]}
		p.id = qnet.RegisterID{}
		if f[3] != "-" {
			id, err := hex.DecodeString(strings.Repeat(f[3], 16))
			p.must(err)
			p.id = qnet.RegisterID(id)
		}
	case "garbled":
		p.step(qdevice.Garbled{Malformed: wire.Malformed{Fault: wire.FaultUndecodable}})
	case "vote":
		p.voteSeq++
		p.step(qdevice.Received{Msg: wire.VoteInfo{Seq: wire.Some(p.voteSeq), RingID: wire.Some(p.ring(f[1])), Vote: wire.Some(votes[f[2]]), Reason: wire.Reason(p.text(f[3:]))}})
	case "vote-without-ring":
		p.step(qdevice.Received{Msg: wire.VoteInfo{Seq: wire.Some(uint32(1)), Vote: wire.Some(votes[f[1]])}})
	case "vote-without-vote":
		p.step(qdevice.Received{Msg: wire.VoteInfo{Seq: wire.Some(uint32(1)), RingID: wire.Some(p.ring(f[1]))}})
	case "wait-reply": // to the membership list
		p.step(qdevice.Received{Msg: wire.NodeListReply{Seq: wire.Some(uint32(7)), ListType: wire.Some(qnet.Membership),
			RingID: wire.Some(p.ring(f[1])), Vote: wire.Some(qnet.VoteWaitForReply)}})
	case "echo-reply":
		n, err := strconv.ParseUint(f[1], 10, 32)
		p.must(err)
		p.step(qdevice.Received{Msg: wire.EchoReply{Seq: wire.Some(uint32(n))}})
	case "error":
		p.step(qdevice.Received{Msg: wire.ServerError{Code: wire.Some(wire.ErrInternal)}})
	case "refuse": // every Init from now on
		p.code = wire.ErrDuplicateNodeID
		p.why = wire.Reason(strings.Join(f[1:], " "))
	case "heuristics":
		p.step(qdevice.HeuristicsDone{ID: p.runs, Result: map[string]qnet.Heuristics{"pass": qnet.HeuristicsPass, "fail": qnet.HeuristicsFail}[f[1]]})
	default:
		p.t.Fatalf("%v?", f)
	}
}

// text is the rest of a line, in which \e stands for an escape.
func (p *player) text(words []string) string {
	return strings.ReplaceAll(strings.Join(words, " "), `\e`, "\x1b")
}

func (p *player) configure(f []string) {
	for _, a := range f {
		k, v, _ := strings.Cut(a, "=")
		switch k {
		case "grace":
			p.grace = uint32(p.duration(v).Milliseconds())
		case "withdraw":
			p.cfg.WithdrawTime = p.duration(v)
		case "alg":
			p.cfg.Algorithm = map[string]qnet.Algorithm{"lms": qnet.LMS, "2nodelms": qnet.TwoNodeLMS}[v]
		case "wait_for_all":
			p.cfg.WaitForAll = true
		case "timeout":
			p.cfg.Timeout = p.duration(v)
			p.cfg.Heartbeat = qdevice.Heartbeat(p.cfg.Timeout, time.Second, 2*time.Minute)
		case "heartbeat": // as -S net_heartbeat_interval_max makes it
			p.cfg.Heartbeat = p.duration(v)
		case "tie":
			p.cfg.TieBreaker = map[string]qnet.TieBreaker{"highest": {Mode: qnet.TieBreakerHighest}}[v]
		case "interval":
			p.cfg.HeuristicsInterval = p.duration(v)
		case "heuristics":
			p.cfg.Heuristics = map[string]qdevice.HeuristicsMode{"on": qdevice.HeuristicsOn, "sync": qdevice.HeuristicsSync, "off": qdevice.HeuristicsOff}[v]
		case "tls":
			p.cfg.TLS = map[string]wire.TLSSupport{"on": wire.TLSSupported, "required": wire.TLSRequired}[v]
		case "arbiter-tls":
			p.tls = map[string]wire.TLSSupport{"on": wire.TLSSupported, "req": wire.TLSRequired}[v]
		default:
			p.t.Fatalf("config %s?", a)
		}
	}
}

func (p *player) wait(d time.Duration) {
	end := p.now.Add(d)
	for {
		at := p.node.Deadline()
		if at.IsZero() || at.After(end) {
			break
		}
		if at.After(p.now) {
			p.now = at
		}
		p.step(qdevice.Tick{})
		if next := p.node.Deadline(); !next.IsZero() && !next.After(p.now) {
			p.t.Fatalf("at %v a tick leaves the deadline where it is: the shell would spin", p.now.Sub(start))
		}
	}
	p.now = end
}

// step runs the machine, prints what it does, and lets the arbiter answer.
func (p *player) step(in qdevice.Input) {
	for _, o := range slices.Clone(p.node.Step(p.now, in)) {
		switch o := o.(type) {
		case qdevice.Poll:
			p.polled = o
			p.say("poll: ring %s, cast %v", o.Ring, o.Cast)
		case qdevice.Connect:
			p.say("connect")
		case qdevice.StartTLS:
			p.say("TLS handshake")
		case qdevice.Close:
			p.say("close: %s", o.Why)
		case qdevice.RunHeuristics:
			p.runs = o.ID
			p.say("heuristics, for %s at most", o.Timeout)
		case qdevice.Unregister:
			p.say("unregister")
		case qdevice.Notice:
			p.say("log: %s", notice(o))
		case qdevice.Send:
			p.say("send %s", describe(o.Msg))
			if m := p.answer(o.Msg); m != nil && !p.silent {
				defer p.step(qdevice.Received{Msg: m})
			}
		}
	}
}

// notice prints an event as the log does, with its level if it is above Info.
func notice(o qdevice.Notice) string {
	s := o.Text()
	if o.Level > event.Info {
		s = "! " + s
	}
	return s
}

func (p *player) answer(m wire.Message) wire.Message {
	switch m := m.(type) {
	case wire.Preinit:
		return wire.PreinitReply{Seq: m.Seq, TLS: wire.Some(p.tls), ClientCertRequired: wire.Some(uint8(1))}
	case wire.Init:
		r := wire.InitReply{
			Seq: m.Seq, Code: wire.Some(p.code), Reason: p.why, MaxRequestSize: wire.Some(uint32(32768)), MaxReplySize: wire.Some(uint32(32768)),
			SupportedMessages: wire.Some(wire.SupportedMessages()), SupportedOptions: wire.Some(wire.SupportedOptions()),
			SupportedAlgorithms: wire.Some([]uint16{0, 1, 2, 3}),
		}
		if p.grace > 0 {
			r.Grace = wire.Some(p.grace)
		}
		if !p.id.IsZero() {
			r.Register = wire.Some(p.id)
		}
		return r
	case wire.NodeList:
		return wire.NodeListReply{Seq: m.Seq, ListType: m.ListType, RingID: wire.Some(m.RingID.V), Vote: wire.Some(qnet.VoteWaitForReply)}
	case wire.EchoRequest:
		return wire.EchoReply{Seq: m.Seq}
	}
	return nil
}

func describe(m wire.Message) string {
	switch m := m.(type) {
	case wire.Init:
		s := fmt.Sprintf("init %d: node %d, ring %s, heartbeat %d ms", m.Seq.V, m.NodeID.V, m.RingID.V, m.Heartbeat.V)
		if d := time.Duration(m.DeviceTimeout.V) * time.Millisecond; d*8/10 != time.Duration(m.Heartbeat.V)*time.Millisecond {
			s += ", device timeout " + d.String()
		}
		if m.StillCasting.V == 1 {
			s += ", still casting"
		}
		return s
	case wire.NodeList:
		s := fmt.Sprintf("node list %d: %s, %s", m.Seq.V, m.ListType.V, qnet.FormatIDs(m.Nodes.IDs()))
		if m.RingID.Set {
			s += ", ring " + m.RingID.V.String()
		}
		if m.Heuristics != 0 {
			s += ", heuristics " + m.Heuristics.String()
		}
		if m.Names.Set {
			s += fmt.Sprintf(", names %v", m.Names.V)
		}
		return s
	case wire.EchoRequest:
		return fmt.Sprintf("echo request %d", m.Seq.V)
	case wire.VoteInfoReply:
		return fmt.Sprintf("vote info reply %d", m.Seq.V)
	case wire.Preinit:
		return fmt.Sprintf("preinit %d: %s", m.Seq.V, m.ClusterName.V)
	case wire.SetOption:
		return fmt.Sprintf("set option %d: KAP %d", m.Seq.V, m.KeepActivePartition.V)
	case wire.HeuristicsChange:
		return fmt.Sprintf("heuristics change %d: %s", m.Seq.V, m.Heuristics)
	}
	return m.Type().String()
}

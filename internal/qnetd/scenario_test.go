// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd_test

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/golden"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/wire"
)

// TestScenarios plays testdata/*.txt: lines that start a command, and below
// each what the machine did. A command is what player's do says.
func TestScenarios(t *testing.T) {
	golden.Play(t, "testdata/*.txt", 20, play)
}

// TestCited: each rule of docs/decision.md that is this package's is cited where
// it is applied and by what proves it, by its number alone. For the rows of
// docs/c-differences.md internal/archtest asks.
func TestCited(t *testing.T) {
	tests := golden.ReadAll(t, "testdata/*.txt") + golden.ReadAll(t, "*_test.go") + golden.ReadAll(t, "../hold/*_test.go")
	code, doc := golden.Code(t, ".")+golden.Code(t, "../hold"), golden.Read(t, "../../docs/decision.md")
	rules := regexp.MustCompile(`(?m)^- \*\*(H\d)\*\* `).FindAllStringSubmatch(doc, -1)
	if len(rules) != 9 {
		t.Fatalf("%d safety rules", len(rules))
	}
	for _, r := range rules {
		cited := regexp.MustCompile(`\b` + r[1] + `\b`)
		if !cited.MatchString(tests) {
			t.Errorf("%s is cited by no test", r[1])
		}
		if !cited.MatchString(code) {
			t.Errorf("%s is cited nowhere in the code", r[1])
		}
	}
}

// player plays one scenario.
type player struct {
	t      *testing.T
	cfg    qnetd.Config
	now    time.Time
	server *qnetd.Server
	conns  map[string]qnetd.ConnID
	names  map[qnetd.ConnID]string
	nodes  map[string]qnet.NodeID
	seqs   map[string]uint32
	mute   map[string]bool // answers no vote infos
	nextID qnetd.ConnID
	disk   string // ok, full or slow
	slow   []qnetd.Persist
	stored map[string]qnet.Grant
	other  *qnetd.RecordChanged // what another arbiter has put on record
	out    strings.Builder
}

var scenarioStart = time.Unix(1_000_000, 0)

func play(t *testing.T, text string) string {
	p := newPlayer(t)
	golden.Commands(text, &p.out, p.do)
	return p.out.String()
}

func newPlayer(t *testing.T) *player {
	p := &player{
		t: t, cfg: qnetd.Defaults(), now: scenarioStart, disk: "ok",
		conns: map[string]qnetd.ConnID{}, names: map[qnetd.ConnID]string{}, nodes: map[string]qnet.NodeID{},
		seqs: map[string]uint32{}, mute: map[string]bool{}, stored: map[string]qnet.Grant{},
	}
	p.cfg.TLS = wire.TLSUnsupported
	return p
}

func (p *player) say(format string, args ...any) {
	fmt.Fprintf(&p.out, "    %7.3f  %s\n", p.now.Sub(scenarioStart).Seconds(), fmt.Sprintf(format, args...))
}

// do plays one command: those of the arbiter's surroundings here, those of a
// connection, "NAME VERB …", in verb.
func (p *player) do(f []string) {
	if p.server == nil && f[0] != "config" {
		p.server = qnetd.New(p.cfg, p.now, nil)
	}
	switch f[0] {
	case "config":
		p.configure(f[1:])
	case "disk":
		p.disk = f[1]
	case "other": // another arbiter gives the vote, "other RING MEMBERS", or removes the record
		p.other = p.otherRecord(f[1:])
	case "written":
		list := p.slow
		p.slow = nil
		for _, o := range list {
			p.persist(o, "ok")
		}
	case "wait":
		d, err := time.ParseDuration(f[1])
		p.must(err)
		p.wait(d)
	case "restart":
		if len(f) > 1 && f[1] == "lost" {
			clear(p.stored)
		}
		clear(p.conns)
		clear(p.names)
		var st []qnetd.Stored
		for _, name := range slices.Sorted(maps.Keys(p.stored)) {
			st = append(st, qnetd.Stored{Cluster: name, Grant: p.stored[name]})
		}
		p.server = qnetd.New(p.cfg, p.now, st)
	case "status":
		p.status()
	default:
		p.verb(f[0], f[1], parseArgs(f[2:]))
	}
}

func (p *player) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *player) configure(f []string) {
	for _, a := range f {
		k, v, _ := strings.Cut(a, "=")
		switch k {
		case "tls":
			p.cfg.TLS = map[string]wire.TLSSupport{"off": wire.TLSUnsupported, "on": wire.TLSSupported, "req": wire.TLSRequired}[v]
		case "max":
			n, err := strconv.Atoi(v)
			p.must(err)
			p.cfg.MaxClients = n
		case "dpd":
			f, err := strconv.ParseFloat(v, 64)
			p.must(err)
			p.cfg.DPDFactor = f
		case "register":
			id, err := hex.DecodeString(strings.Repeat(v, 16))
			p.must(err)
			p.cfg.Register = qnet.RegisterID(id)
		case "shared":
			p.cfg.SharedRegister = v == "yes"
		case "hold":
			d, err := time.ParseDuration(v)
			p.must(err)
			p.cfg.HoldTime = d
		default:
			p.t.Fatalf("config %s?", k)
		}
	}
}

// wait lets time go by, stopping at each deadline on the way.
func (p *player) wait(d time.Duration) {
	end := p.now.Add(d)
	for {
		at := p.server.Deadline()
		if at.IsZero() || at.After(end) {
			break
		}
		p.now = at
		p.step(qnetd.Tick{})
	}
	p.now = end
	p.step(qnetd.Tick{})
}

// step runs the machine, prints what it does, and does it.
func (p *player) step(in qnetd.Input) {
	var answers []qnetd.Input
	var writes []qnetd.Persist
	for _, o := range p.server.Step(p.now, in) {
		switch o := o.(type) {
		case qnetd.Send:
			p.say("to %s: %s%s", p.names[o.Conn], describe(o.Msg), reasonOf(o.Msg))
			if v, ok := o.Msg.(wire.VoteInfo); ok && !p.mute[p.names[o.Conn]] {
				answers = append(answers, qnetd.Received{Conn: o.Conn, Msg: wire.VoteInfoReply{Seq: v.Seq}})
			}
		case qnetd.StartTLS:
			p.say("TLS handshake with %s", p.names[o.Conn])
		case qnetd.Close:
			p.say("reset %s: %s", p.names[o.Conn], o.Why)
		case qnetd.Persist:
			p.say("write: %s", describeGrant(o.Grant))
			writes = append(writes, o)
		case qnetd.Forget:
			p.say("remove the record of %s", o.Cluster)
		case qnetd.Notice:
			if o.Level > event.Debug {
				p.say("%s", describeNotice(o))
			}
		}
	}
	for _, w := range writes {
		p.persist(w, p.disk)
	}
	for _, a := range answers {
		p.step(a)
	}
}

// otherRecord is what another arbiter has put on record.
func (p *player) otherRecord(f []string) *qnetd.RecordChanged {
	if len(f) == 0 {
		return &qnetd.RecordChanged{}
	}
	ring, members := p.ringID(f[0]), p.list(f[1]).IDs()
	g := qnet.Grant{Ring: ring, Members: members, Rings: []qnet.Ring{{ID: ring, Members: members, Reporters: members}}}
	for _, id := range members {
		g.Holders = append(g.Holders, qnet.Holder{Node: id, Ring: ring, Heartbeat: 8000})
	}
	return &qnetd.RecordChanged{Grant: g, Known: true}
}

func (p *player) persist(o qnetd.Persist, disk string) {
	if r := p.other; r != nil {
		p.other = nil
		r.ID, p.stored[o.Cluster] = o.ID, r.Grant
		p.step(*r)
		return
	}
	switch disk {
	case "slow":
		p.slow = append(p.slow, o)
	case "full":
		p.step(qnetd.Persisted{ID: o.ID, Err: errors.New("no space left on device")})
	default:
		p.stored[o.Cluster] = o.Grant
		p.step(qnetd.Persisted{ID: o.ID})
	}
}

func (p *player) status() {
	st := p.server.Status(p.now)
	for _, cl := range st.Clusters {
		p.say("%s: %s", cl.Name, cl.Reason)
		for _, n := range cl.Nodes {
			p.say("%s node %d: %v", cl.Name, n.ID, n.LastVote)
		}
	}
}

func describeGrant(g qnet.Grant) string {
	var hs []string
	for _, h := range g.Holders {
		hs = append(hs, fmt.Sprintf("%d of %s", h.Node, h.Ring))
	}
	return fmt.Sprintf("ring %s, members %s, holders %s", g.Ring, qnet.FormatIDs(g.Members), strings.Join(hs, ", "))
}

// describeNotice prints an event as the log does, with its level if it is above Info.
func describeNotice(n qnetd.Notice) string {
	if n.Level > event.Info {
		return "log: ! " + n.Text()
	}
	return "log: " + n.Text()
}

// describe is a message in one line, with what a test wants to know of it.
func describe(m wire.Message) string {
	switch m := m.(type) {
	case wire.PreinitReply:
		return fmt.Sprintf("preinit reply, TLS %s, certificate required %d", m.TLS.V, m.ClientCertRequired.V)
	case wire.InitReply:
		s := fmt.Sprintf("init reply, error %d %s", m.Code.V, m.Code.V)
		if m.Grace.Set {
			s += fmt.Sprintf(", grace %d ms", m.Grace.V)
		}
		if m.Register.Set {
			s += ", register " + m.Register.V.String()
		}
		return s
	case wire.ServerError:
		return fmt.Sprintf("server error %d %s, number %s", m.Code.V, m.Code.V, optional(m.Seq))
	case wire.SetOptionReply:
		return fmt.Sprintf("set option reply, heartbeat %s, KAP %s", optional(m.Heartbeat), optional(m.KeepActivePartition))
	case wire.EchoReply:
		return "echo reply " + optional(m.Seq)
	case wire.NodeListReply:
		return fmt.Sprintf("node list reply, %s, ring %s, vote %s", m.ListType.V, m.RingID.V, m.Vote.V)
	case wire.AskForVoteReply:
		return fmt.Sprintf("ask for vote reply, ring %s, vote %s", m.RingID.V, m.Vote.V)
	case wire.VoteInfo:
		return fmt.Sprintf("vote info %d, ring %s, vote %s", m.Seq.V, m.RingID.V, m.Vote.V)
	case wire.HeuristicsChangeReply:
		return fmt.Sprintf("heuristics reply, ring %s, vote %s, %s", m.RingID.V, m.Vote.V, m.Heuristics)
	}
	return fmt.Sprintf("%T", m)
}

// reasonOf is the reason in a message that may have one.
func reasonOf(m wire.Message) string {
	var r wire.Opt[string]
	switch m := m.(type) {
	case wire.NodeListReply:
		r = m.Reason
	case wire.AskForVoteReply:
		r = m.Reason
	case wire.VoteInfo:
		r = m.Reason
	case wire.HeuristicsChangeReply:
		r = m.Reason
	}
	if !r.Set {
		return ""
	}
	return ": " + r.V
}

func optional[T cmp.Ordered](o wire.Opt[T]) string {
	if !o.Set {
		return "-"
	}
	return fmt.Sprint(o.V)
}

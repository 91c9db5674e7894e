// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package hold_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/golden"
	"github.com/quorate/quorate/internal/hold"
	"github.com/quorate/quorate/internal/qnet"
)

// TestScenarios plays testdata/*.txt: lines that start a command of player.do, and below
// each what the ledger answered.
func TestScenarios(t *testing.T) { golden.Play(t, "testdata/*.txt", 8, play) }

var started = time.Unix(1_000_000, 0)

// player plays one scenario. Rings are written 1.a, in hexadecimal; times in seconds.
type player struct {
	t      *testing.T
	times  hold.Times
	ledger *hold.Ledger
	now    time.Time
	grant  qnet.Grant // of the last record
	out    strings.Builder
}

func play(t *testing.T, text string) string {
	p := &player{t: t, times: hold.Times{Fixed: hold.Auto, DPDFactor: 1.5}, now: started}
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.HasPrefix(line, "    ") {
			continue
		}
		p.out.WriteString(line + "\n")
		if f := strings.Fields(line); len(f) > 0 && line[0] != '#' {
			p.do(f[0], append(f[1:], "", "", "", ""))
		}
	}
	return p.out.String()
}

func (p *player) say(format string, args ...any) {
	for line := range strings.SplitSeq(strings.TrimSuffix(fmt.Sprintf(format, args...), "\n"), "\n") {
		p.out.WriteString("    " + line + "\n")
	}
}

func (p *player) number(s string) uint32 {
	p.t.Helper()
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		p.t.Fatal(err)
	}
	return uint32(n)
}

func (p *player) id(s string) qnet.NodeID { return qnet.NodeID(p.number(s)) }

func (p *player) ids(s string) (ids []qnet.NodeID) {
	for w := range strings.SplitSeq(s, ",") {
		ids = append(ids, p.id(w))
	}
	return ids
}

func (p *player) ring(s string) (r qnet.RingID) {
	if _, err := fmt.Sscanf(s, "%x.%x", &r.Node, &r.Seq); err != nil {
		p.t.Fatal(err)
	}
	return r
}

func (p *player) partition(f []string) hold.Partition {
	return hold.Partition{Ring: p.ring(f[0]), Members: p.ids(f[1])}
}

// pace reads a heartbeat, and a device timeout behind a slash, both in ms.
func (p *player) pace(s string) hold.Pace {
	heartbeat, timeout, both := strings.Cut(s, "/")
	pace := hold.Pace{Heartbeat: p.number(heartbeat)}
	if both {
		pace.Timeout = p.number(timeout)
	}
	return pace
}

// do plays one command.
func (p *player) do(verb string, f []string) {
	if p.ledger == nil && verb != "times" {
		p.ledger = hold.New(p.times, p.now)
	}
	switch verb {
	case "times": // HOLD, or "auto", and the factor of the DPD
		if f[0] != "auto" {
			p.times.Fixed, _ = time.ParseDuration(f[0])
		}
		p.times.DPDFactor, _ = strconv.ParseFloat(f[1], 64)
	case "at":
		s, err := strconv.ParseFloat(f[0], 64)
		if err != nil {
			p.t.Fatal(err)
		}
		p.now = started.Add(time.Duration(s * float64(time.Second)))
	case "join": // NODE RING PACE [casting]
		p.say("held: %v", p.ledger.Joined(p.now, p.id(f[0]), p.ring(f[1]), p.pace(f[2]), f[3] == "casting"))
	case "report": // NODE RING MEMBERS
		p.ledger.Reported(p.id(f[0]), p.ring(f[1]), p.ids(f[2]))
	case "config": // NODE MEMBERS
		p.ledger.Configured(p.now, p.id(f[0]), p.ids(f[1]))
	case "told": // NODE VOTE NUMBER
		p.ledger.Told(p.id(f[0]), map[string]qnet.Vote{"ACK": qnet.VoteACK, "NACK": qnet.VoteNACK, "no-change": qnet.VoteNoChange}[f[1]], p.number(f[2]))
	case "answer": // NODE NUMBER
		p.say("changed: %v", p.ledger.Answered(p.now, p.id(f[0]), p.number(f[1])))
	case "quorum": // NODE yes|no
		p.say("changed: %v", p.ledger.Quorate(p.id(f[0]), f[1] == "yes"))
	case "heard":
		p.ledger.Heard(p.now, p.id(f[0]))
	case "left":
		p.ledger.Left(p.id(f[0]))
	case "pace": // NODE PACE
		p.say("taken: %v", p.ledger.Paced(p.id(f[0]), p.pace(f[1])))
	case "refused":
		p.ledger.Refused(p.now, p.pace(f[0]))
	default:
		p.ask(verb, f)
	}
}

// ask plays a command that changes nothing but who has run out of time, or starts anew.
func (p *player) ask(verb string, f []string) {
	switch verb {
	case "obstacle": // RING MEMBERS
		p.obstacle(p.partition(f))
	case "record": // RING MEMBERS
		p.grant = p.ledger.Record(p.partition(f))
		p.say("%s", p.describeGrant())
	case "covers": // RING MEMBERS: the last record
		p.say("%v", p.ledger.Covers(p.grant, p.partition(f)))
	case "another": // arbiter, which has heard of nobody
		p.ledger = hold.New(p.times, p.now)
	case "restart":
		p.ledger = hold.Restore(p.times, p.now, p.grant)
	case "reread": // "lost", or the last record
		g := p.grant
		if f[0] == "lost" {
			g = qnet.Grant{}
		}
		p.ledger = p.ledger.Reread(p.now, g, f[0] != "lost")
	case "recorded":
		p.say("%s", p.describeGrant())
	case "grace": // PACE
		p.say("%s", p.times.Grace(p.pace(f[0])))
	case "holds":
		p.say("holds: %v, its last ring: %v", p.ledger.Holding(p.id(f[0])), p.ledger.Holds(p.id(f[0])))
	case "until":
		p.say("%s", p.since(p.ledger.Until(p.now)))
	case "holders":
		for _, h := range p.ledger.Holders(p.now) {
			p.say("%d of %s, connected %v, until %s", h.Node, h.Ring, h.Connected, p.since(h.Until))
		}
	case "show":
		p.say("%s", p.ledger)
	default:
		p.t.Fatalf("%s?", verb)
	}
}

func (p *player) since(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return strconv.FormatFloat(at.Sub(started).Seconds(), 'f', 3, 64)
}

func (p *player) obstacle(of hold.Partition) {
	ob := p.ledger.Obstacle(p.now, of)
	if ob.None() {
		p.say("none, until %s", p.since(ob.Until))
		return
	}
	p.say("holders %s, unheard %s, refused %v, until %s, soon %v",
		qnet.FormatIDs(ob.Holders), qnet.FormatIDs(ob.Unheard), ob.Refused, p.since(ob.Until), ob.Soon)
}

func (p *player) describeGrant() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ring %s, members %s\n", p.grant.Ring, qnet.FormatIDs(p.grant.Members))
	for _, h := range p.grant.Holders {
		fmt.Fprintf(&b, "%d holds %s, pace %d ms\n", h.Node, h.Ring, h.Heartbeat)
	}
	for _, r := range p.grant.Rings {
		fmt.Fprintf(&b, "ring %s, members %s, reporters %s\n", r.ID, qnet.FormatIDs(r.Members), qnet.FormatIDs(r.Reporters))
	}
	return b.String()
}

// many are the node IDs 1 to n.
func many(n int) (ids []qnet.NodeID) {
	for id := range n {
		ids = append(ids, qnet.NodeID(id+1))
	}
	return ids
}

// TestFull: there are no more holders than a cluster can have nodes, and Full names the
// instant when the first of them is gone (H9).
func TestFull(t *testing.T) {
	l := hold.New(hold.Times{Fixed: hold.Auto, DPDFactor: 1.5}, started)
	l.Joined(started, 1, qnet.RingID{Node: 1, Seq: 1}, hold.Pace{Heartbeat: 8000}, true)
	l.Configured(started, 1, many(qnet.MaxNodes+5))
	if l.Count() != qnet.MaxNodes {
		t.Errorf("%d holders of so many configured nodes", l.Count())
	}
	if _, full := l.Full([]qnet.NodeID{1, 2}); full {
		t.Error("who holds already makes it full")
	}
	until, full := l.Full([]qnet.NodeID{qnet.MaxNodes + 1})
	if want := started.Add(28300 * time.Millisecond); !full || !until.Equal(want) {
		t.Errorf("one more: full %v until %v", full, until.Sub(started))
	}
	l.Left(2)
	l.Joined(started.Add(10*time.Second), 3, qnet.RingID{Node: 3, Seq: 2}, hold.Pace{Heartbeat: 1000}, true)
	if until, _ := l.Full([]qnet.NodeID{qnet.MaxNodes + 1}); !until.Equal(started.Add(14412500 * time.Microsecond)) {
		t.Errorf("with a shorter hold: until %v", until.Sub(started))
	}
	// One hold has ended: there is room for one more, and not for two.
	l.Reported(1, qnet.RingID{Node: 1, Seq: 9}, []qnet.NodeID{1})
	for extra, want := range map[qnet.NodeID]bool{1: false, 2: true} {
		if _, full := l.Full(many(int(qnet.MaxNodes + extra))[qnet.MaxNodes:]); full != want {
			t.Errorf("%d more: full %v", extra, full)
		}
	}
}

// TestForgetsRings: rings that nobody is in or holds are forgotten beyond 64 (H4).
func TestForgetsRings(t *testing.T) {
	held, quiet := qnet.RingID{Node: 1, Seq: 1}, qnet.RingID{Node: 3, Seq: 1}
	l := hold.Restore(hold.Times{Fixed: hold.Auto, DPDFactor: 1.5}, started, qnet.Grant{
		Holders: []qnet.Holder{{Node: 1, Ring: held, Heartbeat: 8000}},
		Rings:   []qnet.Ring{{ID: held, Members: []qnet.NodeID{1, 2}, Reporters: []qnet.NodeID{1}}},
	})
	for id, ring := range map[qnet.NodeID]qnet.RingID{2: {Node: 2, Seq: 1}, 3: quiet} {
		l.Joined(started, id, ring, hold.Pace{Heartbeat: 8000}, false)
		l.Reported(id, ring, []qnet.NodeID{id})
	}
	for seq := range 200 {
		l.Reported(2, qnet.RingID{Node: 2, Seq: uint64(seq + 10)}, []qnet.NodeID{2})
		n := strings.Count("\n"+l.String(), "\nring ")
		if n > 64 {
			t.Fatalf("%d rings are remembered", n)
		}
		if seq == 60 && n != 64 {
			t.Errorf("%d rings are remembered, where there is room for 64", n)
		}
	}
	s := l.String()
	for _, want := range []string{"ring 1.1, members 1, 2, reporters 1\n", "ring 3.1, members 3, reporters 3\n", "ring 2.d1, members 2, reporters 2\n"} {
		if !strings.Contains(s, want) {
			t.Errorf("%s is forgotten:\n%s", want, s)
		}
	}
}

// TestForgetsNodes: nodes that are gone are forgotten beyond as many as a cluster can have;
// those that hold, are connected, or have just reported stay (H4).
func TestForgetsNodes(t *testing.T) {
	l := hold.New(hold.Times{Fixed: hold.Auto, DPDFactor: 1.5}, started.Add(-time.Hour))
	visit := func(id qnet.NodeID) {
		l.Joined(started, id, qnet.RingID{Node: id, Seq: 1}, hold.Pace{Heartbeat: 8000}, id == 1)
		if id != 2 {
			l.Left(id)
		}
	}
	nodes := func() int { return strings.Count(l.String(), "\nnode ") }
	for _, id := range many(qnet.MaxNodes) {
		visit(id)
	}
	if n := nodes(); n != qnet.MaxNodes {
		t.Errorf("%d nodes are remembered of as many as a cluster can have", n)
	}
	visit(qnet.MaxNodes + 1)
	if s := l.String(); nodes() != 3 || !strings.Contains(s, "\nnode 1 in ") || !strings.Contains(s, "\nnode 2 in ") || !strings.Contains(s, "\nnode 385 in ") {
		t.Errorf("not 1 (which holds), 2 (which is connected) and the last are remembered:\n%s", s)
	}
	for _, id := range many(qnet.MaxNodes)[3:] {
		visit(id)
	}
	l.Reported(1000, qnet.RingID{Node: 1000, Seq: 1}, []qnet.NodeID{1000})
	if s := l.String(); nodes() != 3 || !strings.Contains(s, "\nnode 1000 in ") {
		t.Errorf("who has just reported is forgotten:\n%s", s)
	}
}

// TestForgetsHolders: those of whom there is a record count as nodes that are gone only
// when they have reported (H6).
func TestForgetsHolders(t *testing.T) {
	var g qnet.Grant
	for _, id := range many(qnet.MaxNodes) {
		g.Holders = append(g.Holders, qnet.Holder{Node: id, Ring: qnet.RingID{Node: 1, Seq: 1}, Heartbeat: 8000})
	}
	l := hold.Restore(hold.Times{Fixed: hold.Auto, DPDFactor: 1.5}, started, g)
	for id := range qnet.NodeID(2) {
		l.Joined(started, 1000+id, qnet.RingID{Node: 9, Seq: 1}, hold.Pace{Heartbeat: 8000}, false)
		l.Left(1000 + id)
	}
	if s := l.String(); !strings.Contains(s, "\nnode 1000 in ") || !strings.Contains(s, "\nnode 1001 in ") {
		t.Error("a node is forgotten for those that may still hold")
	}
}

// TestReporters: a ring has no more reporters than a cluster can have nodes (H4).
func TestReporters(t *testing.T) {
	l := hold.New(hold.Times{Fixed: hold.Auto, DPDFactor: 1.5}, started.Add(-time.Hour))
	p := hold.Partition{Ring: qnet.RingID{Node: 1, Seq: 1}, Members: []qnet.NodeID{1}}
	for _, id := range many(qnet.MaxNodes + 10) {
		l.Joined(started, id, p.Ring, hold.Pace{Heartbeat: 8000}, false)
		l.Reported(id, p.Ring, p.Members)
		if id == 1 {
			l.Told(id, qnet.VoteACK, 1)
		}
		l.Left(id)
	}
	if n := len(l.Record(p).Rings[0].Reporters); n != qnet.MaxNodes {
		t.Errorf("%d reporters", n)
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package core

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/golden"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/votequorum"
	"github.com/quorate/quorate/internal/votequorum/vqtest"
)

// TestLikeCorosync plays the transcripts of votequorum, which were played on real
// Corosync nodes too, on the engine: with links and times of its own it must
// come to what vqtest, whose rings form at once, comes to.
func TestLikeCorosync(t *testing.T) {
	golden.Each(t, "../../votequorum/testdata/*.txt", 10, func(t *testing.T, _, text string) {
		playBoth(t, vqtest.ParseScript(text))
	})
}

// playBoth plays a script on vqtest and on the engine.
func playBoth(t *testing.T, steps []vqtest.Step) {
	start := time.Unix(1_000_000, 0)
	model := vqtest.New(start)
	var e *player
	for _, s := range steps {
		if err := model.Play(s.Command); err != nil {
			t.Fatal(err)
		}
		if s.Verb == "cluster" {
			cfg, err := s.Settings(votequorum.Config{})
			if err != nil {
				t.Fatal(err)
			}
			e = newPlayer(t, Config{Votes: cfg, Token: 2, Join: 1}, start)
			continue
		}
		if s.Verb == "reload" {
			cfg, err := s.Settings(e.votes)
			if err != nil {
				t.Fatal(err)
			}
			if e.m.Check(cfg) != nil {
				return // Corosync takes parts of what it would not start with; the engine takes nothing
			}
		}
		e.play(s.Command)
		if want, got := unnumbered(model.Table()), unnumbered(e.table()); !slices.Equal(got, want) {
			t.Fatalf("after %q\n got %s\nwant %s", s.Text, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
		if s.IsCall() {
			id := e.ids(s.Command)[0]
			if want := model.LastAnswer(id); e.answer != want {
				t.Fatalf("after %q: answer %v, want %v", s.Text, e.answer, want)
			}
		}
	}
}

// unnumbered leaves out the rings' numbers: which of two rings forms first is
// nobody's promise.
func unnumbered(table []string) []string {
	for i, line := range table {
		table[i] = ringNumber.ReplaceAllString(line, "ring $1")
	}
	return table
}

var ringNumber = regexp.MustCompile(`ring ([0-9a-f]+)\.[0-9a-f]+`)

// player drives a Machine by commands of vqtest's scripts. Rings form within two
// nanoseconds, which no timer of votequorum notices.
type player struct {
	t      *testing.T
	m      *Machine
	now    time.Time
	votes  votequorum.Config
	calls  votequorum.Call
	answer votequorum.Code
}

func newPlayer(t *testing.T, cfg Config, now time.Time) *player {
	m, err := New(cfg, now)
	if err != nil {
		t.Fatal(err)
	}
	return &player{t: t, m: m, now: now, votes: cfg.Votes}
}

func (p *player) step(in Input) {
	for _, o := range p.m.Step(p.now, in) {
		if a, ok := o.(Answer); ok {
			p.answer = a.Code
		}
	}
}

func (p *player) table() []string {
	var machines []*votequorum.Machine
	for _, n := range p.m.nodes {
		machines = append(machines, n.machine)
	}
	return vqtest.Table(machines...)
}

// form lets the rings form.
func (p *player) form() {
	for range 3 {
		p.now = p.now.Add(1)
		p.step(Tick{})
	}
}

func (p *player) ids(c vqtest.Command) []qnet.NodeID {
	if c.IsCall() || c.Verb == "cancel" {
		c.Args = c.Args[:1]
	}
	ids, err := c.IDs()
	if err != nil {
		p.t.Fatal(err)
	}
	return ids
}

func (p *player) play(c vqtest.Command) {
	switch c.Verb {
	case "wait":
		d, err := time.ParseDuration(c.Args[0])
		if err != nil {
			p.t.Fatal(err)
		}
		p.now = p.now.Add(d)
		p.step(Tick{})
	case "up":
		for _, id := range p.ids(c) {
			p.step(Up{Node: id})
			p.form()
		}
	case "down", "leave":
		for _, id := range p.ids(c) {
			if c.Verb == "leave" {
				p.step(Leave{Node: id})
			} else {
				p.step(Down{Node: id})
			}
		}
		p.form()
	case "cut", "heal":
		p.links(c)
		p.form()
	case "reload":
		cfg, err := c.Settings(p.votes)
		if err != nil {
			p.t.Fatal(err)
		}
		p.votes = cfg
		p.step(Reload{Votes: cfg})
	default:
		p.call(c)
	}
}

// links parts the named nodes from the others, or heals everything.
func (p *player) links(c vqtest.Command) {
	apart := p.ids(c)
	for _, a := range p.m.nodes {
		for _, b := range p.m.nodes {
			to := LinkUp
			if c.Verb == "cut" && slices.Contains(apart, a.ID) != slices.Contains(apart, b.ID) {
				to = LinkDrop
			}
			p.m.setLink(SetLink{A: a.ID, B: b.ID, To: to})
		}
	}
	p.step(Tick{})
}

func (p *player) call(c vqtest.Command) {
	id := p.ids(c)[0]
	p.calls++
	a := append(slices.Clone(c.Args[1:]), "", "")
	ring := p.m.node(id).machine.NodeList().Ring
	var in votequorum.Input
	switch c.Verb {
	case "register":
		in = votequorum.Register{Call: p.calls, Name: a[0]}
	case "unregister":
		in = votequorum.Unregister{Call: p.calls, Name: a[0]}
	case "rename":
		in = votequorum.Rename{Call: p.calls, Old: a[0], New: a[1]}
	case "poll":
		in = votequorum.Poll{Call: p.calls, Name: a[0], Ring: ring, Cast: a[1] == "yes"}
	case "stale":
		ring.Seq++
		in = votequorum.Poll{Call: p.calls, Name: a[0], Ring: ring, Cast: a[1] == "yes"}
	case "master":
		in = votequorum.MasterWins{Call: p.calls, Name: a[0], Allow: a[1] == "yes"}
	case "cancel":
		in = votequorum.CancelWaitForAll{}
	case "expected":
		in = votequorum.SetExpected{Call: p.calls, Votes: number(p.t, a[0])}
	case "votes":
		in = votequorum.SetVotes{Call: p.calls, Node: qnet.NodeID(number(p.t, a[0])), Votes: number(p.t, a[1])}
	default:
		p.t.Fatalf("verb %q", c.Verb)
	}
	p.step(Call{Node: id, In: in})
}

func number(t *testing.T, s string) uint32 {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(n)
}

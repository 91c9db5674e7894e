// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package core

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/golden"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/votequorum"
	"github.com/quorate/quorate/internal/votequorum/vqtest"
)

// TestScenarios plays testdata/*.txt: commands at the beginning of a line, what
// the machine says indented below. The verbs:
//
//	cluster nodes=N KEY=VALUE…  as in vqtest; token 1 s, join 100 ms
//	up|down|leave|freeze|thaw N
//	cut|drop|heal A B           the link between two nodes
//	wait D
//	device N yes|no|mute        the device of a node registers, and polls in each sync
//	set N KEY [VALUE]           change the shared data
//	ask N [sync]
//	reload KEY=VALUE…
//	status                      a line for each node
func TestScenarios(t *testing.T) {
	golden.Play(t, "testdata/*.txt", 1, playScenario)
}

func playScenario(t *testing.T, text string) string {
	var b strings.Builder
	s := &scenario{t: t, out: &b, start: time.Unix(1_000_000, 0), devices: map[qnet.NodeID]string{}}
	for _, step := range vqtest.ParseScript(text) {
		for _, line := range step.Comment {
			b.WriteString(line + "\n")
		}
		b.WriteString(step.Text + "\n")
		s.play(step.Command)
	}
	return b.String()
}

// scenario is a machine with devices that poll.
type scenario struct {
	*player
	t       *testing.T
	out     *strings.Builder
	start   time.Time
	devices map[qnet.NodeID]string
}

func (s *scenario) play(c vqtest.Command) {
	node := func(i int) qnet.NodeID { return qnet.NodeID(number(s.t, c.Args[i])) }
	word := func(i int) string {
		if i < len(c.Args) {
			return c.Args[i]
		}
		return ""
	}
	links := map[string]Link{"cut": LinkCut, "drop": LinkDrop, "heal": LinkUp}
	switch c.Verb {
	case "cluster", "reload":
		s.configure(c)
	case "up":
		s.give(Up{node(0)})
	case "down":
		s.give(Down{node(0)})
	case "leave":
		s.give(Leave{node(0)})
	case "freeze":
		s.give(Freeze{node(0)})
	case "thaw":
		s.give(Thaw{node(0)})
	case "cut", "drop", "heal":
		s.give(SetLink{node(0), node(1), links[c.Verb]})
	case "device":
		s.calls++
		if s.devices[node(0)] == "" {
			s.give(Call{node(0), votequorum.Register{Call: s.calls, Name: "dev"}})
		}
		s.devices[node(0)] = c.Args[1]
		s.poll(node(0))
	case "set":
		s.calls++
		s.give(Change{node(0), s.calls, c.Args[1], word(2)})
	case "ask":
		s.calls++
		s.give(Ask{node(0), s.calls, word(1) == "sync"})
	case "wait":
		d, err := time.ParseDuration(c.Args[0])
		if err != nil {
			s.t.Fatal(err)
		}
		s.wait(d)
	case "status":
		s.status()
	default:
		s.t.Fatalf("line %d: no verb %q", c.Line, c.Verb)
	}
}

func (s *scenario) configure(c vqtest.Command) {
	if c.Verb == "cluster" {
		cfg, err := c.Settings(votequorum.Config{})
		if err != nil {
			s.t.Fatal(err)
		}
		s.player = newPlayer(s.t, Config{Votes: cfg, Token: time.Second, Join: 100 * time.Millisecond}, s.start)
		return
	}
	cfg, err := c.Settings(s.votes)
	if err != nil {
		s.t.Fatal(err)
	}
	s.votes = cfg
	s.give(Reload{cfg})
}

// wait lets time pass, from one deadline to the next.
func (s *scenario) wait(d time.Duration) {
	for end := s.now.Add(d); ; {
		at := s.m.Deadline()
		if at.IsZero() || at.After(end) {
			s.now = end
			s.give(Tick{})
			return
		}
		s.now = at
		s.give(Tick{})
	}
}

// give gives the machine an input, prints what it says, and lets the devices poll.
func (s *scenario) give(in Input) {
	var poll []qnet.NodeID
	for _, o := range s.m.Step(s.now, in) {
		fmt.Fprintf(s.out, "  %.1fs %s\n", s.now.Sub(s.start).Seconds(), describe(o))
		if e, ok := o.(Event); ok {
			if _, ok := e.Notice.(votequorum.NodeListNotice); ok {
				poll = append(poll, e.Node)
			}
		}
		if l, ok := o.(Lost); ok {
			delete(s.devices, l.Node)
		}
	}
	for _, id := range poll {
		s.poll(id)
	}
}

func (s *scenario) poll(id qnet.NodeID) {
	if d := s.devices[id]; d == "yes" || d == "no" {
		s.calls++
		s.give(Call{id, votequorum.Poll{Call: s.calls, Name: "dev", Ring: s.m.node(id).machine.NodeList().Ring, Cast: d == "yes"}})
	}
}

func describe(o Output) string {
	switch o := o.(type) {
	case Event:
		switch n := o.Notice.(type) {
		case votequorum.NodeListNotice:
			return fmt.Sprintf("node %v: ring %v of %s", o.Node, n.Ring, qnet.FormatIDs(n.Members))
		case votequorum.QuorumNotice:
			return fmt.Sprintf("node %v: quorate %t", o.Node, n.Quorate)
		case votequorum.ExpectedVotesNotice:
			return fmt.Sprintf("node %v: expects %d votes", o.Node, n.Votes)
		}
	case Answer:
		if o.Why != "" {
			return fmt.Sprintf("node %v: answer %d: %v: %s", o.Node, o.Call, o.Code, o.Why)
		}
		return fmt.Sprintf("node %v: answer %d: %v", o.Node, o.Call, o.Code)
	case Lost:
		return fmt.Sprintf("node %v: down", o.Node)
	case Log:
		return fmt.Sprintf("node %v: log: %s", o.Node, o.Text)
	case Split:
		return fmt.Sprintf("split brain: %v", o.Parts)
	case Conflict:
		return fmt.Sprintf("conflict: node %v has what node %v never saw: %v keeps", o.Lost, o.Kept, o.Kept)
	}
	return fmt.Sprintf("%+v", o)
}

func (s *scenario) status() {
	st := s.m.Status()
	for _, n := range st.Nodes {
		fmt.Fprintf(s.out, "  node %v: up %t frozen %t ring %v of [%s] settled %t active %t data %v\n",
			n.ID, n.Up, n.Frozen, n.Ring, qnet.FormatIDs(n.Members), n.Settled, n.Active(), n.Data)
	}
	for _, l := range st.Links {
		fmt.Fprintf(s.out, "  link %v-%v %v\n", l.A, l.B, l.State)
	}
}

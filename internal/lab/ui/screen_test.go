// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package ui

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/quorate/quorate/internal/lab"
	"github.com/quorate/quorate/internal/qnet"
)

// TestHelpCloses: any key closes the help. A letter begins a command, and nothing else
// is done.
func TestHelpCloses(t *testing.T) {
	for _, c := range []struct{ key, typed string }{
		{"esc", ""}, {"enter", ""}, {"?", ""}, {"2", ""}, {"/", ""}, {"+", ""}, {" ", ""}, {"tab", ""}, {"left", ""}, {"c", "c"},
	} {
		m, f := start(pair())
		m, _ = send(t, m, press("?")...)
		if !m.help || !strings.Contains(bare(m.View().Content), "Commands (any key goes back)") {
			t.Fatal("no help")
		}
		m, _ = send(t, m, press(c.key)...)
		if m.help || m.input.String() != c.typed || len(f.did) > 0 {
			t.Errorf("%q: help %t, typed %q, did %q", c.key, m.help, m.input.String(), f.did)
		}
	}
	m, f := start(pair())
	m, _ = send(t, m, press("help", "enter")...)
	m, _ = send(t, m, press("cut 1 2", "enter")...)
	if m.help || !slices.Equal(f.did, []string{"cut 1 2"}) {
		t.Errorf("help %t, did %q", m.help, f.did)
	}
}

// TestScroll: everything that has happened, the help, and a table that is too long can
// be reached at every size.
func TestScroll(t *testing.T) {
	many := pair()
	for id := qnet.NodeID(3); id <= 16; id++ {
		n := many.Nodes[0]
		n.ID = id
		many.Nodes = append(many.Nodes, n)
	}
	for _, view := range []lab.View{pair(), split(), many} {
		for _, size := range [][2]int{{60, 20}, {80, 24}, {200, 50}, {40, 10}, {30, 7}} {
			m, _ := start(view)
			m, _ = send(t, m, tea.WindowSizeMsg{Width: size[0], Height: size[1]})
			for i := range 40 {
				m, _ = send(t, m, State{View: view, Events: []lab.Event{{Who: "node 1", Text: fmt.Sprintf("event%d.", i)}}})
			}
			fresh := bare(m.View().Content)
			seen := fresh
			for range 50 {
				m, _ = send(t, m, press("pgup")...)
				seen += bare(m.View().Content)
			}
			for range 50 {
				m, _ = send(t, m, press("pgdown")...)
				seen += bare(m.View().Content)
			}
			m, _ = send(t, m, press("?")...)
			for range 90 {
				m, _ = send(t, m, press("down")...)
				seen += bare(m.View().Content)
			}
			want := []string{"\nquit", "\nctrl-c, ctrl-d", "\nnode"}
			for i := range 40 {
				want = append(want, fmt.Sprintf("event%d.", i))
			}
			for _, n := range view.Nodes {
				want = append(want, fmt.Sprintf("\n%d ", n.ID))
			}
			for _, w := range want {
				if !strings.Contains("\n"+seen, w) {
					t.Errorf("%d nodes, %v: %q is never on the screen", len(view.Nodes), size, w)
				}
			}
			m, _ = send(t, m, press("x", "esc")...)
			if got := bare(m.View().Content); got != fresh {
				t.Errorf("%d nodes, %v: after esc it is\n%s\nand was\n%s", len(view.Nodes), size, got, fresh)
			}
		}
	}
}

// TestScrolledBack: what is new moves nothing that somebody has scrolled back to.
func TestScrolledBack(t *testing.T) {
	m, _ := start(pair())
	for i := range 60 {
		m, _ = send(t, m, State{View: pair(), Events: []lab.Event{{Who: "node 1", Text: fmt.Sprintf("event%d.", i)}}})
	}
	m, _ = send(t, m, press("pgup")...)
	before := bare(m.View().Content)
	m, _ = send(t, m, State{View: pair(), Events: []lab.Event{{Who: "node 1", Text: "another one"}}})
	after := bare(m.View().Content)
	drop := regexp.MustCompile(`… \d+ more lines below`)
	if drop.ReplaceAllString(before, "") != drop.ReplaceAllString(after, "") {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	if strings.Contains(bare(m.View().Content), "another one") {
		t.Error("it has jumped to the end")
	}
}

// TestNarrow: at 60 columns the arbiter's column stays, and nothing is cut without an
// ellipsis: every word of the log is there.
func TestNarrow(t *testing.T) {
	for width := 60; width <= 100; width++ {
		v := split()
		m, _ := start(v)
		const text = "vote to node 2, but not yet: node 1 may still be casting the vote, and some more words that make this a long line indeed"
		m, _ = send(t, m, tea.WindowSizeMsg{Width: width, Height: 24}, State{View: v, Events: []lab.Event{{Who: "arbiter", Text: text}}})
		got := bare(m.View().Content)
		lines := strings.Split(got, "\n")
		i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "node  ") })
		if i < 0 || !strings.Contains(lines[i], "arbiter") || !strings.Contains(lines[i+1], "ACK") || !strings.Contains(lines[i+2], "drop") {
			t.Fatalf("%d: the arbiter's column is missing:\n%s", width, got)
		}
		if !strings.Contains(lines[i], "needed") && !strings.Contains(lines[i], lab.Ellipsis) {
			t.Errorf("%d: nothing tells of the missing columns:\n%s", width, got)
		}
		if words := strings.Join(strings.Fields(got), " "); !strings.Contains(words, text) {
			t.Errorf("%d: the event is cut:\n%s", width, got)
		}
	}
}

// TestLeave: at the end what has happened is left on the terminal, and the verdict.
func TestLeave(t *testing.T) {
	m, _ := start(pair())
	m, _ = send(t, m, State{View: pair(), Events: []lab.Event{{At: 300 * time.Millisecond, Who: "node 1", Text: "quorate", Tone: lab.Good}}})
	m, _ = send(t, m, press("cut 1 2", "enter")...)
	var out strings.Builder
	if err := m.leave(&out); err != nil {
		t.Error(err)
	}
	want := "2 nodes, algorithm ffsplit\nheartbeat 1s (usually 8s)\n\n    0.3s  node 1      quorate\n> cut 1 2\n  done: cut 1 2\n\nAt no instant were two partitions quorate at once.\n"
	if got := bare(out.String()); got != want {
		t.Errorf("%q", got)
	}
	m, _ = send(t, m, State{View: pair(), Events: []lab.Event{{Who: "alarm", Text: "split brain"}}})
	out.Reset()
	if err := m.leave(&out); !errors.Is(err, lab.ErrAlarm) || !strings.Contains(bare(out.String()), "ALARM       split brain") || strings.Contains(out.String(), "At no instant") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

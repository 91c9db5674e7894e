// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package ui

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/quorate/quorate/internal/engine/core"
	"github.com/quorate/quorate/internal/golden"
	"github.com/quorate/quorate/internal/lab"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
)

// fake is a laboratory that notes what it is told.
type fake struct {
	nodes int
	did   []string
}

func (f *fake) Nodes() int { return f.nodes }
func (f *fake) Headline() []string {
	return []string{"2 nodes, algorithm ffsplit", "heartbeat 1s (usually 8s)"}
}
func (f *fake) Do(_ context.Context, c scenario.Command) ([]string, error) {
	f.did = append(f.did, c.Text)
	if c.Verb == scenario.Guest {
		return nil, errors.New("refused: node 1 is not quorate")
	}
	return []string{"done: " + c.Text}, nil
}

// pair is a view of two nodes that are quorate.
func pair() lab.View {
	node := func(id, other qnet.NodeID) lab.NodeView {
		return lab.NodeView{
			ID: id, Up: true, Ring: qnet.RingID{Node: 1, Seq: 12}, With: []qnet.NodeID{other}, Votes: 3, Expected: 3, Needed: 2, FromDevice: 1,
			Quorate: true, Settled: true, Polls: "A,V,NMW", Connected: true, Vote: qnet.VoteACK,
		}
	}
	return lab.View{
		At: 12300 * time.Millisecond, Device: true, Nodes: []lab.NodeView{node(1, 2), node(2, 1)},
		Arbiter: lab.ArbiterView{Running: true, Winner: []qnet.NodeID{1, 2}, Reason: "nodes 1 and 2 have the arbiter's vote, because all nodes are together"},
	}
}

// split is a view of two nodes that have lost each other.
func split() lab.View {
	v := pair()
	v.Nodes[0].With, v.Nodes[0].Votes, v.Nodes[0].Ring.Seq = nil, 2, 16
	n := &v.Nodes[1]
	n.With, n.Votes, n.FromDevice, n.Quorate, n.Ring = nil, 1, 0, false, qnet.RingID{Node: 2, Seq: 20}
	n.Polls, n.Vote = "A,NV,NMW", qnet.VoteNACK
	v.Arbiter.Winner, v.Arbiter.Reason = []qnet.NodeID{1}, "node 1 has the arbiter's vote, because the tie-breaker prefers node 1"
	v.Links = []lab.LinkView{{A: lab.Arbiter, B: 2, To: core.LinkDrop}, {A: 1, B: 2, To: core.LinkCut}}
	v.Guests = []lab.GuestView{{Name: "web", Node: 1, Running: true}, {Name: "db", Node: 2}}
	return v
}

func start(v lab.View) (Model, *fake) {
	f := &fake{nodes: len(v.Nodes)}
	return New(context.Background(), f, State{View: v}), f
}

// send sends messages, and does what comes of them.
func send(t *testing.T, m Model, msgs ...tea.Msg) (Model, bool) {
	t.Helper()
	for _, msg := range msgs {
		next, cmd := m.Update(msg)
		m = next.(Model)
		for _, out := range outcome(cmd) {
			if _, ok := out.(tea.QuitMsg); ok {
				return m, true
			}
			next, _ := m.Update(out)
			m = next.(Model)
		}
	}
	return m, false
}

// outcome runs a command, and those that a sequence is made of, in order.
func outcome(cmd tea.Cmd) []tea.Msg {
	if cmd == nil {
		return nil
	}
	msg := cmd()
	if parts := reflectSequence(msg); parts != nil {
		var all []tea.Msg
		for _, c := range parts {
			all = append(all, outcome(c)...)
		}
		return all
	}
	if msg == nil {
		return nil
	}
	return []tea.Msg{msg}
}

func press(keys ...string) []tea.Msg {
	named := map[string]rune{
		"enter": tea.KeyEnter, "tab": tea.KeyTab, "esc": tea.KeyEscape, "up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight,
		"home": tea.KeyHome, "end": tea.KeyEnd, "backspace": tea.KeyBackspace, "delete": tea.KeyDelete,
		"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown,
	}
	var msgs []tea.Msg
	for _, k := range keys {
		switch rest, ctrl := strings.CutPrefix(k, "ctrl+"); {
		case ctrl:
			msgs = append(msgs, tea.KeyPressMsg{Code: []rune(rest)[0], Mod: tea.ModCtrl})
		case named[k] != 0:
			msgs = append(msgs, tea.KeyPressMsg{Code: named[k]})
		default:
			for _, r := range k {
				msgs = append(msgs, tea.KeyPressMsg{Code: r, Text: string(r)})
			}
		}
	}
	return msgs
}

// TestSingleKeys: each key does its command while nothing is typed.
func TestSingleKeys(t *testing.T) {
	down := pair()
	down.Nodes[1].Up = false
	frozen := pair()
	frozen.Nodes[1].Frozen = true
	stopped := pair()
	stopped.Arbiter.Running = false
	bare := pair()
	bare.Device = false
	for _, c := range []struct {
		name string
		view lab.View
		key  string
		want string
	}{
		{"pair", pair(), "2", "down 2"}, {"down", down, "2", "up 2"}, {"frozen", frozen, "2", "thaw 2"}, {"no node", pair(), "3", ""}, {"no node", pair(), "0", ""},
		{"pair", pair(), "/", "split 1"}, {"split", split(), "/", "join"},
		{"pair", pair(), "-", "drop 1,2 arbiter"}, {"split", split(), "-", "heal 2 arbiter"}, {"no device", bare, "-", ""},
		{"pair", pair(), ".", "arbiter stop"}, {"stopped", stopped, ".", "arbiter start"}, {"no device", bare, ".", "device on"},
		{"pair", pair(), "+", "heal"},
	} {
		m, f := start(c.view)
		m, _ = send(t, m, press(c.key)...)
		if got := strings.Join(f.did, "; "); got != c.want {
			t.Errorf("%s, %s: did %q, want %q", c.name, c.key, got, c.want)
		}
		if typed := m.input.String(); (typed == "") == (c.want == "") {
			t.Errorf("%s, %s: typed %q", c.name, c.key, typed)
		}
	}
	m, f := start(pair())
	if _, _ = send(t, m, press("c2")...); len(f.did) > 0 {
		t.Errorf("a digit in a line did %q", f.did)
	}
}

func TestTyping(t *testing.T) {
	for _, c := range []struct {
		keys []string
		want string // the line, | is the cursor
	}{
		{[]string{"cut x"}, "cut x|"},
		{[]string{"cut 1 2", "left", "left", "9"}, "cut 19| 2"},
		{[]string{"cut", "home", "x", "end", "y"}, "xcuty|"},
		{[]string{"cut 1 2", "ctrl+w"}, "cut 1 |"},
		{[]string{"cut 1", "home", "delete"}, "|ut 1"},
		{[]string{"cut 1", "ctrl+a", "right", "ctrl+k"}, "c|"},
		{[]string{"cut 1", "left", "ctrl+u"}, "|1"},
		{[]string{"x", "backspace", "backspace"}, "|"},
		{[]string{"dro", "tab"}, "drop |"},
		{[]string{"dow", "n", "tab", "tab", "tab"}, "down 1|"},
		{[]string{"cut 1 a", "tab"}, "cut 1 arbiter|"},
		{[]string{"guest st", "tab"}, "guest start |"},
		{[]string{"nonsense", "tab"}, "nonsense|"},
		{[]string{"tab"}, "|"},
		{[]string{"cut 1", "esc"}, "|"},
	} {
		m, _ := start(pair())
		m, _ = send(t, m, press(c.keys...)...)
		in := m.input
		if got := string(in.text[:in.pos]) + "|" + string(in.text[in.pos:]); got != c.want {
			t.Errorf("%q: %q, want %q", c.keys, got, c.want)
		}
	}
	m, _ := start(pair())
	m, _ = send(t, m, tea.PasteMsg{Content: "cut 1\x1b[2J\n 2" + strings.Repeat("x", 1000)})
	if got := m.input.String(); !strings.HasPrefix(got, "cut 1[2J 2xx") || len(got) != maxTyped {
		t.Errorf("pasted %q", got)
	}
}

// TestWordKeys goes by words.
func TestWordKeys(t *testing.T) {
	l := lineOf("cut 12  arbiter")
	for _, c := range []struct {
		key  string
		want string
	}{{"ctrl+left", "cut 12  |arbiter"}, {"alt+b", "cut |12  arbiter"}, {"alt+d", "cut |  arbiter"}, {"ctrl+right", "cut   arbiter|"}, {"alt+backspace", "cut   |"}} {
		var ok bool
		if l, ok = l.edit(c.key); !ok {
			t.Fatalf("%s is no key", c.key)
		}
		if got := string(l.text[:l.pos]) + "|" + string(l.text[l.pos:]); got != c.want {
			t.Errorf("%s: %q, want %q", c.key, got, c.want)
		}
	}
}

func TestEnter(t *testing.T) {
	m, f := start(pair())
	m, _ = send(t, m, press("cut 1 2; drop 1 arbiter", "enter", "guest create web on 1", "enter", "fly", "enter", "wait", "enter", "status", "enter", "enter")...)
	if want := []string{"cut 1 2", "drop 1 arbiter", "guest create web on 1"}; !slices.Equal(f.did, want) {
		t.Errorf("did %q", f.did)
	}
	log := history(m)
	for _, want := range []string{"> cut 1 2; drop 1 arbiter", "done: drop 1 arbiter", "refused: node 1 is not quorate", "no command \"fly\": try help", "wait is for scripts", "The table above"} {
		if !strings.Contains(log, want) {
			t.Errorf("no %q in\n%s", want, log)
		}
	}
	// The history, and back to what was being typed.
	var seen []string
	for _, k := range []string{"he", "up", "up", "up", "up", "up", "up", "up", "down", "down", "down", "down", "down", "down"} {
		m, _ = send(t, m, press(k)...)
		seen = append(seen, m.input.String())
	}
	want := []string{
		"he", "status", "wait", "fly", "guest create web on 1", "cut 1 2; drop 1 arbiter", "cut 1 2; drop 1 arbiter", "cut 1 2; drop 1 arbiter",
		"guest create web on 1", "fly", "wait", "status", "he", "he",
	}
	if !slices.Equal(seen, want) {
		t.Errorf("history: %q", seen)
	}
}

func TestQuit(t *testing.T) {
	for _, keys := range [][]string{{"ctrl+c"}, {"ctrl+d"}, {"cut 1", "ctrl+c"}, {"quit", "enter"}, {"q", "enter"}, {"cut 1 2; exit", "enter"}} {
		m, f := start(pair())
		m, quit := send(t, m, press(keys...)...)
		if !quit {
			t.Errorf("%q: no end", keys)
		}
		if want := keys[len(keys)-1] == "ctrl+c"; m.interrupted != want {
			t.Errorf("%q: interrupted: %t, want %t", keys, m.interrupted, want)
		}
		if want := strings.Contains(keys[0], ";"); want != (len(f.did) == 1) {
			t.Errorf("%q: did %q", keys, f.did)
		}
	}
	m, _ := start(pair())
	if _, quit := send(t, m, press("x", "ctrl+d", "esc", "?", "?", "enter")...); quit {
		t.Error("an end that nobody asked for")
	}
}

// TestLong: what is kept has an end.
func TestLong(t *testing.T) {
	m, _ := start(pair())
	for i := range 1000 {
		m, _ = send(t, m, State{View: pair(), Events: []lab.Event{{Who: "node 1", Text: fmt.Sprint("event ", i)}}})
		if i < 200 {
			m, _ = send(t, m, press(fmt.Sprint("x", i), "enter")...)
		}
	}
	if len(m.log) != maxLog || !strings.Contains(m.log[maxLog-1].text, "event 999") || m.gone == 0 || len(m.history) != maxHistory {
		t.Errorf("%d lines of log, %d of history", len(m.log), len(m.history))
	}
}

// TestScreens compares whole screens with testdata, and holds every size to its
// bounds.
func TestScreens(t *testing.T) {
	blocked := split()
	blocked.Arbiter.Winner, blocked.Arbiter.Blocked = []qnet.NodeID{2}, "node 1 may still be casting the vote"
	blocked.Nodes[0].Settled = false
	blocked.Nodes[1].Frozen = true
	blocked.Alarm = "split brain: node 1 and node 2 are both quorate"
	plain := pair()
	plain.Device = false
	plain.Nodes[1] = lab.NodeView{ID: 2}
	for _, c := range []struct {
		name          string
		view          lab.View
		width, height int
		keys          []string
	}{
		{"pair", pair(), 80, 24, nil},
		{"split", split(), 80, 24, []string{"dr"}},
		{"blocked", blocked, 100, 16, nil},
		{"plain", plain, 80, 12, nil},
		{"help", split(), 80, 24, []string{"?"}},
		{"narrow", blocked, 60, 20, nil},
		{"help60", split(), 60, 20, []string{"?"}},
		{"small", split(), 40, 10, []string{"cut 1 2; drop 1 arbiter; cut 2 arbiter"}},
		{"tiny", split(), 12, 3, []string{"cut 1 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, _ := start(c.view)
			m, _ = send(t, m, tea.WindowSizeMsg{Width: c.width, Height: c.height}, State{View: c.view, Events: []lab.Event{
				{At: 300 * time.Millisecond, Who: "arbiter", Text: "nodes 1 and 2 have the arbiter's vote, because all nodes are together"},
				{At: 300 * time.Millisecond, Who: "node 1", Text: "quorate", Tone: lab.Good},
			}})
			m, _ = send(t, m, press(c.keys...)...)
			v := m.View()
			got := bare(v.Content) + fmt.Sprintf("\ncursor at %d,%d\n", v.Cursor.X, v.Cursor.Y)
			golden.Compare(t, filepath.Join("testdata", c.name+".golden"), got)
		})
	}
}

func TestSizes(t *testing.T) {
	for _, view := range []lab.View{pair(), split()} {
		for width := range 90 {
			for height := range 30 {
				m, _ := start(view)
				m, _ = send(t, m, tea.WindowSizeMsg{Width: width, Height: height}, State{View: view, Events: []lab.Event{{Who: "node 1", Text: strings.Repeat("long ", 40)}}})
				m, _ = send(t, m, press("split 1,2 3,4 and so on, longer than the line may be", "left")...)
				v := m.View()
				lines := strings.Split(v.Content, "\n")
				if len(lines) > max(height, 1) {
					t.Fatalf("%d×%d: %d lines", width, height, len(lines))
				}
				for _, l := range lines {
					if lipgloss.Width(l) > max(width, 1) {
						t.Fatalf("%d×%d: %d columns: %q", width, height, lipgloss.Width(l), l)
					}
				}
				if v.Cursor.X >= max(width, 1) || v.Cursor.Y >= max(height, 1) {
					t.Fatalf("%d×%d: cursor at %d,%d", width, height, v.Cursor.X, v.Cursor.Y)
				}
			}
		}
	}
}

// TestPaint: colour changes no width, and plain text gets none.
func TestPaint(t *testing.T) {
	for tone := range lab.Tone(20) {
		for _, s := range []string{"", "  ", "node 1  ", "ACK"} {
			if got := Paint(tone, s); lipgloss.Width(got) != lipgloss.Width(s) || bare(got) != s {
				t.Errorf("%d: %q is %q", tone, s, got)
			}
		}
	}
	if got := Paint(lab.Good, "yes "); got != "\x1b[32myes\x1b[m " {
		t.Errorf("%q", got)
	}
}

// history is what has happened, without colours.
func history(m Model) string {
	var b strings.Builder
	for _, s := range m.log {
		b.WriteString(bare(s.prefix+s.text) + "\n")
	}
	return b.String()
}

var sequences = regexp.MustCompile("\x1b\\[[0-9;]*m")

// bare takes the colours out.
func bare(s string) string { return sequences.ReplaceAllString(s, "") }

// reflectSequence takes a sequence of commands apart: its type is bubbletea's own.
func reflectSequence(msg tea.Msg) []tea.Cmd {
	v := reflect.ValueOf(msg)
	if !v.IsValid() || v.Kind() != reflect.Slice || v.Type().Elem() != reflect.TypeFor[tea.Cmd]() {
		return nil
	}
	var cmds []tea.Cmd
	for i := range v.Len() {
		cmds = append(cmds, v.Index(i).Interface().(tea.Cmd))
	}
	return cmds
}

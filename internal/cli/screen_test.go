// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"errors"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/internal/outlook"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/term"
)

// watched is a report of a node with many others.
func watched(others int, quorate bool) *status.Report {
	q := &status.Quorum{Cluster: "pve", NodeID: 1, Ring: qnet.RingID{Node: 1, Seq: 4}, Quorate: quorate, Votequorum: &status.Votequorum{
		Expected: uint32(others + 1), HighestExpected: uint32(others + 1), Total: uint32(others + 1), Quorum: uint32(others/2 + 1), Quorate: quorate,
	}}
	for i := range others + 1 {
		id := qnet.NodeID(i + 1)
		q.Members = append(q.Members, status.Member{ID: id, Name: "pve" + id.String(), Votes: 1, Local: i == 0})
	}
	r := &status.Report{At: time.Now(), Quorum: q}
	outlook.Complete(r)
	return r
}

// press sends keys to a screen.
func press(s screen, keys ...rune) screen {
	for _, k := range keys {
		m, _ := s.Update(tea.KeyPressMsg{Code: k, Text: string(k)})
		s = m.(screen)
	}
	return s
}

func see(s screen, l looked) screen {
	m, _ := s.Update(l)
	return m.(screen)
}

// TestScreen: whatever its size, the screen is never left, and the verdict and the latest
// news stay in sight while the rest is scrolled.
func TestScreen(t *testing.T) {
	at := time.Date(2026, 11, 24, 15, 10, 2, 0, time.UTC)
	for _, size := range [][2]int{{80, 24}, {40, 12}, {200, 60}, {20, 5}, {7, 3}, {1, 1}} {
		s := screen{width: size[0], height: size[1], colour: true}
		s = see(s, looked{found: nodeSubject{watched(6, true)}, at: at})
		s = see(s, looked{found: nodeSubject{watched(5, true)}, at: at})
		s = see(s, looked{failed: errors.New("Corosync has ended"), at: at})
		s = see(s, looked{found: nodeSubject{watched(5, false)}, at: at})
		for _, key := range "jj G k bg  q" {
			lines := s.lines()
			if len(lines) > size[1] {
				t.Fatalf("%v: %d lines", size, len(lines))
			}
			for _, l := range lines {
				if n := term.Columns(l); n > size[0] {
					t.Fatalf("%v: %d columns: %q", size, n, l)
				}
			}
			text := strings.Join(lines, "\n")
			if size[0] >= 80 && (!strings.Contains(text, "pve1 has no quorum") || !strings.Contains(text, "15:10:02  pve1 has lost quorum")) {
				t.Fatalf("%v: after %q:\n%s", size, key, text)
			}
			s = press(s, key)
		}
	}
}

// TestScreenScrolls: every line of the rest can be reached, and no further.
func TestScreenScrolls(t *testing.T) {
	s := see(screen{width: 80, height: 24}, looked{found: nodeSubject{watched(9, true)}})
	if text := strings.Join(s.lines(), "\n"); strings.Contains(text, "Membership information") || !strings.Contains(text, "scroll") {
		t.Errorf("the beginning:\n%s", text)
	}
	seen := strings.Join(s.lines(), "\n")
	for range 100 {
		s = press(s, 'j')
		seen += strings.Join(s.lines(), "\n")
	}
	if end := strings.Join(s.lines(), "\n"); !strings.Contains(end, "Membership information") {
		t.Errorf("the end:\n%s", end)
	}
	_, rest, _ := s.layout()
	for _, l := range rest {
		if !strings.Contains(seen, l) {
			t.Errorf("never in sight: %s", l)
		}
	}
	at := s.top
	if s = press(s, 'g'); s.top != 0 || press(s, 'G').top != at {
		t.Errorf("top %d", s.top)
	}
}

// TestStatusOnTerminal: the verdict comes first; with --watch it stays in sight, changes
// are told, and q ends it with the exit code of the last look.
func TestStatusOnTerminal(t *testing.T) {
	c, _ := withDevice(t)
	socket := serveNode(t, &nodeSnapshot{st: nodeDaemon()})
	once := onTerminal(t, nil, "status", "--sockets", c.dir, "--socket", socket)
	once.expect("pve1 is quorate: 3 of 3 votes, 2 needed.")
	once.expect("If one of these is lost now")
	once.expect("Membership information")
	if code := once.wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	w := onTerminal(t, []string{"NO_COLOR=1"}, "status", "--watch", "--sockets", c.dir, "--socket", socket)
	w.expect("pve1 is quorate: 3 of 3 votes, 2 needed.")
	c.Stall(func() { c.quorum.Set(false, corosync.RingID{Node: 1, Seq: 4}, 1, 2) })
	w.expect("pve1 has lost quorum")
	w.send("q")
	if code := w.wait(); code != 2 {
		t.Errorf("with --watch: exit code %d", code)
	}
	if strings.Contains(w.printed(), "\x1b[31m") {
		t.Error("colours with NO_COLOR")
	}
}

// TestStatusPvecm: the block alone.
func TestStatusPvecm(t *testing.T) {
	c, _ := withDevice(t)
	code, out, errs := call("quorate", "status", "--pvecm", "--sockets", c.dir, "--socket", "/nonexistent")
	if code != 0 || errs != "" || !strings.HasPrefix(out, "Cluster information\n") || !strings.HasSuffix(out, "Qdevice\n") || strings.Contains(out, "Arbiter") {
		t.Errorf("exit code %d, %s%s", code, out, errs)
	}
	if code, _, _ := call("quorate", "status", "--pvecm", "--json"); code != 1 {
		t.Errorf("with --json: exit code %d", code)
	}
}

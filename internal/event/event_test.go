// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package event_test

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
)

var names = qnet.Names{{ID: 1, Name: "pve1"}, {ID: 2, Name: "pve2"}, {ID: 3, Name: "pve3"}}

// TestText: the sentences of what matters most.
func TestText(t *testing.T) {
	one, two := []qnet.NodeID{1}, []qnet.NodeID{2}
	for _, tt := range []struct {
		e    event.Event
		want string
	}{
		{event.Event{Kind: event.NodeGone, Gone: one, Nodes: two, Was: true, Device: true}, "pve1 is gone; pve2 stays quorate with the arbiter's vote"},
		{event.Event{Kind: event.NodeGone, Gone: []qnet.NodeID{3}, Nodes: []qnet.NodeID{1, 2}, Was: true}, "pve3 is gone; pve1 and pve2 stay quorate"},
		{event.Event{Kind: event.NodeBack, Back: one, Nodes: []qnet.NodeID{1, 2}, Was: true, Device: true}, "pve1 is back; pve1 and pve2 stay quorate with the arbiter's vote"},
		{event.Event{Kind: event.QuorumLost, Was: true, Votes: event.Votes{Total: 1, Expected: 3, Needed: 2}}, "quorum lost: 1 of 3 votes, 2 needed"},
		{event.Event{Kind: event.QuorumLost, Was: true, Gone: []qnet.NodeID{2, 3}}, "pve2 and pve3 are gone; quorum lost"},
		{event.Event{Kind: event.QuorumLost, Votes: event.Votes{Total: 1, Expected: 3, Needed: 2}}, "no quorum yet: 1 of 3 votes, 2 needed"},
		{event.Event{Kind: event.QuorumGained, Votes: event.Votes{Total: 2, Expected: 3, Needed: 2}, Device: true}, "quorum gained with the arbiter's vote: 2 of 3 votes, 2 needed"},
		{event.Event{Kind: event.NodeBack, Back: one, Nodes: []qnet.NodeID{1, 2}}, "pve1 is back; there is still no quorum"},
		{event.Event{Kind: event.AwaitingAnswer}, "waiting for the arbiter's first answer"},
		{event.Event{Kind: event.HeldBack, Nodes: one, For: 21300 * time.Millisecond}, "pve1 may still be using the vote for another 21 s"},
		{event.Event{Kind: event.VoteTakenBack, For: 16 * time.Second}, "the arbiter has not answered for 16 s; this node no longer counts its vote"},
		{event.Event{Kind: event.NodeReports, Node: 1, Nodes: []qnet.NodeID{1, 2, 3}}, "pve1 is together with pve2 and pve3"},
		{event.Event{Kind: event.NodeReports, Node: 1, Nodes: one}, "pve1 is alone"},
		{event.Event{Kind: event.VoteSent, Node: 9, Vote: qnet.VoteACK, Reason: "all nodes are together"}, "node 9 gets the vote, because all nodes are together"},
		{event.Event{Kind: event.Disconnected, Reason: "it was reset", For: 12 * time.Second}, "lost the connection to the arbiter: it was reset; the arbiter's vote still counts for 12 s"},
	} {
		tt.e.Names = names
		if got := tt.e.Text(); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.e.Kind, got, tt.want)
		}
	}
}

// TestKinds: each kind has a name of its own, and a sentence that stands by itself.
func TestKinds(t *testing.T) {
	seen := map[string]event.Kind{}
	for _, k := range event.Kinds() {
		e := event.Event{
			Kind: k, Names: names, Cluster: "home", Node: 1, Nodes: []qnet.NodeID{1, 2}, Gone: []qnet.NodeID{3}, Addr: "192.0.2.1:5403",
			For: time.Second, What: "quorum.device", Reason: "the reason", Votes: event.Votes{Total: 1, Expected: 3, Needed: 2},
		}
		text, name := e.Text(), k.String()
		if strings.HasPrefix(name, "first") || text == "" {
			if text != "" || name != "" {
				t.Errorf("%d: %q, %q", k, name, text)
			}
			continue
		}
		if old, ok := seen[name]; ok || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r != '_' && !unicode.IsLower(r) }) {
			t.Errorf("kind %d is called %q, as is %d", k, name, old)
		}
		seen[name] = k
		first, _ := utf8.DecodeRuneInString(text)
		if unicode.IsUpper(first) && !strings.HasPrefix(text, "Corosync") || strings.HasSuffix(text, ".") || strings.Contains(text, "  ") || strings.HasSuffix(text, ": ") {
			t.Errorf("%s: %q", name, text)
		}
	}
	if len(seen) < 60 {
		t.Errorf("%d kinds", len(seen))
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ms", 400 * time.Microsecond: "0.4 ms", 300 * time.Millisecond: "300 ms", time.Second: "1 s", 4000628207: "4 s", 2100 * time.Millisecond: "2.1 s",
		9960 * time.Millisecond: "10 s", 28300 * time.Millisecond: "28 s", 16 * time.Second: "16 s", 3 * time.Minute: "3 min", 5 * time.Hour: "5 h", 72 * time.Hour: "3 days",
		-4 * time.Second: "4 s", 999 * time.Millisecond: "1 s", 90 * time.Second: "90 s",
	} {
		if got := event.Duration(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

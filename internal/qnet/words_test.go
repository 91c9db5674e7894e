// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnet_test

import (
	"encoding"
	"testing"

	"github.com/quorate/quorate/internal/qnet"
)

// noun is a value that prints and parses itself.
type noun interface {
	comparable
	encoding.TextMarshaler
}

// roundTrip holds that what a value is called is want, and is read back as the value.
func roundTrip[T noun, P interface {
	*T
	encoding.TextUnmarshaler
}](t *testing.T, v T, want string) {
	t.Helper()
	text, err := v.MarshalText()
	if err != nil || string(text) != want {
		t.Errorf("%v: got %q, %v, want %q", v, text, err, want)
	}
	var back T
	if err := P(&back).UnmarshalText(text); err != nil || back != v {
		t.Errorf("%q: got %v, %v, want %v", text, back, err, v)
	}
}

// TestWords: each noun reads what it prints, in our words and in C's.
func TestWords(t *testing.T) {
	for i, name := range []string{"test", "ffsplit", "2nodelms", "lms"} {
		a := qnet.Algorithm(i)
		roundTrip(t, a, name)
		if printed, ok := qnet.AlgorithmPrinted(a.String()); !ok || printed != a {
			t.Errorf("%s: got %v, %v", a, printed, ok)
		}
	}
	roundTrip(t, qnet.Algorithm(9), "9")
	for _, tt := range []struct {
		t    qnet.TieBreaker
		want string
	}{
		{qnet.TieBreaker{}, ""},
		{qnet.TieBreaker{Mode: qnet.TieBreakerLowest}, "lowest"},
		{qnet.TieBreaker{Mode: qnet.TieBreakerHighest}, "highest"},
		{qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: 4294967295}, "4294967295"},
	} {
		roundTrip(t, tt.t, tt.want)
		if printed, id, ok := qnet.TieBreakerPrinted(tt.t.String()); ok != (tt.want != "") || printed.Mode != tt.t.Mode || id != "" && id != tt.want {
			t.Errorf("%s: got %v, %q, %v", tt.t, printed, id, ok)
		}
	}
	for i, word := range []string{"Undefined", "ACK", "NACK", "Ask later", "Wait for reply", "No change"} {
		roundTrip(t, qnet.Vote(i), word)
	}
	for i, word := range []string{"Undefined", "Pass", "Fail"} {
		roundTrip(t, qnet.Heuristics(i), word)
	}
	for i, word := range []string{"not set", "member", "dead", "leaving"} {
		roundTrip(t, qnet.NodeState(i), word)
	}
	roundTrip(t, qnet.RingID{}, "0.0")
	roundTrip(t, qnet.RingID{Node: 0xab, Seq: 0xa00000000021b40}, "ab.a00000000021b40")
}

// TestUnknownWords: a newer program may use words that this one does not know; a number
// or a ring ID that can't be read is an error.
func TestUnknownWords(t *testing.T) {
	v, h, s := qnet.VoteACK, qnet.HeuristicsPass, qnet.NodeStateDead
	for _, u := range []encoding.TextUnmarshaler{&v, &h, &s} {
		if err := u.UnmarshalText([]byte("newer")); err != nil {
			t.Error(err)
		}
	}
	if v != qnet.VoteUndefined || h != qnet.HeuristicsUndefined || s != qnet.NodeStateNotSet || qnet.Vote(9).String() != "Undefined" {
		t.Errorf("got %v, %v, %v", v, h, s)
	}
	for text, u := range map[string]encoding.TextUnmarshaler{
		"coin": new(qnet.Algorithm), "65536": new(qnet.Algorithm), "4294967296": new(qnet.TieBreaker), "Lowest": new(qnet.TieBreaker),
		"1": new(qnet.RingID), "1.x": new(qnet.RingID), "100000000.1": new(qnet.RingID),
	} {
		if err := u.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was taken for %v", text, u)
		}
	}
}

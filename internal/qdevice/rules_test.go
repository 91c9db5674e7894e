// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qdevice_test

import (
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/wire"
)

// played plays the lines of a scenario, and returns the player as they leave it.
func played(t *testing.T, lines ...string) *player {
	t.Helper()
	p := newPlayer(t)
	for _, line := range lines {
		p.do(strings.Fields(line))
	}
	return p
}

// TestPollsUntil: a poll of "yes" says until when it may be made (N2): that is as long as the
// arbiter's grace after the last echo that was answered was sent, and never without an end
// but where lms is as lenient as in C.
func TestPollsUntil(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines string
		cast  bool
		until time.Duration // since the start; negative: no end
	}{
		{"with a grace", "start", true, 16 * time.Second},
		{"after an answered echo", "start; wait 10s", true, 24 * time.Second},
		{"after two", "start; wait 20s", true, 32 * time.Second},
		{"the second is not answered", "start; wait 10s; silent; wait 9s", true, 24 * time.Second},
		{"one answer twice", "start; wait 8s; echo-reply 1; wait 3s", true, 24 * time.Second},
		{"of an arbiter of C", "config grace=0s; start", true, 10 * time.Second},
		{"without the arbiter", "start; lost; wait 5s", true, 16 * time.Second},
		{"lms and wait_for_all", "config alg=lms wait_for_all; start; wait 5s", true, -1},
		{"lms, not quorate", "config alg=lms wait_for_all; start; inquorate 1,2; wait 5s", true, 16 * time.Second},
		{"lms alone", "config alg=lms; start; wait 5s", true, 16 * time.Second},
		{"wait_for_all alone", "config wait_for_all; start; wait 5s", true, 16 * time.Second},
		{"no", "start; vote 1.5 NACK; wait 5s", false, -1},
	} {
		p := played(t, strings.Split(c.lines, "; ")...)
		got := p.polled.Until.Sub(start)
		if p.polled.Until.IsZero() {
			got = -1
		}
		if p.polled.Cast != c.cast || got != c.until {
			t.Errorf("%s: cast %v until %v, want %v until %v", c.name, p.polled.Cast, got, c.cast, c.until)
		}
		if p.node.Status().LastPollCast != c.cast {
			t.Errorf("%s: the status says the opposite", c.name)
		}
	}
}

// slow returns a player whose node is online, and whose Init was answered after d.
func slow(t *testing.T, d time.Duration) *player {
	t.Helper()
	p := played(t, "silent", "configured 1,2", "ring 1.5 1,2", "connected")
	p.step(qdevice.Received{Msg: p.answer(wire.Preinit{Seq: wire.Some(uint32(1))})})
	p.wait(d)
	p.step(qdevice.Received{Msg: p.answer(wire.Init{Seq: wire.Some(uint32(2))})})
	p.do(strings.Fields("vote 1.5 ACK"))
	return p
}

// TestPatience: in a sync a silent arbiter is waited for as long as four round trips take, but
// for the withdraw time at least, and for 2.1 s at most (N5).
func TestPatience(t *testing.T) {
	for rtt, want := range map[time.Duration]time.Duration{
		10 * time.Millisecond: 400 * time.Millisecond, 200 * time.Millisecond: 1200 * time.Millisecond, 3 * time.Second: 2100 * time.Millisecond,
	} {
		p := slow(t, rtt)
		p.do(strings.Fields("ring 1.6 1,2"))
		p.wait(want - time.Millisecond)
		if p.polled.Ring.Seq != 5 {
			t.Errorf("round trips of %v: it is polled before %v", rtt, want)
		}
		p.wait(time.Millisecond)
		if p.polled.Ring.Seq != 6 || p.polled.Cast {
			t.Errorf("round trips of %v: it is not polled after %v", rtt, want)
		}
	}
}

// TestUnanswered: an echo is waited for as long as four round trips take, and half a
// heartbeat at least (N4); each answer makes them more exact.
func TestUnanswered(t *testing.T) {
	p := slow(t, time.Second)
	p.wait(8 * time.Second) // the first echo is sent, a heartbeat after the Init's answer
	closed := func() bool { return strings.Contains(p.out.String(), "close: it has not answered for") }
	p.wait(5999 * time.Millisecond)
	if closed() {
		t.Error("it is given up before four round trips")
	}
	p.wait(time.Millisecond)
	if !closed() {
		t.Error("it is not given up after four round trips")
	}
	p = slow(t, time.Second)
	p.silent = false
	p.wait(24 * time.Second) // three are answered at once
	p.silent = true
	p.out.Reset()
	p.wait(8*time.Second + 5600*time.Millisecond)
	if !closed() {
		t.Error("the answers to echoes make its round trips no shorter")
	}
}

// TestEchoReplyWithoutNumber: it is no answer to any echo (N2).
func TestEchoReplyWithoutNumber(t *testing.T) {
	p := played(t, "start", "silent", "wait 8s")
	p.step(qdevice.Received{Msg: wire.EchoReply{}})
	if !strings.Contains(p.out.String(), "close: the program there does not behave like an arbiter") {
		t.Error("it is taken")
	}
}

// TestGraceFromInit: until an echo is answered the grace counts from when the Init was sent,
// not from its reply: the arbiter had heard nothing since (N2).
func TestGraceFromInit(t *testing.T) {
	p := slow(t, 3*time.Second)
	if got := p.polled.Until.Sub(start); !p.polled.Cast || got != 16*time.Second {
		t.Errorf("cast %v until %v, want the grace from the Init's start", p.polled.Cast, got)
	}
}

// TestGraceAfterReload: what the arbiter has announced was for the heartbeat and the timeout that
// it was told; a reload takes away from it what they would make it less, and adds nothing (N2).
func TestGraceAfterReload(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines string
		until time.Duration
	}{
		{"the same", "start; lost; reload timeout=10s", 16 * time.Second},
		{"half the heartbeat", "start; lost; reload heartbeat=4s", 8 * time.Second},
		{"twice the heartbeat", "start; lost; reload heartbeat=16s", 16 * time.Second},
		{"2 s more of the timeout", "start; lost; reload timeout=12s", 14 * time.Second},
		{"a short heartbeat from the start", "config heartbeat=1s; start; lost; reload timeout=10s heartbeat=1s", 16 * time.Second},
		{"a timeout below 1.25 heartbeats", "config grace=40s heartbeat=20s; start; lost; reload timeout=24s heartbeat=20s", 40 * time.Second},
		{"more than is believed", "config grace=100s; start; lost; reload timeout=10s", 30 * time.Second},
		{"more, of a long heartbeat", "config grace=100s heartbeat=20s; start; lost; reload timeout=10s heartbeat=20s", 60 * time.Second},
	} {
		p := played(t, append(strings.Split(c.lines, "; "), "wait 5s")...)
		if got := p.polled.Until.Sub(start); !p.polled.Cast || got != c.until {
			t.Errorf("%s: cast %v until %v, want %v", c.name, p.polled.Cast, got, c.until)
		}
	}
	// One that is too long for any grace to be left takes the vote back.
	if p := played(t, "start", "lost", "reload timeout=40s"); p.polled.Cast {
		t.Error("without a grace that is left the vote is kept over a lost connection")
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package hold

import (
	"testing"
	"time"
)

// TestHoldTime: a hold covers 2 heartbeats and the device timeout, which is at least 1.25
// heartbeats, plus 5 % and 1 s, and hardly more (H2). What it leaves besides the device timeout
// is the grace, in which a node notices that its arbiter is silent (H9).
func TestHoldTime(t *testing.T) {
	const second = 1000 // ms
	times := Times{Fixed: Auto}
	for _, p := range []Pace{
		{Heartbeat: second}, {Heartbeat: 8 * second}, {Heartbeat: 120 * second}, {Heartbeat: 8 * second, Timeout: 5 * second},
		{Heartbeat: 8 * second, Timeout: 10 * second}, {Heartbeat: 8 * second, Timeout: 10*second + 1}, {Heartbeat: 8 * second, Timeout: 31 * second},
		{Heartbeat: second, Timeout: 600 * second}, {Heartbeat: 1001, Timeout: 1999}, {Heartbeat: 120 * second, Timeout: 600 * second},
	} {
		timeout := max(time.Duration(p.Timeout)*time.Millisecond, time.Duration(p.Heartbeat)*time.Millisecond*5/4)
		beats := 2 * time.Duration(p.Heartbeat) * time.Millisecond
		want := (beats+timeout)*105/100 + time.Second
		if got := times.Hold(p.Ms()); got < want || got > want+4*time.Millisecond {
			t.Errorf("%+v: a hold of %v, want %v", p, got, want)
		}
		if got := times.Grace(p); got < beats || got > beats+4*time.Millisecond {
			t.Errorf("%+v: a grace of %v, want %v", p, got, beats)
		}
	}
	if got := times.Hold(slow.Ms()); got != 28300*time.Millisecond {
		t.Errorf("the usual hold is %v", got)
	}
}

// TestFixedHoldTime: a hold time that was set holds for every pace, and leaves the grace that it
// covers: none if it covers none (H9).
func TestFixedHoldTime(t *testing.T) {
	for fixed, grace := range map[time.Duration]time.Duration{0: 0, 5 * time.Second: 0, 43 * time.Second: 30 * time.Second} {
		times := Times{Fixed: fixed}
		if got := times.Hold(slow.Ms()); got != fixed {
			t.Errorf("%v: a hold of %v", fixed, got)
		}
		if got := times.Grace(slow); got != grace {
			t.Errorf("%v: a grace of %v, want %v", fixed, got, grace)
		}
	}
}

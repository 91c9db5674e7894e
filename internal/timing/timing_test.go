// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package timing

import (
	"cmp"
	"slices"
	"testing"
	"time"
)

var never time.Time

func at(seconds int) time.Time { return time.Unix(int64(seconds), 0) }

// TestEarliest: what never comes is not the earliest, wherever it stands.
func TestEarliest(t *testing.T) {
	for _, c := range []struct {
		of   []time.Time
		want time.Time
	}{
		{nil, never},
		{[]time.Time{never, never}, never},
		{[]time.Time{at(2), never}, at(2)},
		{[]time.Time{never, at(2)}, at(2)},
		{[]time.Time{at(3), never, at(1), at(2)}, at(1)},
	} {
		if got := Earliest(c.of...); !got.Equal(c.want) {
			t.Errorf("%v: %v, want %v", c.of, got, c.want)
		}
	}
}

func TestBefore(t *testing.T) {
	for _, c := range []struct {
		a, b time.Time
		want bool
	}{{never, never, false}, {never, at(1), false}, {at(1), never, true}, {at(1), at(1), false}, {at(1), at(2), true}, {at(2), at(1), false}} {
		if got := Before(c.a, c.b); got != c.want {
			t.Errorf("%v, %v: %t", c.a, c.b, got)
		}
	}
}

func TestDue(t *testing.T) {
	for _, c := range []struct {
		at   time.Time
		want bool
	}{{never, false}, {at(1), true}, {at(2), true}, {at(3), false}} {
		if got := Due(at(2), c.at); got != c.want {
			t.Errorf("%v: %t", c.at, got)
		}
	}
}

// TestRTT: RFC 6298, section 2. The first measurement R makes SRTT R and RTTVAR R/2; each
// later one moves RTTVAR by a quarter, with the SRTT of before, and then SRTT by an eighth.
func TestRTT(t *testing.T) {
	var r RTT
	if r.Smoothed() != 0 || r.Patience() != 0 {
		t.Errorf("unmeasured: %v, %v", r.Smoothed(), r.Patience())
	}
	for _, c := range []struct{ rtt, smoothed, patience time.Duration }{
		{8 * time.Millisecond, 8 * time.Millisecond, 4 * 12 * time.Millisecond},
		{16 * time.Millisecond, 9 * time.Millisecond, 4 * 14 * time.Millisecond},
		{time.Millisecond, 8 * time.Millisecond, 4 * 13750 * time.Microsecond},
	} {
		r.Measured(c.rtt)
		if r.Smoothed() != c.smoothed || r.Patience() != c.patience {
			t.Errorf("after %v: %v, %v, want %v, %v", c.rtt, r.Smoothed(), r.Patience(), c.smoothed, c.patience)
		}
	}
}

// TestHeap holds the heap to a list that is sorted anew for each value.
func TestHeap(t *testing.T) {
	type value struct{ at, order int }
	var h Heap[time.Time, value]
	var list []value
	x := uint32(1)
	for i := range 2000 {
		x = x*1664525 + 1013904223 // Numerical Recipes' generator
		now := int(x>>8) % 60
		list = append(list, value{now, i})
		h.Add(at(now), value{now, i})
		slices.SortStableFunc(list, func(a, b value) int { return cmp.Compare(a.at, b.at) })
		for range x >> 30 {
			when, got, ok := h.Due(at(now))
			if want := len(list) > 0 && list[0].at <= now; ok != want {
				t.Fatalf("at %d: due %t, want %t", now, ok, want)
			}
			if !ok {
				break
			}
			if got != list[0] || !when.Equal(at(got.at)) {
				t.Fatalf("got %v at %v, want %v", got, when, list[0])
			}
			list = list[1:]
		}
		next := never
		if len(list) > 0 {
			next = at(list[0].at)
		}
		if !h.Next().Equal(next) || h.Len() != len(list) {
			t.Fatalf("%d values, the next at %v; want %d, %v", h.Len(), h.Next(), len(list), next)
		}
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package timing has the arithmetic of instants that the machines share: which of several
// comes first, a heap of them, and how long an answer may take by what earlier ones took.
//
// It reads no clock. The zero [time.Time] is an instant that never comes.
package timing

import "time"

// Earliest returns the first of the instants that come at all, or the zero Time.
func Earliest(instants ...time.Time) time.Time {
	var first time.Time
	for _, at := range instants {
		if Before(at, first) {
			first = at
		}
	}
	return first
}

// Before reports whether a comes before b.
func Before(a, b time.Time) bool { return !a.IsZero() && (b.IsZero() || a.Before(b)) }

// Due reports whether the instant at has come.
func Due(now, at time.Time) bool { return !at.IsZero() && !now.Before(at) }

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"cmp"
	"time"

	"github.com/quorate/quorate/internal/random"
)

// instant is a time of the world, in nanoseconds since its beginning.
type instant int64

// Compare implements [timing.Instant].
func (i instant) Compare(j instant) int { return cmp.Compare(i, j) }

// epoch is what all clocks show at the beginning.
var epoch = time.Unix(1_000_000, 0).UTC()

// million is the unit of a clock's drift.
const million = 1_000_000

// clock is a host's clock. It runs drift parts of a million faster than the world.
type clock struct{ drift int64 }

// local is what the clock shows.
func (c clock) local(at instant) time.Time { return epoch.Add(time.Duration(at) + c.gain(at)) }

func (c clock) gain(at instant) time.Duration {
	return time.Duration(int64(at) * c.drift / million)
}

// global is the first instant at which the clock shows t or more.
func (c clock) global(t time.Time) instant {
	d := int64(t.Sub(epoch))
	at := max(0, instant(d-d*c.drift/(million+c.drift)-2))
	for c.local(at).Before(t) {
		at++
	}
	return at
}

// later is the instant at which d has passed on the clock.
func (c clock) later(at instant, d time.Duration) instant { return c.global(c.local(at).Add(d)) }

// chance names what a random number is for: its numbers do not depend on how
// many were drawn for anything else.
type chance uint8

const (
	forDelay chance = iota
	forRing
	forTimer
	forDisk
	forRestart
	forOrder
	chances
)

// dice gives one host the numbers of each kind.
type dice struct {
	seed  uint64
	drawn [chances]uint64
}

func newDice(seed uint64, host uint64) dice {
	return dice{seed: random.Mix(seed) ^ random.Mix(host+1)<<1}
}

// number is the next random number of a kind.
func (d *dice) number(c chance) uint64 {
	d.drawn[c]++
	return random.Mix(d.seed ^ random.Mix(uint64(c)<<56|d.drawn[c]))
}

// one reports true in one of n cases.
func (d *dice) one(c chance, n uint64) bool { return d.number(c)%n == 0 }

// between is a duration from lo to hi.
func (d *dice) between(c chance, lo, hi time.Duration) time.Duration {
	if hi <= lo {
		return lo
	}
	return lo + time.Duration(d.number(c)%uint64(hi-lo))
}

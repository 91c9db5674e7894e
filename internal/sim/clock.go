// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import "time"

// instant is a time of the world, in nanoseconds since its beginning.
type instant int64

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

// coming is something that will happen.
type coming struct {
	at    instant
	order uint64 // of two at the same instant, the one that was scheduled first comes first
	do    func()
}

// queue is a heap of events.
type queue struct {
	heap  []coming
	count uint64
}

func (q *queue) less(i, j int) bool {
	if q.heap[i].at != q.heap[j].at {
		return q.heap[i].at < q.heap[j].at
	}
	return q.heap[i].order < q.heap[j].order
}

func (q *queue) push(at instant, do func()) {
	q.count++
	q.heap = append(q.heap, coming{at: at, order: q.count, do: do})
	for i := len(q.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !q.less(i, up) {
			return
		}
		q.heap[i], q.heap[up] = q.heap[up], q.heap[i]
		i = up
	}
}

func (q *queue) pop() coming {
	top := q.heap[0]
	last := len(q.heap) - 1
	q.heap[0] = q.heap[last]
	q.heap[last] = coming{}
	q.heap = q.heap[:last]
	for i := 0; ; {
		small := i
		for _, kid := range [2]int{2*i + 1, 2*i + 2} {
			if kid < last && q.less(kid, small) {
				small = kid
			}
		}
		if small == i {
			return top
		}
		q.heap[i], q.heap[small] = q.heap[small], q.heap[i]
		i = small
	}
}

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

// mix is splitmix64's finishing step (Steele, Lea, Flood, 2014).
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// dice gives one host the numbers of each kind.
type dice struct {
	seed  uint64
	drawn [chances]uint64
}

func newDice(seed uint64, host uint64) dice { return dice{seed: mix(seed) ^ mix(host+1)<<1} }

// number is the next random number of a kind.
func (d *dice) number(c chance) uint64 {
	d.drawn[c]++
	return mix(d.seed ^ mix(uint64(c)<<56|d.drawn[c]))
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

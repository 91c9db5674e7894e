// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import "time"

// timers is a heap of instants at which a connection or a cluster wants to be
// looked at. An entry whose owner has since been armed for another instant is
// stale and ignored when it comes up, so that a heartbeat, which only ever
// moves an instant back, costs nothing here.
type timers struct {
	heap  []timer
	count uint64
}

type timer struct {
	at      time.Time
	order   uint64  // insertion order breaks ties, for equal histories
	client  *client // one of the two
	cluster *cluster
}

func (t *timers) next() time.Time {
	if len(t.heap) == 0 {
		return time.Time{}
	}
	return t.heap[0].at
}

// due takes the earliest entry if its instant has come.
func (t *timers) due(now time.Time) (timer, bool) {
	if len(t.heap) == 0 || t.heap[0].at.After(now) {
		return timer{}, false
	}
	top := t.heap[0]
	last := len(t.heap) - 1
	t.heap[0] = t.heap[last]
	t.heap[last] = timer{}
	t.heap = t.heap[:last]
	t.down(0)
	return top, true
}

// add enters an instant for a client or a cluster.
func (t *timers) add(at time.Time, c *client, cl *cluster) {
	t.count++
	t.push(timer{at: at, order: t.count, client: c, cluster: cl})
}

func (t *timers) push(e timer) {
	t.heap = append(t.heap, e)
	i := len(t.heap) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !t.less(i, up) {
			return
		}
		t.heap[i], t.heap[up] = t.heap[up], t.heap[i]
		i = up
	}
}

func (t *timers) down(i int) {
	for {
		small := i
		for _, kid := range [2]int{2*i + 1, 2*i + 2} {
			if kid < len(t.heap) && t.less(kid, small) {
				small = kid
			}
		}
		if small == i {
			return
		}
		t.heap[i], t.heap[small] = t.heap[small], t.heap[i]
		i = small
	}
}

func (t *timers) less(i, j int) bool {
	a, b := &t.heap[i], &t.heap[j]
	if !a.at.Equal(b.at) {
		return a.at.Before(b.at)
	}
	return a.order < b.order
}

// earliest returns the earlier of two instants, where zero is never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

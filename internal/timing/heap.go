// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package timing

// Instant is what a [Heap] sorts by: a [time.Time], or the virtual time of a simulator.
type Instant[T any] interface{ Compare(T) int }

// Heap keeps values until their instants. Of two that are due at the same instant, the one
// that was added first comes first, so that equal histories have equal outcomes. Nothing
// can be removed: whoever has changed its mind ignores its value when it comes up.
type Heap[T Instant[T], V any] struct {
	entries []entry[T, V] // Invariant: none is before its parent, that of i being (i-1)/2
	added   uint64
}

type entry[T Instant[T], V any] struct {
	at    T
	order uint64
	value V
}

// Len is how many values there are.
func (h *Heap[T, V]) Len() int { return len(h.entries) }

// Next is the first instant, or the zero value if there is none.
func (h *Heap[T, V]) Next() (at T) {
	if len(h.entries) == 0 {
		return at
	}
	return h.entries[0].at
}

// Add keeps a value until an instant.
func (h *Heap[T, V]) Add(at T, value V) {
	h.added++
	h.entries = append(h.entries, entry[T, V]{at: at, order: h.added, value: value})
	for i := len(h.entries) - 1; i > 0; {
		up := (i - 1) / 2
		if !h.before(i, up) {
			return
		}
		h.swap(i, up)
		i = up
	}
}

// Due takes out the first value, if its instant has come by now, and says when that was.
func (h *Heap[T, V]) Due(now T) (at T, value V, ok bool) {
	if len(h.entries) == 0 || h.entries[0].at.Compare(now) > 0 {
		return at, value, false
	}
	top := h.entries[0]
	last := len(h.entries) - 1
	h.entries[0] = h.entries[last]
	h.entries[last] = entry[T, V]{} // nothing is kept alive by a place that is free
	h.entries = h.entries[:last]
	h.sink()
	return top.at, top.value, true
}

// sink moves the top to where it belongs.
func (h *Heap[T, V]) sink() {
	for i := 0; ; {
		first := i
		for _, kid := range [2]int{2*i + 1, 2*i + 2} {
			if kid < len(h.entries) && h.before(kid, first) {
				first = kid
			}
		}
		if first == i {
			return
		}
		h.swap(i, first)
		i = first
	}
}

func (h *Heap[T, V]) swap(i, j int) { h.entries[i], h.entries[j] = h.entries[j], h.entries[i] }

func (h *Heap[T, V]) before(i, j int) bool {
	a, b := &h.entries[i], &h.entries[j]
	if c := a.at.Compare(b.at); c != 0 {
		return c < 0
	}
	return a.order < b.order
}

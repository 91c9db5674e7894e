// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qb

import "sync"

// Feed hands events from a [Handler] to whoever reads a channel. The channel is
// closed with the feed.
type Feed[T any] struct {
	c    chan T
	quit chan struct{}
	once sync.Once
	mu   sync.Mutex // held while something is put; guards done
	done bool
}

// NewFeed makes a feed whose channel holds n events.
func NewFeed[T any](n int) *Feed[T] {
	return &Feed[T]{c: make(chan T, n), quit: make(chan struct{})}
}

// C returns the channel.
func (f *Feed[T]) C() <-chan T { return f.c }

// Put waits until v is taken or there is room for it. It gives up when stop is
// closed or the feed is.
func (f *Feed[T]) Put(v T, stop <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.done {
		return
	}
	select {
	case f.c <- v:
	case <-f.quit:
	case <-stop:
	}
}

// Close closes the channel. A Put that waits returns. Closing twice does no harm.
func (f *Feed[T]) Close() {
	f.once.Do(func() { close(f.quit) })
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.done {
		f.done = true
		close(f.c)
	}
}

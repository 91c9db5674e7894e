// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package heuristics

import "sync"

// queue hands functions to the goroutine that runs them, in order, and never makes
// the giver wait.
type queue struct {
	mu    sync.Mutex
	cond  *sync.Cond
	list  []func()
	ended bool
}

func newQueue() *queue {
	q := &queue{}
	q.cond = sync.NewCond(&q.mu)
	return q
}

// post adds a function. After end it does nothing.
func (q *queue) post(f func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.ended {
		q.list = append(q.list, f)
		q.cond.Signal()
	}
}

// end makes run return, at once.
func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended, q.list = true, nil
	q.cond.Broadcast()
}

// run calls the functions until end.
func (q *queue) run() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.ended {
		if len(q.list) == 0 {
			q.cond.Wait()
			continue
		}
		f := q.list[0]
		q.list = q.list[1:]
		q.mu.Unlock()
		f()
		q.mu.Lock()
	}
}

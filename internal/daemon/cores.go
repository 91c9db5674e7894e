// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"runtime"
	"sync"
	"time"
)

// idleTime is how long after the last such work the daemon goes back to one core.
const idleTime = 2 * time.Second

// cores lets the scheduler use one core for the daily work and all of them while
// clients shake hands or grants are written. A heartbeat wakes one goroutine after
// another; on several cores each of them would wake a thread to look for work that
// is not there, which costs more than the work.
type cores struct {
	all int // what the process started with

	mu    sync.Mutex
	busy  int // pieces of such work under way
	timer *time.Timer
}

func newCores() *cores {
	c := &cores{all: runtime.GOMAXPROCS(0)}
	c.timer = time.AfterFunc(0, c.calm)
	return c
}

// more and less frame a piece of work.
func (c *cores) more() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy++; c.busy == 1 && runtime.GOMAXPROCS(0) != c.all {
		runtime.GOMAXPROCS(c.all)
	}
}

func (c *cores) less() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy--; c.busy == 0 {
		c.timer.Reset(idleTime)
	}
}

func (c *cores) calm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy == 0 && runtime.GOMAXPROCS(0) != 1 {
		runtime.GOMAXPROCS(1)
	}
}

// restore gives the process back what it started with.
func (c *cores) restore() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer.Stop()
	c.busy++ // a timer that has just fired changes nothing any more
	runtime.GOMAXPROCS(c.all)
}

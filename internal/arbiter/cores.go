// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"sync"
	"time"
)

// idleTime is how long after the last such work one core is enough again.
const idleTime = 2 * time.Second

// cores tells whoever owns the process when one core is enough, for the daily work,
// and when all are of use: while clients shake hands or grants are written. How many
// the process uses is not the daemon's business; another one may run in it.
type cores struct {
	use func(all bool) // Config.Cores; nil: nobody wants to know

	mu    sync.Mutex
	all   bool // what use was called with last; nothing at first, which leaves all
	busy  int  // pieces of such work under way
	timer *time.Timer
}

func newCores(use func(all bool)) *cores {
	c := &cores{use: use, all: true}
	if use != nil {
		c.timer = time.AfterFunc(0, c.calm)
	}
	return c
}

// more and less frame a piece of work.
func (c *cores) more() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy++; c.busy == 1 {
		c.set(true)
	}
}

func (c *cores) less() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy--; c.busy == 0 && c.timer != nil {
		c.timer.Reset(idleTime)
	}
}

func (c *cores) calm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy == 0 {
		c.set(false)
	}
}

// end leaves all cores to the process.
func (c *cores) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
	}
	c.busy++ // a timer that has just fired changes nothing any more
	c.set(true)
}

func (c *cores) set(all bool) {
	if c.use != nil && c.all != all {
		c.all = all
		c.use(all)
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestCores: one core is enough 2 s after the last piece of work, and all are left at
// the end.
func TestCores(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []bool
		c := newCores(func(all bool) { told = append(told, all) })
		expect := func(what string, want ...bool) {
			t.Helper()
			synctest.Wait()
			c.mu.Lock()
			defer c.mu.Unlock()
			if !slices.Equal(told, want) {
				t.Fatalf("%s: told %v, want %v", what, told, want)
			}
		}
		expect("at the start", false)
		c.more()
		c.more()
		expect("with work", false, true)
		c.less()
		time.Sleep(2 * idleTime)
		expect("with one piece left", false, true)
		c.less()
		time.Sleep(idleTime - time.Millisecond)
		expect("too early", false, true)
		time.Sleep(time.Millisecond)
		expect("calm", false, true, false)
		c.end()
		time.Sleep(2 * idleTime)
		expect("ended", false, true, false, true)
	})
}

// TestCoresUntold: nobody has to want to know.
func TestCoresUntold(t *testing.T) {
	c := newCores(nil)
	c.more()
	c.less()
	c.calm()
	c.end()
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestEndIsTold: a daemon that a signal ends says so last, as it says its start.
func TestEndIsTold(t *testing.T) {
	a := startArbiter(t, nil)
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	a.logs(t, "the arbiter ends: it was told to")
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t)
		n.online()
		n.stop()
		n.logged("the node daemon ends: it was told to")
	})
}

// TestReconnectIsTold: after an outage that was long, and told, the log says at its usual
// level that the connection stands again.
func TestReconnectIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t)
		first := n.online()
		n.arbiter.set(func(a *fakeArbiter) { a.down = true })
		_ = first.c.Close()
		after(2 * time.Minute)
		n.arbiter.set(func(a *fakeArbiter) { a.down = false })
		after(20 * time.Second)
		n.logged("warning no connection to the arbiter")
		n.loggedTimes("info    connected to the arbiter", 2)
		n.stop()
	})
}

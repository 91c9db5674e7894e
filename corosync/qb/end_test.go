// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qb

import (
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// nowhere is a transport that is interrupted from the start.
type nowhere struct{ removed bool }

func (*nowhere) send([]byte) error                                { return nil }
func (*nowhere) receive() ([]byte, error)                         { return nil, errInterrupted }
func (*nowhere) poked()                                           {}
func (*nowhere) events(<-chan struct{}, func([]byte) error) error { return nil }
func (*nowhere) flow() uint32                                     { return 0 }
func (*nowhere) interrupt()                                       {}
func (*nowhere) release()                                         {}
func (t *nowhere) remove()                                        { t.removed = true }

// TestSweep: a call that sees a lost connection does not keep the dead daemon's
// files from being removed. They stay after a call that was given up, and if the daemon lives.
func TestSweep(t *testing.T) {
	gone := exec.Command("true")
	if err := gone.Start(); err != nil {
		t.Fatal(err)
	}
	defer gone.Wait() // not before: a parent may be slow to ask for the exit code
	if err := unix.Waitid(unix.P_PID, gone.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		server int
		why    error
		want   bool
	}{
		{gone.Process.Pid, ErrLost, true}, {gone.Process.Pid, errAbandoned, false}, {os.Getpid(), ErrLost, false},
	} {
		tr := &nowhere{}
		c := &Conn{
			service: "echo", max: 100, setup: &socket{fd: -1}, server: x.server, tr: tr,
			turn: make(chan struct{}, 1), over: make(chan struct{}), stop: make(chan struct{}), released: make(chan struct{}),
		}
		c.refs.Store(1)
		if x.why == ErrLost {
			c.end(x.why) // as watch does
		} else {
			c.abort(x.why)
		}
		if _, err := c.roundTrip(NewMessage(1, RequestHeader), true); err != x.why {
			t.Errorf("got %v, want %v", err, x.why)
		}
		select {
		case <-c.stop:
			if x.why == ErrLost {
				t.Error("the sweep is told to stop")
			}
		default:
		}
		if x.server == os.Getpid() {
			c.halt() // or the sweep would wait for its end
		}
		c.sweep()
		if tr.removed != x.want {
			t.Errorf("%v of %d: removed %v", x.why, x.server, tr.removed)
		}
	}
}

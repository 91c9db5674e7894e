// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package heuristics

import (
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/internal/timing"
)

const (
	closeGrace = 250 * time.Millisecond // from SIGTERM to SIGKILL at Close
	closeLimit = 2 * time.Second        // the least that Close waits for what can't be ended
)

// wish is what a family is to get. A greater one covers a smaller one.
type wish uint8

const (
	nothing    wish = iota
	noSignal        // to be looked at
	termSignal      // to be asked
	killSignal      // to be ended
)

func (w wish) signal() syscall.Signal {
	switch w {
	case termSignal:
		return syscall.SIGTERM
	case killSignal:
		return syscall.SIGKILL
	}
	return 0
}

// family is a command that is to be ended, with all that descends from it.
type family struct {
	pid      int    // of the command; 0 for the family of all
	start    uint64 // nothing of it is older
	mark     string // in the environment
	everyRun bool   // mark is only how the marks begin
	reaped   bool   // the command itself is gone
	exited   bool   // of its own accord: who left its session may stay

	next  wish
	due   time.Time // when SIGKILL is due
	known []process // members that were found, but for the command itself
}

// killList is all families that are not at their end.
type killList struct {
	families  []*family
	searching bool
	timer     *time.Timer
}

// sweep gives each family what it is to get. Who belongs to a family is looked for in
// the background, and before any signal: with its parent a process may lose what shows
// where it comes from.
func (r *Runner) sweep() {
	now := time.Now()
	var wanted []*search
	for _, f := range r.kill.families {
		if timing.Due(now, f.due) {
			f.next = killSignal
			if r.kill.searching { // it hangs: what is known by now must do
				r.signal(f, now)
			}
		}
		if f.next != nothing && !r.kill.searching {
			wanted = append(wanted, &search{family: f, reaped: f.reaped})
		}
	}
	r.arm(now)
	switch {
	case r.closing && len(r.kill.families) == 0 && r.tasks == 0:
		r.quit()
	case len(wanted) > 0:
		r.kill.searching = true
		go func() {
			look(wanted)
			r.loop.post(func() { r.swept(wanted) })
		}()
	}
}

// swept takes what a search has found.
func (r *Runner) swept(found []*search) {
	now := time.Now()
	r.kill.searching = false
	for _, s := range found {
		f := s.family
		f.known = s.members
		alive := r.signal(f, now)
		if s.reaped && alive == 0 {
			r.kill.families = slices.DeleteFunc(r.kill.families, func(o *family) bool { return o == f })
			if !f.everyRun {
				r.tasks--
			}
		} else if f.reaped && !s.reaped { // only now: it may have been the last
			f.next = max(f.next, noSignal)
		}
	}
	r.sweep()
}

// signal gives a family what it is to get, and returns how many members there are
// but for the command itself.
func (r *Runner) signal(f *family, now time.Time) (alive int) {
	sig := f.next.signal()
	f.next = nothing
	if sig != 0 {
		f.due = now.Add(r.cfg.KillInterval)
		if r.closing {
			f.due = now.Add(min(r.cfg.KillInterval, closeGrace))
		}
		if !f.reaped {
			_ = unix.Kill(-f.pid, sig) // it is there, as a zombie at least
		}
	}
	for _, m := range f.known {
		if m.deliver(sig) {
			alive++
		}
	}
	return alive
}

// arm sets the timer to the next SIGKILL that is due.
func (r *Runner) arm(now time.Time) {
	if r.kill.timer != nil {
		r.kill.timer.Stop()
		r.kill.timer = nil
	}
	var at time.Time
	for _, f := range r.kill.families {
		at = timing.Earliest(at, f.due)
	}
	if !at.IsZero() {
		r.kill.timer = time.AfterFunc(at.Sub(now), func() { r.loop.post(r.sweep) })
	}
}

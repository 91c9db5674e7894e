// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorate/quorate/internal/qnetd"
)

// TestOneTimer: the loop's timer fires for whatever comes first: a reply that has waited for long
// enough, the end of a nap, or the machine, which a nap keeps waiting.
func TestOneTimer(t *testing.T) {
	l := quotaLoop(t, &bytes.Buffer{})
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		l.pauses, l.machine = newPauses(), qnetd.New(modelQNetd(), now, nil)
		defer l.timer.Stop()
		fires := func(after time.Duration) {
			t.Helper()
			l.arm()
			start := time.Now()
			<-l.timer.C
			if l.armed = (time.Time{}); time.Since(start) != after {
				t.Errorf("it fires after %v, want %v", time.Since(start), after)
			}
		}
		if l.arm(); !l.armed.IsZero() {
			t.Error("it fires for nothing")
		}
		l.machine.Apply(now, qnetd.Connected{Conn: 1, Addr: "192.0.2.1:1"})
		wait := l.machine.Deadline().Sub(now)
		if l.arm(); !l.armed.Equal(now.Add(wait)) {
			t.Errorf("the machine's instant is %v, and it fires at %v", now.Add(wait), l.armed)
		}
		l.napEnd, l.unsent = now.Add(napTime), now
		fires(replyTime)
		l.unsent = time.Time{}
		if !l.naps(time.Now()) {
			t.Error("the nap ends too early")
		}
		fires(napTime - replyTime)
		if l.naps(time.Now()) {
			t.Error("the nap does not end")
		}
		l.napEnd = now.Add(wait + napTime)
		fires(wait)
		l.napEnd = time.Time{}
	})
}

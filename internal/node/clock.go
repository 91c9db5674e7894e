// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"time"

	"golang.org/x/sys/unix"
)

// systemClock returns a clock that goes on while the machine is suspended, which
// Go's does not: how old the arbiter's word is must not depend on that.
func systemClock() func() time.Time {
	base, since := time.Now(), bootTime()
	return func() time.Time { return base.Add(bootTime() - since) }
}

// bootTime is the time since the machine was started.
func bootTime() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) // it fails for unknown clocks only
	return time.Duration(ts.Nano())
}

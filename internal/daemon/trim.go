// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// trimTime is how long it must have been calm before memory is let go of.
const trimTime = 10 * time.Second

// TrimWhenCalm calls trim when it has been calm for a while after the start, or after what
// comes through stirred, until ctx is done.
func TrimWhenCalm(ctx context.Context, stirred <-chan struct{}, trim func()) {
	t := time.NewTimer(trimTime)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-stirred:
			t.Reset(trimTime)
		case <-t.C:
			trim()
		}
	}
}

// TrimMemory lets go of memory that only a start, a reload or a handshake needed:
// garbage, and those pages of the program itself that were mapped because they lie
// next to one that was used. They are clean copies of the file; one that is needed
// again is mapped again. Nothing happens where that is not possible.
func TrimMemory() {
	debug.FreeOSMemory()
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var from, to uintptr
		var mode string
		if _, err := fmt.Sscanf(sc.Text(), "%x-%x %s", &from, &to, &mode); err != nil {
			continue
		}
		if strings.HasSuffix(sc.Text(), " "+self) && !strings.Contains(mode, "w") { // nobody has written to it
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED) // it was a hint
		}
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"
)

// trim lets go of memory that only the start needed: garbage, and those pages of
// the program itself that were mapped because they lie next to one that was used.
// They are clean copies of the file; one that is needed again is mapped again.
// Nothing happens where that is not possible.
func trim() {
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

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"fmt"
	"os"
	"syscall"
)

// Journal lets the lines to the stream have the priority of systemd's journal in the
// place of a time of their own: journald notes the time, and reads "<4>" as a warning.
func (h *LogHandler) Journal() {
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	h.out.bare = true
}

// Hush keeps lines from syslog, or lets them go there again.
func (h *LogHandler) Hush(on bool) { h.out.hushed.Store(on) }

// ToJournal reports whether a file leads to the journal, as JOURNAL_STREAM says: it has
// the device and the inode of what systemd has connected. A shell that has redirected the
// file since leaves the variable as it was.
func ToJournal(f *os.File, journalStream string) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && journalStream != "" && journalStream == fmt.Sprintf("%d:%d", uint64(s.Dev), s.Ino) //nolint:unconvert // 32 bits wide on mips
}

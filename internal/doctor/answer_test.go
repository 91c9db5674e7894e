// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package doctor

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/quorate/quorate/corosync"
)

// TestNotAnswering: that Corosync does not run is said once.
func TestNotAnswering(t *testing.T) {
	err := &corosync.Error{Service: "cmap", Call: "connect", Code: corosync.ErrLibrary, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	if got := notAnswering(fmt.Errorf("connecting to Corosync: %w", err)); got != "Corosync is not running" {
		t.Errorf("%q", got)
	}
	if got := notAnswering(os.ErrDeadlineExceeded); got != "Corosync does not answer: it took too long" {
		t.Errorf("%q", got)
	}
}

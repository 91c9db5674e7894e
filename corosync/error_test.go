// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corosync_test

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/quorate/quorate/corosync"
)

func ExampleError() {
	err := error(&corosync.Error{Service: "cmap", Call: "get totem.cluster_nme", Code: corosync.ErrNotExist})
	fmt.Println(err)
	fmt.Println(errors.Is(err, corosync.ErrNotExist))
	// Output:
	// cmap get totem.cluster_nme: does not exist (12)
	// true
}

// TestCause: the cause behind a code is found, too.
func TestCause(t *testing.T) {
	err := fmt.Errorf("around: %w", &corosync.Error{Service: "cfg", Call: "reload", Code: corosync.ErrInterrupt, Err: context.Canceled})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, corosync.ErrInterrupt) || errors.Is(err, corosync.ErrBusy) {
		t.Errorf("%v is not what it says", err)
	}
	if want := "around: cfg reload: context canceled: interrupted (16)"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if got, want := corosync.Code(29).Error(), "error 29"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestCodeOf compares errnos with what the C libraries make of them.
func TestCodeOf(t *testing.T) {
	for errno, want := range map[syscall.Errno]corosync.Code{
		syscall.EACCES: corosync.ErrAccess, syscall.EAGAIN: corosync.ErrTryAgain, syscall.ECONNREFUSED: corosync.ErrLibrary,
		syscall.ENOTCONN: corosync.ErrLibrary, syscall.EMSGSIZE: corosync.ErrTooBig, syscall.ENOSYS: corosync.ErrNotSupported,
		syscall.ENOENT: corosync.ErrNotExist, syscall.EMFILE: corosync.ErrLibrary,
	} {
		if got := corosync.CodeOf(errno); got != want {
			t.Errorf("%v: got %v, want %v", errno, got, want)
		}
	}
}

func TestRingID(t *testing.T) {
	if got := (corosync.RingID{Node: 26, Seq: 0x1f4}).String(); got != "1a.1f4" {
		t.Errorf("got %s", got)
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package fault

import (
	"errors"
	"syscall"

	"github.com/quorate/quorate/corosync"
)

// service words a call of Corosync that did not succeed.
func service(e *corosync.Error) string {
	if e.Code == corosync.ErrLibrary && (errors.Is(e, syscall.ECONNREFUSED) || errors.Is(e, syscall.ENOENT)) {
		return "Corosync is not running"
	}
	return code(e.Code) + " (" + e.Service + ", " + e.Call + ")"
}

// code words what Corosync answers.
func code(c corosync.Code) string {
	switch c {
	case corosync.ErrLibrary:
		return "Corosync does not answer, or has ended"
	case corosync.ErrTimeout:
		return "Corosync does not answer in time"
	case corosync.ErrTryAgain, corosync.ErrBusy, corosync.ErrQueueFull:
		return "Corosync is busy"
	case corosync.ErrInvalidParam:
		return "Corosync does not accept that"
	case corosync.ErrAccess, corosync.ErrSecurity:
		return "Corosync allows only root to do that"
	case corosync.ErrNotExist, corosync.ErrNameNotFound:
		return "Corosync does not have that"
	case corosync.ErrExist:
		return "Corosync already has that"
	case corosync.ErrBadHandle:
		return "the connection to Corosync is closed"
	case corosync.ErrNotSupported, corosync.ErrVersion:
		return "this Corosync can't do that"
	case corosync.ErrNoMemory, corosync.ErrNoResources, corosync.ErrNoSpace:
		return "Corosync has no room for that"
	case corosync.ErrMessage:
		return "Corosync has formed a newer ring in the meantime"
	}
	return "Corosync answers with " + c.Name()
}

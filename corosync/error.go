// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corosync

import (
	"errors"
	"strconv"
	"syscall"
)

// Code is a cs_error_t of Corosync. It is an error, so that a caller can ask
// errors.Is(err, corosync.ErrNotExist). OK is no error: it is never returned as one.
type Code uint32

// The codes of Corosync's C header, by their numbers there.
const (
	OK                   Code = 1   // success
	ErrLibrary           Code = 2   // the daemon is not there, or went away
	ErrVersion           Code = 3   // version not supported
	ErrInit              Code = 4   // initialisation failed
	ErrTimeout           Code = 5   // timed out
	ErrTryAgain          Code = 6   // busy or overloaded: the same call may succeed later
	ErrInvalidParam      Code = 7   // an argument is out of its range
	ErrNoMemory          Code = 8   // out of memory
	ErrBadHandle         Code = 9   // the connection or handle is closed
	ErrBusy              Code = 10  // somebody else is at it
	ErrAccess            Code = 11  // not allowed
	ErrNotExist          Code = 12  // no such key, node or registration
	ErrNameTooLong       Code = 13  // name too long
	ErrExist             Code = 14  // it exists already
	ErrNoSpace           Code = 15  // no space
	ErrInterrupt         Code = 16  // interrupted
	ErrNameNotFound      Code = 17  // name not found
	ErrNoResources       Code = 18  // out of resources
	ErrNotSupported      Code = 19  // not supported by this daemon
	ErrBadOperation      Code = 20  // operation not possible in this state
	ErrFailedOperation   Code = 21  // operation failed
	ErrMessage           Code = 22  // the message makes no sense, or is for another ring
	ErrQueueFull         Code = 23  // queue full
	ErrQueueNotAvailable Code = 24  // queue not available
	ErrBadFlags          Code = 25  // bad flags
	ErrTooBig            Code = 26  // larger than the connection's messages may be
	ErrNoSections        Code = 27  // an iteration has reached its end
	ErrContextNotFound   Code = 28  // context not found
	ErrTooManyGroups     Code = 30  // too many groups
	ErrSecurity          Code = 100 // security error
)

// text is indexed by the code's number.
var text = [...]string{
	OK: "OK", ErrLibrary: "library error", ErrVersion: "version not supported", ErrInit: "initialisation failed",
	ErrTimeout: "timed out", ErrTryAgain: "try again", ErrInvalidParam: "invalid parameter", ErrNoMemory: "out of memory",
	ErrBadHandle: "bad handle", ErrBusy: "busy", ErrAccess: "access denied", ErrNotExist: "does not exist",
	ErrNameTooLong: "name too long", ErrExist: "exists already", ErrNoSpace: "no space", ErrInterrupt: "interrupted",
	ErrNameNotFound: "name not found", ErrNoResources: "out of resources", ErrNotSupported: "not supported",
	ErrBadOperation: "bad operation", ErrFailedOperation: "operation failed", ErrMessage: "message error",
	ErrQueueFull: "queue full", ErrQueueNotAvailable: "queue not available", ErrBadFlags: "bad flags",
	ErrTooBig: "too big", ErrNoSections: "no more entries", ErrContextNotFound: "context not found",
	ErrTooManyGroups: "too many groups", ErrSecurity: "security error",
}

// Error returns the code in words, with its number as the C tools print it.
func (c Code) Error() string {
	if int(c) < len(text) && text[c] != "" {
		return text[c] + " (" + strconv.Itoa(int(c)) + ")"
	}
	return "error " + strconv.FormatUint(uint64(c), 10)
}

// Error is a call that did not succeed.
type Error struct {
	Service string // cmap, votequorum, quorum, cfg or cpg
	Call    string // in the words of this library: "get", "connect", "poll"
	Code    Code   // never OK
	Err     error  // what was behind it on this side, or nil: a refused connection, a cancelled context
}

// Error returns "service call: cause: code".
func (e *Error) Error() string {
	s := e.Service + " " + e.Call + ": "
	if e.Err == nil {
		return s + e.Code.Error()
	}
	if errors.Is(e.Err, e.Code) { // it says the code, too
		return s + e.Err.Error()
	}
	return s + e.Err.Error() + ": " + e.Code.Error()
}

// Unwrap lets errors.Is and errors.As see the code and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Code}
	}
	return []error{e.Code, e.Err}
}

// CodeOf turns an errno of the transport into the code that a client of the C
// libraries would see. An errno without a code of its own becomes [ErrLibrary].
func CodeOf(errno syscall.Errno) Code {
	switch errno {
	case syscall.EBADF:
		return ErrBadHandle
	case syscall.ENOMEM:
		return ErrNoMemory
	case syscall.EAGAIN, syscall.ENOMSG, syscall.ENOBUFS, syscall.ETIMEDOUT:
		return ErrTryAgain
	case syscall.EBADE:
		return ErrFailedOperation
	case syscall.ETIME:
		return ErrTimeout
	case syscall.EINVAL:
		return ErrInvalidParam
	case syscall.EBUSY:
		return ErrBusy
	case syscall.EACCES:
		return ErrAccess
	case syscall.EOVERFLOW:
		return ErrNameTooLong
	case syscall.EEXIST:
		return ErrExist
	case syscall.ENOSPC:
		return ErrNoSpace
	case syscall.EINTR:
		return ErrInterrupt
	case syscall.ENOENT, syscall.ENODEV:
		return ErrNotExist
	case syscall.ENOSYS, syscall.ENOTSUP:
		return ErrNotSupported
	case syscall.EBADMSG:
		return ErrMessage
	case syscall.EMSGSIZE, syscall.E2BIG:
		return ErrTooBig
	}
	return ErrLibrary
}

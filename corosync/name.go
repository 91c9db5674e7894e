// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corosync

import "strconv"

// names is indexed by the code's number.
var names = [...]string{
	OK: "CS_OK", ErrLibrary: "CS_ERR_LIBRARY", ErrVersion: "CS_ERR_VERSION", ErrInit: "CS_ERR_INIT",
	ErrTimeout: "CS_ERR_TIMEOUT", ErrTryAgain: "CS_ERR_TRY_AGAIN", ErrInvalidParam: "CS_ERR_INVALID_PARAM",
	ErrNoMemory: "CS_ERR_NO_MEMORY", ErrBadHandle: "CS_ERR_BAD_HANDLE", ErrBusy: "CS_ERR_BUSY", ErrAccess: "CS_ERR_ACCESS",
	ErrNotExist: "CS_ERR_NOT_EXIST", ErrNameTooLong: "CS_ERR_NAME_TOO_LONG", ErrExist: "CS_ERR_EXIST",
	ErrNoSpace: "CS_ERR_NO_SPACE", ErrInterrupt: "CS_ERR_INTERRUPT", ErrNameNotFound: "CS_ERR_NAME_NOT_FOUND",
	ErrNoResources: "CS_ERR_NO_RESOURCES", ErrNotSupported: "CS_ERR_NOT_SUPPORTED", ErrBadOperation: "CS_ERR_BAD_OPERATION",
	ErrFailedOperation: "CS_ERR_FAILED_OPERATION", ErrMessage: "CS_ERR_MESSAGE_ERROR", ErrQueueFull: "CS_ERR_QUEUE_FULL",
	ErrQueueNotAvailable: "CS_ERR_QUEUE_NOT_AVAILABLE", ErrBadFlags: "CS_ERR_BAD_FLAGS", ErrTooBig: "CS_ERR_TOO_BIG",
	ErrNoSections: "CS_ERR_NO_SECTIONS", ErrContextNotFound: "CS_ERR_CONTEXT_NOT_FOUND", ErrTooManyGroups: "CS_ERR_TOO_MANY_GROUPS",
	ErrSecurity: "CS_ERR_SECURITY",
}

// Name returns the code's name in Corosync's C header, which C programs print.
func (c Code) Name() string {
	if int(c) < len(names) && names[c] != "" {
		return names[c]
	}
	return "error " + strconv.FormatUint(uint64(c), 10)
}

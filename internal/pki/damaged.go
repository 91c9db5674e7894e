// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"errors"
	"fmt"
	"io/fs"
)

// A DamagedError is returned for certificates that are there and can't be used,
// be it that a file is damaged, that one is missing or that it may not be read.
type DamagedError struct {
	Err error  // names the file
	Do  string // what to do about it
}

// Error returns the error with what to do behind it.
func (e *DamagedError) Error() string { return e.Err.Error() + ": " + e.Do }

// Unwrap returns the error.
func (e *DamagedError) Unwrap() error { return e.Err }

// damaged adds what to do to an error, unless it says so already.
func damaged(err error, do string) error {
	var told *DamagedError
	switch {
	case err == nil || errors.As(err, &told):
		return err
	case errors.Is(err, fs.ErrPermission):
		do = "run this as root, or let the user that runs it read the file"
	}
	return &DamagedError{Err: err, Do: do}
}

// mendArbiter says what to do about an arbiter's certificates. All nodes trust its
// CA, which nothing brings back but its files.
func mendArbiter(dir string) string {
	if nssFiles(dir) != nil {
		return fmt.Sprintf("remove %s, %s, %s and %s from %s, and they are taken over from the NSS database there again",
			CACertFile, caKeyFile, serverCertFile, serverKeyFile, dir)
	}
	return fmt.Sprintf("bring the files of %s back from a backup; without one, move it away, run \"quorate cert init\" and set the certificates of every cluster up anew", dir)
}

// mendNode says what to do about a node's certificates, which all nodes of its
// cluster have.
func mendNode(dir string) string {
	if nssFiles(dir) != nil {
		return fmt.Sprintf("remove %s and %s from %s, and they are taken over from the NSS database there again", nodeCAFile, nodeClusterFile, dir)
	}
	return fmt.Sprintf("copy %s and %s from %s of another node, which has the same; or move the directory away and set the node's certificates up anew with corosync-qdevice-net-certutil",
		nodeCAFile, nodeClusterFile, dir)
}

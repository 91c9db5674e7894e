// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/quorate/quorate/internal/advice"
)

// A DamagedError is returned for certificates that are there and can't be used,
// be it that a file is damaged or that one is missing.
type DamagedError struct {
	Err error         // names the file
	Do  advice.Advice // what to do about it
}

// Error returns the error with what to do behind it.
func (e *DamagedError) Error() string { return e.Err.Error() + ". " + e.Do.String() }

// Unwrap returns the error.
func (e *DamagedError) Unwrap() error { return e.Err }

// damaged adds what to do to an error, unless it says so already. Who may not read a
// file is told nothing: that depends on who it is.
func damaged(err error, do advice.Advice) error {
	var known *DamagedError
	if err == nil || errors.As(err, &known) || errors.Is(err, fs.ErrPermission) {
		return err
	}
	return &DamagedError{Err: err, Do: do}
}

// Where returns the flag by which the commands of "quorate cert" find the arbiter's
// certificates in dir.
func Where(dir string) string {
	if dir = filepath.Clean(dir); filepath.Base(dir) == "nssdb" {
		return "--state " + advice.Quote(filepath.Dir(dir))
	}
	return "--certs " + advice.Quote(dir)
}

// NodeDir is where a node's certificates are, unless something else is asked for.
const NodeDir = "/etc/corosync/qdevice/net/nssdb"

// NodeFlags returns the flag, with a space before it, by which the commands of "quorate
// cert" find a node's certificates in dir, or "" where they look anyway.
func NodeFlags(dir string) string {
	if filepath.Clean(dir) == NodeDir {
		return ""
	}
	return " --node-dir " + advice.Quote(dir)
}

// mendArbiter says what to do about an arbiter's certificates. All nodes trust its
// CA, which nothing brings back but its files.
func mendArbiter(dir string) advice.Advice {
	if nssFiles(dir) != nil {
		return advice.TakeOverAgain.WithWord("dir", dir).With("files", strings.Join([]string{CACertFile, caKeyFile, serverCertFile, serverKeyFile}, " ")).With("where", Where(dir))
	}
	return advice.RestoreArbiter.WithWord("dir", dir).With("where", Where(dir))
}

// mendNode says what to do about a node's certificates, which all nodes of its
// cluster have.
func mendNode(dir string) advice.Advice {
	if nssFiles(dir) != nil {
		return advice.NodeTakeOverAgain.WithWord("dir", dir).With("files", nodeCAFile+" "+nodeClusterFile)
	}
	return advice.CopyNodeCerts.WithWord("dir", dir).With("flags", NodeFlags(dir)).With("files", nodeCAFile+" and "+nodeClusterFile)
}

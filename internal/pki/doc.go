// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package pki keeps keys and certificates in a directory: an arbiter's, which
// are a CA, the server's certificate and one certificate for each enrolled
// cluster; or a node's, which are that CA's certificate and the certificate and
// key that all nodes of a cluster share.
//
// The names, formats and modes of the files that other programs read are those
// of the C certutil scripts: qnetd-cacert.crt (text and PEM), cluster-NAME.crt
// (DER) and serial.txt. The keys, and what a node knows of its arbiter, are in
// PEM files of ours, where C keeps an NSS database.
//
// Files are written whole or not at all, and under a lock, so that two
// processes never use one serial number twice. Private keys are never printed.
// A certificate that is not valid in time is refused by both sides.
//
// # Limitations
//
// An existing NSS database is not read: a directory that has one, and no keys
// of ours, is refused with an error that says so. There is no revocation.
package pki

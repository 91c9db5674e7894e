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
// # Taking over an NSS database
//
// Where only the C programs' database is, EnsureArbiter and NewNodeReloader copy
// it to a private directory within, have NSS's own certutil and pk12util read
// the copy, and write our files beside the original, which stays byte by byte as
// it is: the C program can be put back at any time. Certificates, keys and
// serial numbers are the same under both. What one program gets after that, the
// other does not learn: an arbiter needs nothing of it to know a cluster, and a
// node that gets a new key must be given it again after a switch.
//
// Where a daemon may only read the database, BorrowArbiter does the same into a
// private directory elsewhere, without the CA's key.
//
// # Limitations
//
// There is no revocation. A key that a request of ours waits for is not in the
// NSS database, so the C tool can't finish what ours began on the same node.
package pki

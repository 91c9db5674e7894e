// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package pki keeps an arbiter's keys and certificates in one directory: a CA,
// the server's certificate, and one certificate for each enrolled cluster.
//
// The names, formats and modes of the files that other programs read are those
// of the C corosync-qnetd-certutil: qnetd-cacert.crt (text and PEM),
// cluster-NAME.crt (DER) and serial.txt. The keys are in PEM files of ours,
// where C keeps an NSS database.
//
// Files are written whole or not at all, and under a lock, so that two
// processes never use one serial number twice. Private keys are never printed
// and never leave the directory.
//
// # Limitations
//
// An existing NSS database is not read: a directory that has one, and no keys
// of ours, is refused with an error that says so. There is no revocation.
package pki

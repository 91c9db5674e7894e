// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package p12 reads and writes PKCS#12 files (RFC 7292): keys and certificates
// with their names, as NSS's pk12util and openssl exchange them.
//
// Decode takes BER with indefinite lengths, which pk12util writes and the Go
// packages for PKCS#12 refuse, and the encryption of old and new programs:
// PBES2 with AES or 3DES, PBES1 with 3DES or RC2, a MAC of any SHA or PBMAC1.
// Encode writes DER with the names, which pk12util needs to find a certificate
// again.
//
// A file may come from anybody: its size, its depth, its number of parts and
// the work that its password derivation may cost are limited.
//
// # Limitations
//
// A file without a MAC is refused, as pk12util does. Public-key privacy and
// integrity modes, RC4 and passwords outside of the Basic Multilingual Plane
// are not known. CRLs and secrets are skipped.
package p12

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// FuzzCertificateFile gives every reader of a certificate, key, request or serial number
// the same bytes. None may panic, and what is taken can be used.
func FuzzCertificateFile(f *testing.F) {
	dir := f.TempDir()
	arbiter, node := filepath.Join(dir, "arbiter", "nssdb"), filepath.Join(dir, "node", "nssdb")
	if _, err := EnsureArbiter(arbiter); err != nil {
		f.Fatal(err)
	}
	if err := InitNode(node, filepath.Join(arbiter, CACertFile), nil); err != nil {
		f.Fatal(err)
	}
	crq, err := RequestNode(node, "prod")
	if err != nil {
		f.Fatal(err)
	}
	signed, err := Sign(arbiter, crq, "prod", false)
	if err != nil {
		f.Fatal(err)
	}
	p12, _, err := ImportNodeCert(node, signed.Path)
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range []string{
		filepath.Join(arbiter, CACertFile), filepath.Join(arbiter, caKeyFile), filepath.Join(arbiter, serverCertFile), filepath.Join(arbiter, serialFile),
		filepath.Join(node, nodeClusterFile), crq, signed.Path, p12,
	} {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Add([]byte("9223372036854775807\n"))
	now := time.Now()
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		for _, name := range []string{CACertFile, serverCertFile, serverKeyFile, serialFile, nodeCAFile, nodeClusterFile, "cluster-x.crt"} {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(dir, CACertFile)
		if c, err := loadCert(path); err == nil {
			if again, err := parsePEM(certPEM(c.Raw)); err != nil || !again.Equal(c) {
				t.Errorf("what was read as %q is read otherwise: %v", c.Subject, err)
			}
			_, _ = describe(c), Fingerprint(c)
		}
		if k, err := loadKey(path); err == nil {
			if _, err := keyPEM(k); err != nil {
				t.Error(err)
			}
		}
		if n, err := lastSerial(dir); err == nil && n < 0 {
			t.Errorf("serial number %d", n)
		}
		if req, err := readRequest(path); err == nil {
			_ = CheckName(req.Subject.CommonName)
		}
		if list, err := Clusters(dir); err == nil {
			for _, e := range list {
				_ = e.Warning(now)
			}
		}
		if a, err := LoadArbiter(dir); err == nil {
			_, _ = a.Warnings(now), a.TLSConfig(true)
		}
		if n, err := LoadNode(dir); err == nil {
			_ = n.Warnings(now)
		}
		if _, err := readHandedIn(path); err != nil && bytes.ContainsRune([]byte(err.Error()), '\n') {
			t.Errorf("an error of several lines: %v", err)
		}
	})
}

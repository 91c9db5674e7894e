// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestKeysApart (Q10): the CA's key is a file of its own that only its owner may
// read, and the daemon does not need it: where it is kept elsewhere, the arbiter
// runs, and nothing can be signed.
func TestKeysApart(t *testing.T) {
	dir := newCA(t)
	key := filepath.Join(dir, caKeyFile)
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	a, err := LoadArbiter(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := handshake(t, a.TLSConfig(false), (*tls.Certificate)(nil)); err != nil {
		t.Error(err)
	}
	crq, _ := request(t, "prod", 2048, x509.CertificateRequest{})
	if _, err := Sign(dir, crq, "prod", false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("signed without the CA's key: %v", err)
	}
	if list, err := Clusters(dir); err != nil || len(list) > 0 {
		t.Errorf("%v, %v", list, err)
	}
}

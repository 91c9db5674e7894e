// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package p12

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// need skips a test without the programs of the C side, and fails in CI.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("needs %s (see scripts/deps)", p)
			}
			t.Skipf("needs %s (see scripts/deps)", p)
		}
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
	return string(out)
}

func write(t *testing.T, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func newDB(t *testing.T) string {
	t.Helper()
	db := t.TempDir()
	run(t, "certutil", "-N", "-d", db, "--empty-password")
	return db
}

// TestToNSS: pk12util takes our file, and finds both under their names.
func TestToNSS(t *testing.T) {
	t.Parallel()
	need(t, "pk12util", "certutil", "openssl")
	for _, key := range []crypto.Signer{newRSA(t), newECDSA(t)} {
		for _, password := range []string{"", "Secret1"} {
			c := contents(t, key)
			file := write(t, encoded(t, c, password))
			db := newDB(t)
			for range 2 { // as pvecm does
				run(t, "pk12util", "-i", file, "-d", db, "-W", password)
			}
			for name, want := range map[string]*x509.Certificate{"Cluster Cert": c.Certs[0].Cert, "QNet CA": c.Certs[1].Cert} {
				block, _ := pem.Decode([]byte(run(t, "certutil", "-L", "-d", db, "-n", name, "-a")))
				if block == nil || string(block.Bytes) != string(want.Raw) {
					t.Errorf("%T: another certificate under %q", key, name)
				}
			}
			if keys := run(t, "certutil", "-K", "-d", db); !strings.Contains(keys, "Cluster Cert") {
				t.Errorf("%T: keys %s", key, keys)
			}
			// And back: what pk12util writes of it is ours again.
			out := filepath.Join(t.TempDir(), "out.p12")
			run(t, "pk12util", "-o", out, "-n", "Cluster Cert", "-d", db, "-W", password)
			b, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(b, password)
			if err != nil {
				t.Fatal(err)
			}
			k, crt, err := got.Pair()
			if err != nil || k.Name != "Cluster Cert" || !crt.Cert.Equal(c.Certs[0].Cert) {
				t.Errorf("%T, back from NSS: %q, %v", key, k.Name, err)
			}
			text := run(t, "openssl", "pkcs12", "-in", file, "-passin", "pass:"+password, "-nodes")
			if strings.Count(text, "friendlyName: Cluster Cert") != 2 || strings.Count(text, "friendlyName: QNet CA") != 1 ||
				strings.Count(text, "PRIVATE KEY-----") != 2 {
				t.Errorf("%T: openssl sees %s", key, text)
			}
		}
	}
}

// TestFromNSS: the ciphers that pk12util may be told, which are also those that
// older ones chose by themselves.
func TestFromNSS(t *testing.T) {
	t.Parallel()
	need(t, "pk12util", "certutil")
	c := contents(t, newRSA(t))
	db := newDB(t)
	run(t, "pk12util", "-i", write(t, encoded(t, c, "")), "-d", db, "-W", "")
	for _, args := range [][]string{
		nil,
		{"-c", "AES-128-CBC", "-C", "AES-256-CBC"},
		{"-c", "DES-EDE3-CBC", "-C", "RC2-CBC"},
		{"-c", "PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC", "-C", "PKCS #12 V2 PBE With SHA-1 And 40 Bit RC2 CBC", "-M", "SHA-1"},
	} {
		for _, password := range []string{"", "Secret1"} {
			out := filepath.Join(t.TempDir(), "out.p12")
			run(t, "pk12util", append(args, "-o", out, "-n", "Cluster Cert", "-d", db, "-W", password)...)
			b, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if b[1] != 0x80 {
				t.Error("pk12util writes definite lengths here, and the test proves less than it says")
			}
			got, err := Decode(b, password)
			if err != nil {
				t.Errorf("%q: %v", args, err)
				continue
			}
			if k, crt, err := got.Pair(); err != nil || k.Name != "Cluster Cert" || !crt.Cert.Equal(c.Certs[0].Cert) {
				t.Errorf("%q: %q, %v", args, k.Name, err)
			}
		}
	}
}

func TestFromOpenSSL(t *testing.T) {
	need(t, "openssl")
	c := contents(t, newRSA(t))
	der, err := x509.MarshalPKCS8PrivateKey(c.Keys[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	key := write(t, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	leaf := write(t, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certs[0].Cert.Raw}))
	ca := write(t, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certs[1].Cert.Raw}))
	for _, args := range []string{
		"",
		"-legacy",
		"-legacy -keypbe PBE-SHA1-RC2-40 -certpbe PBE-SHA1-RC2-128 -nomaciter",
		"-legacy -keypbe PBE-SHA1-2DES -certpbe PBE-SHA1-3DES",
		"-keypbe aes-192-cbc -certpbe des-ede3-cbc -macalg sha512",
	} {
		for _, password := range []string{"", "Secret1"} {
			out := filepath.Join(t.TempDir(), "out.p12")
			run(t, "openssl", append([]string{
				"pkcs12", "-export", "-out", out, "-inkey", key, "-in", leaf, "-certfile", ca,
				"-name", "Cluster Cert", "-caname", "QNet CA", "-passout", "pass:" + password,
			}, strings.Fields(args)...)...)
			b, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(b, password)
			if err != nil {
				t.Errorf("%q: %v", args, err)
				continue
			}
			same(t, got, c)
		}
	}
}

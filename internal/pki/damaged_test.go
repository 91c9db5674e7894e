// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// spoilt are the ways in which a file can be of no use.
var spoilt = map[string]func(path string) error{
	"cut off": func(path string) error { return os.Truncate(path, 60) },
	"empty":   func(path string) error { return os.Truncate(path, 0) },
	"garbage": func(path string) error {
		return os.WriteFile(path, []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), 0o600)
	},
	"a directory": func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) },
	"missing":     os.Remove,
}

// checkDamage wants a DamagedError that names the place and what to do.
func checkDamage(t *testing.T, what string, err error, place, do string) {
	t.Helper()
	var d *DamagedError
	if !errors.As(err, &d) || !strings.Contains(d.Err.Error(), place) || !strings.HasPrefix(d.Do.String(), do) || !strings.HasSuffix(err.Error(), ". "+d.Do.String()) ||
		strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: %v, want %s and %q", what, err, place, do)
	}
}

// TestDamaged: whichever file of an arbiter or of a node can't be used, the error
// says what to do.
func TestDamaged(t *testing.T) {
	for how, spoil := range spoilt {
		for _, name := range []string{CACertFile, serverCertFile, serverKeyFile} {
			if how == "missing" && name == serverKeyFile {
				continue // then there is no CA yet
			}
			dir := newCA(t)
			if err := spoil(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			_, err := LoadArbiter(dir)
			checkDamage(t, name+" is "+how, err, dir, "Restore the files in "+dir+" from a backup. If you have none: run `mv "+dir+" "+dir+".damaged` and `quorate cert init --state "+filepath.Dir(dir)+"`")
		}
		dir := newCA(t)
		if err := spoil(filepath.Join(dir, caKeyFile)); err != nil {
			t.Fatal(err)
		}
		crq, _ := request(t, "prod", 2048, x509.CertificateRequest{})
		_, err := Sign(dir, crq, "prod", false)
		checkDamage(t, caKeyFile+" is "+how, err, filepath.Join(dir, caKeyFile), "You can't sign anything without that key. ")

		ca := newAuthority(t, time.Now().Add(time.Hour))
		for _, name := range []string{nodeCAFile, nodeClusterFile} {
			if how == "missing" {
				continue // then there is none yet
			}
			dir := ca.node(ca.leaf("prod", nil))
			if err := spoil(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			_, err := NewNodeReloader(dir, "", "", nil)
			checkDamage(t, name+" is "+how, err, filepath.Join(dir, name), "Copy "+nodeCAFile+" and "+nodeClusterFile+" from "+dir+" of another node")
			if err := os.WriteFile(filepath.Join(dir, "cert9.db"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err = LoadNode(dir)
			checkDamage(t, name+" beside a database is "+how, err, dir, "Run `cd "+dir+"`, `rm -f "+nodeCAFile+" "+nodeClusterFile+"` and `systemctl restart corosync-qdevice`")
		}
	}
}

// TestMendedAsTold: what an arbiter and a node are told to do does help.
func TestMendedAsTold(t *testing.T) {
	dir := newCA(t)
	if err := os.Truncate(filepath.Join(dir, serverCertFile), 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	if did, err := EnsureArbiter(dir); err != nil || did != Created {
		t.Fatal(did, err)
	}
	if _, err := LoadArbiter(dir); err != nil {
		t.Error(err)
	}
	ca := newAuthority(t, time.Now().Add(time.Hour))
	node, other := ca.node(ca.leaf("prod", nil)), ca.node(ca.leaf("prod", nil))
	if err := os.Truncate(filepath.Join(node, nodeClusterFile), 9); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{nodeCAFile, nodeClusterFile} {
		b, err := os.ReadFile(filepath.Join(other, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(node, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := NewNodeReloader(node, "", "", nil); err != nil {
		t.Error(err)
	}
}

// TestMendedFromDatabase: what they are told with an NSS database does help, too, and
// the CA is the same as before.
func TestMendedFromDatabase(t *testing.T) {
	c := newCTools(t)
	c.qnetd("-i")
	c.qdevice("node1", "-i", "-c", filepath.Join(c.arbiter(), CACertFile))
	var prints [2]string
	for i := range prints {
		if did, err := EnsureArbiter(c.arbiter()); err != nil || did != TakenOver {
			t.Fatal(did, err)
		}
		r, err := NewNodeReloader(c.node("node1"), "", "", nil)
		if err != nil || r.Ensured() != TakenOver {
			t.Fatal(r, err)
		}
		prints[i] = Fingerprint(r.Node().CA)
		for _, dir := range []string{c.arbiter(), c.node("node1")} {
			for _, name := range []string{CACertFile, caKeyFile, serverCertFile, serverKeyFile, nodeCAFile, nodeClusterFile} {
				if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Fatal(err)
				}
			}
		}
	}
	if prints[0] != prints[1] {
		t.Errorf("the CA is %s, and was %s", prints[1], prints[0])
	}
}

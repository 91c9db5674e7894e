// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// certutils are both programs, each with a directory of its own.
type certutils struct {
	t          *testing.T
	script     string // C's, made to work in another directory
	c, ours    string // nssdb directories
	cPar, oPar string // their parents
}

func newCertutils(t *testing.T) *certutils {
	t.Helper()
	b, err := os.ReadFile(cProgram(t, "corosync-qnetd-certutil"))
	if err != nil {
		t.Fatal(err)
	}
	cProgram(t, "certutil")
	dir := t.TempDir()
	u := &certutils{t: t, script: filepath.Join(dir, "corosync-qnetd-certutil"), cPar: filepath.Join(dir, "theirs"), oPar: filepath.Join(dir, "ours")}
	u.c, u.ours = filepath.Join(u.cPar, "nssdb"), filepath.Join(u.oPar, "nssdb")
	const set = `CONFIG_DIR="/etc/corosync/qnetd"`
	if bytes.Count(b, []byte(set)) != 1 {
		t.Fatal("the C script has no directory to replace")
	}
	b = bytes.Replace(b, []byte(set), []byte("CONFIG_DIR="+u.cPar), 1)
	if err := os.WriteFile(u.script, b, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{u.cPar, u.oPar} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
		if os.Geteuid() == 0 {
			if err := os.Chown(d, 0, 65534); err != nil { // as Debian's has a group of its own
				t.Fatal(err)
			}
		}
	}
	return u
}

// run runs both, and returns their outcomes with one name for both directories
// and without what NSS's certutil says and asks.
func (u *certutils) run(args ...string) (c, ours outcome) {
	c = runC(u.t, u.script, u.script, args...)
	var out, errOut bytes.Buffer
	code := qnetdCertutil(u.ours, u.script, args, &out, &errOut)
	ours = outcome{code, out.String(), errOut.String()}
	for _, o := range []*outcome{&c, &ours} {
		o.out = nssSays(strings.ReplaceAll(strings.ReplaceAll(o.out, u.cPar, "DIR"), u.oPar, "DIR"))
		o.err = nssSays(strings.ReplaceAll(strings.ReplaceAll(o.err, u.cPar, "DIR"), u.oPar, "DIR"))
	}
	return c, ours
}

// nssSays leaves out what NSS's certutil prints, and the C script about the
// noise that it is fed.
func nssSays(text string) string {
	var b strings.Builder
	for line := range strings.SplitAfterSeq(text, "\n") {
		bare := strings.TrimSpace(line)
		switch {
		case bare == "", strings.HasPrefix(bare, "Creating new noise file"), strings.HasPrefix(bare, "password file contains"),
			strings.HasPrefix(bare, "Generating key."), strings.HasPrefix(bare, "Is this a"), strings.HasPrefix(bare, "Enter the path length"),
			strings.HasPrefix(bare, "Notice: Trust flag"):
			continue
		}
		b.WriteString(line)
	}
	return b.String()
}

func (u *certutils) request(cn string, tmpl x509.CertificateRequest) string {
	u.t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		u.t.Fatal(err)
	}
	tmpl.Subject = pkix.Name{CommonName: cn}
	der, err := x509.CreateCertificateRequest(rand.Reader, &tmpl, key)
	if err != nil {
		u.t.Fatal(err)
	}
	path := filepath.Join(u.t.TempDir(), cn+".crq")
	if err := os.WriteFile(path, der, 0o600); err != nil {
		u.t.Fatal(err)
	}
	return path
}

// TestCertutilAgainstC gives the same command lines to both programs: texts,
// exit codes, and the names, modes and formats of the files that others read
// (Q8).
func TestCertutilAgainstC(t *testing.T) {
	for _, group := range []bool{true, false} {
		t.Run(fmt.Sprintf("group=%v", group), func(t *testing.T) {
			defer syscall.Umask(syscall.Umask(0o022))
			u := newCertutils(t)
			with := func(args ...string) []string {
				if group {
					return args
				}
				return append([]string{"-G"}, args...)
			}
			prod, mail := u.request("prod", x509.CertificateRequest{}), u.request("mail", x509.CertificateRequest{DNSNames: []string{"prod"}})
			garbage := filepath.Join(t.TempDir(), "garbage")
			if err := os.WriteFile(garbage, []byte("no request"), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, row := range []struct {
				args []string
				but  difference
			}{
				{nil, nil}, {[]string{"-h"}, nil}, {[]string{"-x"}, nil}, {[]string{"-x", "-h"}, nil}, {[]string{"-h", "-x"}, nil},
				{[]string{"-s", "-c"}, nil}, {[]string{"-n"}, nil}, {[]string{"-G"}, nil}, {[]string{"operand", "-i"}, nil}, {[]string{"-is"}, nil},
				{[]string{"-s"}, nil}, {[]string{"-s", "-n", "prod"}, nil}, {[]string{"-s", "-c", "/nowhere", "-n", "prod"}, nil},
				{[]string{"-s", "-c", prod}, nil}, {[]string{"-s", "-c", prod, "-n", "prod"}, nil},
				{[]string{"-i"}, nil}, {[]string{"-i"}, nil}, {[]string{"-s", "-i"}, nil},
				{[]string{"-s", "-c", prod, "-n", "prod"}, nil}, {[]string{"-s", "-c", prod, "-n", "prod"}, nil}, {[]string{"-i", "-s", "-c", mail, "-n", "mail"}, nil},
				{[]string{"-s", "-c", prod, "-n", "other"}, refuses(prod + " is a request for cluster \"prod\", not for \"other\"\n")}, // Q8
				{[]string{"-s", "-c", prod, "-n", "../prod"}, refuses("cluster name \"../prod\" can't be part of a file name\n")},      // Q8
			} {
				c, ours := u.run(with(row.args...)...)
				compare(t, with(row.args...), c, ours, row.but)
			}
			// Q8: what can't be signed is said, and leaves no file.
			c, ours := u.run(with("-s", "-c", garbage, "-n", "garbage")...)
			if c.code != 0 || ours.code != 1 || !strings.HasPrefix(ours.err, garbage+": not a certificate request") || strings.Contains(ours.out, "stored") {
				t.Errorf("garbage: C %+v, ours %+v", c, ours)
			}
			if _, err := os.Stat(filepath.Join(u.ours, "cluster-garbage.crt")); err == nil {
				t.Error("garbage left a certificate")
			}
			u.compareFiles("cluster-prod.crt", "cluster-mail.crt", "qnetd-cacert.crt", "serial.txt", ".")
			u.compareCertificates()
		})
	}
}

// refuses is for what ours refuses to sign.
func refuses(why string) difference {
	return func(c outcome) outcome {
		c.out, c.err, c.code = "", why, 1
		return c
	}
}

// compareFiles compares modes and owners.
func (u *certutils) compareFiles(names ...string) {
	u.t.Helper()
	look := func(dir, name string) string {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return err.Error()
		}
		st := info.Sys().(*syscall.Stat_t)
		return fmt.Sprintf("%v %d:%d", info.Mode()&(fs.ModeType|fs.ModePerm), st.Uid, st.Gid)
	}
	for _, n := range names {
		if c, ours := look(u.c, n), look(u.ours, n); c != ours {
			u.t.Errorf("%s: C %s, ours %s", n, c, ours)
		}
	}
}

// compareCertificates compares what is in them, but for keys and dates.
func (u *certutils) compareCertificates() {
	u.t.Helper()
	say := func(c *x509.Certificate) string {
		return fmt.Sprintf("v%d %s serial %v, issuer %s, CA %v path %d, names %v, %d months",
			c.Version, c.Subject, c.SerialNumber, c.Issuer, c.IsCA, c.MaxPathLen, c.DNSNames, int(c.NotAfter.Sub(c.NotBefore).Hours()/24/30.4369+0.5))
	}
	for _, name := range []string{"cluster-prod.crt", "qnetd-cacert.crt"} {
		var got [2]string
		for i, dir := range []string{u.c, u.ours} {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				u.t.Fatal(err)
			}
			if name == "qnetd-cacert.crt" {
				text, _, _ := strings.Cut(string(b), "-----BEGIN")
				block, rest := pem.Decode(b)
				if block == nil || len(bytes.TrimSpace(rest)) > 0 || !strings.HasPrefix(text, "Certificate:\n    Data:\n") {
					u.t.Fatalf("%s in %s is not a text and a certificate", name, dir)
				}
				b = block.Bytes
			}
			c, err := x509.ParseCertificate(b)
			if err != nil {
				u.t.Fatal(err)
			}
			got[i] = say(c)
		}
		if got[0] != got[1] {
			u.t.Errorf("%s:\n     C: %s\n  ours: %s", name, got[0], got[1])
		}
	}
	// The cluster's name is the certificate's only one, whatever the request asks for (Q8).
	b, err := os.ReadFile(filepath.Join(u.ours, "cluster-mail.crt"))
	if err != nil {
		u.t.Fatal(err)
	}
	if c, err := x509.ParseCertificate(b); err != nil || len(c.DNSNames) > 0 {
		u.t.Errorf("names %v, %v", c.DNSNames, err)
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/pki"
)

// estate is an arbiter and some nodes, each with a directory of its own, in which its
// commands are run.
type estate struct {
	*sickbed
	said string // by the last command
}

func newEstate(t *testing.T) *estate {
	e := &estate{sickbed: newSickbed(t, 54321, 54322)}
	for _, host := range []string{"arbiter", "node1", "node2"} {
		e.dir(e.path(host), 0, 0, 0o755)
	}
	return e
}

// flags are those by which a host finds its own directories.
func (e *estate) flags(host string) string {
	if host == "arbiter" {
		return " --state " + e.path("arbiter/state")
	}
	return " --node-dir " + e.path(host+"/net/nssdb")
}

// on runs a command of quorate on a host, in its directory, and wants it to succeed or not.
func (e *estate) on(host, line string, ok bool) string {
	e.Helper()
	if !strings.Contains(line, e.flags(host)) {
		line += e.flags(host)
	}
	cmd := exec.Command("sh", "-c", line)
	cmd.Env, cmd.Dir = append(os.Environ(), "PATH="+e.path("bin")+":"+os.Getenv("PATH")), e.path(host)
	out, err := cmd.CombinedOutput()
	if e.said = string(out); (err == nil) != ok {
		e.Fatalf("on %s: %s: %v: %s", host, line, err, out)
	}
	return e.said
}

// told returns the command that begins so out of what the last one said, and wants that
// to be the advice of this name.
func (e *estate) told(name, begin string) string {
	e.Helper()
	if !matches(adviceTexts(e.T)[name], e.said) {
		e.Fatalf("without %s: %s", name, e.said)
	}
	for _, m := range ticks.FindAllStringSubmatch(e.said, -1) {
		if strings.HasPrefix(m[1], begin) {
			return strings.ReplaceAll(m[1], "CLUSTER", "prod")
		}
	}
	e.Fatalf("no %s in: %s", begin, e.said)
	return ""
}

// carry copies the file that the last command spoke of, under its own name.
func (e *estate) carry(pattern, to string) {
	e.Helper()
	path := regexp.MustCompile(`/\S*` + pattern).FindString(e.said)
	b, err := os.ReadFile(path)
	e.must(err, os.WriteFile(filepath.Join(e.path(to), filepath.Base(path)), b, 0o600))
}

// TestEnrolAsTold sets up an arbiter and two nodes by nothing but what each command says
// comes next, from a node that was begun at the wrong end.
func TestEnrolAsTold(t *testing.T) {
	e := newEstate(t)
	e.on("arbiter", "quorate cert show", false)
	begin := e.told("NoCerts", "quorate cert init")
	e.must(os.WriteFile(e.path("arbiter/x.crq"), nil, 0o600))
	e.on("node1", "quorate cert request prod", false)
	trust := e.told("TrustFirst", "quorate cert trust")
	e.on("arbiter", begin, true)
	e.carry(`qnetd-cacert\.crt`, "node1")
	e.carry(`qnetd-cacert\.crt`, "node2")
	e.told("NextTrust", "quorate cert trust")
	e.on("node1", trust, true)
	e.on("node1", e.told("NextRequest", "quorate cert request"), true)
	e.carry(`qdevice-net-node\.crq`, "arbiter")
	e.on("arbiter", e.told("NextSign", "quorate cert sign"), true)
	e.carry(`cluster-prod\.crt`, "node1")
	e.on("node1", e.told("NextImport", "quorate cert import"), true)
	e.carry(`qdevice-net-node\.p12`, "node2")
	e.told("NextStart", "systemctl")
	share := e.told("NextShare", "quorate cert import")
	e.on("node2", "quorate cert import qdevice-net-node.p12", false)
	e.on("node2", e.told("TrustFirst", "quorate cert trust"), true)
	if others := e.told("NextOthers", "quorate cert import"); !strings.HasPrefix(others, share) {
		t.Errorf("%q and %q", others, share)
	}
	e.on("node2", share, true)
	e.told("NextStart", "systemctl")
	if e.on("arbiter", begin, true); !strings.Contains(e.said, "stay as they are") {
		t.Errorf("init again: %s", e.said)
	}
	e.on("arbiter", e.told("ShowCerts", "quorate cert show"), true)

	// A certificate for a key that is gone, and another arbiter.
	e.must(os.Remove(e.path("node1/net/nssdb/qdevice-net-cluster.pem")))
	e.on("node1", "quorate cert import cluster-prod.crt", false)
	e.on("node1", e.told("RequestAgain", "quorate cert request"), true)
	e.must(os.Rename(e.path("arbiter/state"), e.path("arbiter/old")))
	e.on("arbiter", begin, true)
	e.carry(`qnetd-cacert\.crt`, "node1")
	e.on("node1", trust, false)
	e.root(e.told("TrustOther", "mv"))
	e.on("node1", trust, true)
}

// TestNothingToSignWith: on an arbiter without a CA, sign says what comes first.
func TestNothingToSignWith(t *testing.T) {
	e := newEstate(t)
	crq := e.path("arbiter/x.crq")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	e.must(err)
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "prod"}}, key)
	e.must(err, os.WriteFile(crq, der, 0o600))
	e.on("arbiter", "quorate cert sign prod x.crq", false)
	e.on("arbiter", e.told("InitFirst", "quorate cert init"), true)
	e.on("arbiter", "quorate cert sign prod x.crq", true)
	dir := certDirOf(e.path("arbiter/state"))
	e.must(os.Truncate(filepath.Join(dir, "qnetd-ca.key"), 10))
	e.on("arbiter", "quorate cert sign prod x.crq", false)
	e.root(e.told("LostKey", "mv"))
	e.on("arbiter", e.told("LostKey", "quorate cert init"), true)
	e.on("arbiter", "quorate cert sign prod x.crq", true)
}

// expired writes a certificate that ended yesterday, of the CA in dir or its own.
func (e *estate) expired(dir, name string, ca bool) {
	e.Helper()
	cert := e.pem(filepath.Join(dir, pki.CACertFile))
	parent, err := x509.ParseCertificate(cert)
	e.must(err)
	signer, err := x509.ParsePKCS8PrivateKey(e.pem(filepath.Join(dir, "qnetd-ca.key")))
	e.must(err)
	keyFile := "qnetd-server.key"
	if ca {
		keyFile = "qnetd-ca.key"
	}
	key, err := x509.ParsePKCS8PrivateKey(e.pem(filepath.Join(dir, keyFile)))
	e.must(err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: pki.ServerCN}, NotBefore: time.Now().AddDate(0, 0, -9), NotAfter: time.Now().AddDate(0, 0, -1),
	}
	if ca {
		c.Subject, c.IsCA, c.BasicConstraintsValid = pkix.Name{CommonName: pki.CACN}, true, true
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.(*ecdsa.PrivateKey).Public(), signer)
	e.must(err, os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644))
}

func (e *estate) pem(path string) []byte {
	e.Helper()
	b, err := os.ReadFile(path)
	e.must(err)
	block, _ := pem.Decode(b)
	if block == nil {
		e.Fatalf("%s is not PEM", path)
	}
	return block.Bytes
}

// TestArbiterMended: what cert show says of certificates that have ended makes new ones,
// of the same CA where that has not.
func TestArbiterMended(t *testing.T) {
	e := newEstate(t)
	e.on("arbiter", "quorate cert init", true)
	dir := certDirOf(e.path("arbiter/state"))
	was := e.pem(filepath.Join(dir, pki.CACertFile))
	e.expired(dir, "qnetd-server.crt", false)
	e.on("arbiter", "quorate cert show", true)
	e.told("RenewServer", "cd ")
	e.on("arbiter", e.told("RenewServer", "cd ")+" && "+e.told("RenewServer", "rm ")+" && "+e.told("RenewServer", "quorate cert init"), true)
	if e.on("arbiter", "quorate cert show", true); strings.Contains(e.said, "expired") || string(was) != string(e.pem(filepath.Join(dir, pki.CACertFile))) {
		t.Errorf("afterwards: %s", e.said)
	}
	e.expired(dir, pki.CACertFile, true)
	e.on("arbiter", "quorate cert show", true)
	e.root(e.told("NewCA", "mv"))
	e.on("arbiter", e.told("NewCA", "quorate cert init"), true)
	if e.on("arbiter", "quorate cert show", true); strings.Contains(e.said, "expired") {
		t.Errorf("afterwards: %s", e.said)
	}
}

// TestLinkAdvice: root keeps no register behind a link that somebody else has made, says
// so, and runs once the file itself is there.
func TestLinkAdvice(t *testing.T) {
	s := newSickbed(t, 0, 0)
	s.dir(s.state, 65534, 65534, 0o755)
	s.must(pki.Init(certDirOf(s.state), pki.InitOptions{}))
	victim := s.path("victim")
	s.must(os.WriteFile(victim, nil, 0o600), os.Symlink(victim, filepath.Join(s.state, "grants.db")))
	said, ready := s.start()
	if ready || !matches(adviceTexts(t)["NoLinks"], said) {
		t.Fatalf("ready %v: %s", ready, said)
	}
	if info, err := os.Stat(victim); err != nil || info.Size() != 0 {
		t.Errorf("%v, %v", info, err)
	}
	s.must(os.Remove(filepath.Join(s.state, "grants.db")))
	if said, ready := s.start(); !ready {
		t.Errorf("without the link: %s", said)
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/advice"
)

// cTools runs the C side's own scripts in a directory of the test: an arbiter's
// database and those of some nodes.
type cTools struct {
	t    *testing.T
	base string
}

// newCTools skips a test where the C side's programs are missing, and fails in CI.
func newCTools(t *testing.T) *cTools {
	t.Helper()
	for _, program := range []string{"certutil", "pk12util", "corosync-qnetd-certutil", "corosync-qdevice-net-certutil"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("needs %s (see scripts/deps)", program)
			}
			t.Skipf("needs %s (see scripts/deps)", program)
		}
	}
	c := &cTools{t, t.TempDir()}
	for _, dir := range []string{c.base + "/qnetd", c.base + "/node1", c.base + "/node2"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *cTools) arbiter() string         { return c.base + "/qnetd/nssdb" }
func (c *cTools) node(name string) string { return filepath.Join(c.base, name, "nssdb") }

// run runs a copy of a script that keeps its files below the test's directory.
func (c *cTools) run(script, host string, args ...string) string {
	c.t.Helper()
	path, err := exec.LookPath(script)
	if err != nil {
		c.t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		c.t.Fatal(err)
	}
	moved := strings.NewReplacer(
		"/etc/corosync/qnetd", filepath.Join(c.base, "qnetd"),
		"/etc/corosync/qdevice/net", filepath.Join(c.base, host),
	).Replace(string(text))
	if moved == string(text) {
		c.t.Fatalf("%s has no directory to move", script)
	}
	copied := filepath.Join(c.t.TempDir(), script)
	if err := os.WriteFile(copied, []byte(moved), 0o755); err != nil {
		c.t.Fatal(err)
	}
	out, err := exec.Command("bash", append([]string{copied}, args...)...).CombinedOutput()
	if err != nil {
		c.t.Fatalf("%s %q: %v: %s", script, args, err, out)
	}
	return string(out)
}

func (c *cTools) qnetd(args ...string) { c.t.Helper(); c.run("corosync-qnetd-certutil", "", args...) }

func (c *cTools) qdevice(host string, args ...string) {
	c.t.Helper()
	c.run("corosync-qdevice-net-certutil", host, args...)
}

// signed sets an arbiter up, and signs a request of node1 for a cluster.
func (c *cTools) signed(cluster string) {
	c.t.Helper()
	c.qnetd("-i")
	c.qdevice("node1", "-i", "-c", c.arbiter()+"/qnetd-cacert.crt")
	c.qdevice("node1", "-r", "-n", cluster)
	c.qnetd("-s", "-c", filepath.Join(c.node("node1"), NodeRequestFile), "-n", cluster)
}

// setPassword gives a database one, which is also in its password file.
func (c *cTools) setPassword(db string) {
	c.t.Helper()
	old, pw := filepath.Join(db, pwdFile), filepath.Join(c.t.TempDir(), "pw")
	for path, text := range map[string]string{old: "\n", pw: "Secret1\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			c.t.Fatal(err)
		}
	}
	if out, err := exec.Command("certutil", "-W", "-d", db, "-f", old, "-@", pw).CombinedOutput(); err != nil {
		c.t.Fatalf("%v: %s", err, out)
	}
	if err := os.WriteFile(old, []byte("Secret1\n"), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// snapshot has the hash of every file, and its mode and owner.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = fmt.Sprintf("%x %v %v", sha256.Sum256(b), info.Mode(), info.ModTime())
	}
	return files
}

// untouched fails unless every file of before is as it was, and returns the
// names of those that are new.
func untouched(t *testing.T, dir string, before map[string]string) []string {
	t.Helper()
	after := snapshot(t, dir)
	var added []string
	for name, now := range after {
		was, ok := before[name]
		if !ok {
			added = append(added, name)
		} else if was != now {
			t.Errorf("%s was changed", name)
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			t.Errorf("%s is gone", name)
		}
	}
	slices.Sort(added)
	return added
}

// greet fails unless a node and an arbiter accept each other.
func greet(t *testing.T, node, arbiter, cluster string) {
	t.Helper()
	a, err := LoadArbiter(arbiter)
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewNodeReloader(node, "", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	seen, clientErr, serverErr := meet(t, r.TLSConfig(), a.TLSConfig(true))
	if cn, verified := PeerCN(seen); cn != cluster || !verified || clientErr != nil || serverErr != nil {
		t.Errorf("%s is seen as %q, %v, %v, %v", node, cn, verified, clientErr, serverErr)
	}
}

// TestTakeOverArbiter switches an arbiter from C to ours, and back, and over
// again, while clusters are enrolled with either.
func TestTakeOverArbiter(t *testing.T) {
	t.Parallel()
	c := newCTools(t)
	c.signed("one")
	takeOver(t, c.arbiter())
	for i, sign := range []func(crq, cluster string){
		func(crq, cluster string) {
			if _, err := Sign(c.arbiter(), crq, cluster, true); err != nil {
				t.Error(err)
			}
		},
		func(crq, cluster string) { c.qnetd("-s", "-c", crq, "-n", cluster) },
	} {
		cluster := []string{"two", "three"}[i]
		node := filepath.Join(t.TempDir(), "nssdb")
		if err := InitNode(node, c.arbiter()+"/qnetd-cacert.crt", nil); err != nil {
			t.Fatal(err)
		}
		crq, err := RequestNode(node, cluster)
		if err != nil {
			t.Fatal(err)
		}
		sign(crq, cluster)
		if _, _, err := ImportNodeCert(node, filepath.Join(c.arbiter(), "cluster-"+cluster+".crt")); err != nil {
			t.Fatal(err)
		}
		greet(t, node, c.arbiter(), cluster)
	}
	list, err := Clusters(c.arbiter())
	if err != nil || len(list) != 3 || list[0].Serial != "103" || list[1].Serial != "105" || list[2].Serial != "104" {
		t.Errorf("%v, %v", list, err)
	}
}

// TestTakeOverPassword takes over a database whose password is in its file.
func TestTakeOverPassword(t *testing.T) {
	t.Parallel()
	c := newCTools(t)
	c.qnetd("-i")
	c.setPassword(c.arbiter())
	takeOver(t, c.arbiter())
}

// takeOver takes an arbiter over, and fails unless nothing of C's was touched.
func takeOver(t *testing.T, db string) {
	t.Helper()
	before := snapshot(t, db)
	if did, err := EnsureArbiter(db); did != TakenOver || err != nil {
		t.Fatal(did, err)
	}
	added := untouched(t, db, before)
	if want := []string{"qnetd-ca.key", "qnetd-pki.lock", "qnetd-server.crt", "qnetd-server.key"}; !slices.Equal(added, want) {
		t.Errorf("new files %q, want %q", added, want)
	}
	for name, mode := range map[string]os.FileMode{caKeyFile: 0o600, serverKeyFile: 0o660} {
		if info, err := os.Stat(filepath.Join(db, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if did, err := EnsureArbiter(db); did != Present || err != nil {
		t.Errorf("again: %v, %v", did, err)
	}
	if err := Init(db, InitOptions{}); !errors.Is(err, ErrExists) {
		t.Errorf("init: %v", err)
	}
}

// TestTakeOverArbiterOdd has what may be wrong with a database.
func TestTakeOverArbiterOdd(t *testing.T) {
	c := newCTools(t)
	c.qnetd("-i")
	db := c.arbiter()
	exported, serial := filepath.Join(db, CACertFile), filepath.Join(db, serialFile)
	ca, err := os.ReadFile(exported)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, want string) {
		t.Helper()
		before := snapshot(t, db)
		did, err := EnsureArbiter(db)
		if did != Present || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v, want %q", what, did, err, want)
		}
		if added := untouched(t, db, before); len(added) > 0 && !slices.Equal(added, []string{lockFile}) {
			t.Errorf("%s: left %q", what, added)
		}
	}
	path := os.Getenv("PATH")
	t.Setenv("PATH", t.TempDir())
	refused("no tools", advice.InstallNSS.String())
	t.Setenv("PATH", path)

	b, err := os.ReadFile(filepath.Join(newCA(t), CACertFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(exported, b, 0o644); err != nil {
		t.Fatal(err)
	}
	refused("another exported CA", "is not the CA in the NSS database")

	for _, name := range []string{exported, serial} {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	killed := filepath.Join(db, ".takeover-1") // as by a run that was killed
	if err := os.MkdirAll(filepath.Join(killed, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if did, err := EnsureArbiter(db); did != TakenOver || err != nil || exists(db, ".takeover-1") {
		t.Fatal(did, err)
	}
	again, err := loadCert(exported)
	was := filepath.Join(t.TempDir(), "ca")
	if err != nil || os.WriteFile(was, ca, 0o600) != nil {
		t.Fatal(err)
	}
	if old, err := loadCert(was); err != nil || !old.Equal(again) {
		t.Errorf("exported another CA: %v", err)
	}
	if b, err := os.ReadFile(serial); err != nil || string(b) != "102\n" {
		t.Errorf("serial number %q, %v", b, err)
	}
}

func TestTakeOverForeign(t *testing.T) {
	t.Parallel()
	newCTools(t)
	db := t.TempDir()
	if out, err := exec.Command("certutil", "-N", "-d", db, "--empty-password").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	before := snapshot(t, db)
	if _, err := EnsureArbiter(db); err == nil || !strings.Contains(err.Error(), db+` has no certificate "QNet CA". Restore the files`) {
		t.Errorf("arbiter: %v", err)
	}
	if _, err := NewNodeReloader(db, "", "", nil); err == nil || !strings.Contains(err.Error(), "no CA called") {
		t.Errorf("node: %v", err)
	}
	if added := untouched(t, db, before); !slices.Equal(added, []string{nodeLockFile, lockFile}) {
		t.Errorf("left %q", added)
	}
}

// TestTakeOverNode takes over nodes in each state that the C tool leaves them in.
func TestTakeOverNode(t *testing.T) {
	t.Parallel()
	c := newCTools(t)
	c.qnetd("-i")
	for _, n := range []string{"node1", "node2"} {
		c.qdevice(n, "-i", "-c", c.arbiter()+"/qnetd-cacert.crt")
	}
	r, err := NewNodeReloader(c.node("node2"), "", "", nil)
	if err != nil || r.Ensured() != TakenOver || r.Node().Cluster != nil {
		t.Fatalf("with only a CA: %v", err)
	}
	c.qdevice("node1", "-r", "-n", "prod")
	c.qnetd("-s", "-c", filepath.Join(c.node("node1"), NodeRequestFile), "-n", "prod")
	c.qdevice("node1", "-M", "-c", c.arbiter()+"/cluster-prod.crt")
	c.qdevice("node2", "-m", "-c", filepath.Join(c.node("node1"), NodeP12File))
	if _, err := EnsureArbiter(c.arbiter()); err != nil {
		t.Fatal(err)
	}
	c.setPassword(c.node("node2"))
	for n, want := range map[string][]string{
		"node1": {"qdevice-net-ca.crt", "qdevice-net-cluster.pem", "qdevice-net-pki.lock"},
		"node2": {"qdevice-net-cluster.pem"},
	} {
		before := snapshot(t, c.node(n))
		r, err := NewNodeReloader(c.node(n), "", "", nil)
		if err != nil || r.Ensured() != TakenOver || r.Node().Cluster == nil {
			t.Fatalf("%s: %v", n, err)
		}
		if added := untouched(t, c.node(n), before); !slices.Equal(added, want) {
			t.Errorf("new files %q, want %q", added, want)
		}
		if r, err := NewNodeReloader(c.node(n), "", "", nil); err != nil || r.Ensured() != Present {
			t.Errorf("%s again: %v", n, err)
		}
		greet(t, c.node(n), c.arbiter(), "prod")
	}
	if cluster, err := ImportNodeP12(c.node("node1"), filepath.Join(c.node("node1"), NodeP12File)); cluster != "prod" || err != nil {
		t.Errorf("what is there: %q, %v", cluster, err)
	}
}

// TestTakeOverNickname takes over a certificate that has another name in the database,
// as the C daemon's net_nss_client_cert_nickname says.
func TestTakeOverNickname(t *testing.T) {
	t.Parallel()
	c := newCTools(t)
	c.signed("prod")
	c.qdevice("node1", "-M", "-c", c.arbiter()+"/cluster-prod.crt")
	out, err := exec.Command("certutil", "--rename", "-d", c.node("node1"), "-n", nickCluster, "--new-n", "My Own").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r, err := NewNodeReloader(c.node("node1"), "", "My Own", nil)
	if err != nil || r.Ensured() != TakenOver || r.Node().Cluster == nil {
		t.Fatalf("%v", err)
	}
	if _, err := EnsureArbiter(c.arbiter()); err != nil {
		t.Fatal(err)
	}
	greet(t, c.node("node1"), c.arbiter(), "prod")
}

// TestUntrustedCA: a CA that came along in a PKCS#12 file is none to trust.
func TestUntrustedCA(t *testing.T) {
	t.Parallel()
	c := newCTools(t)
	c.qnetd("-i")
	c.qdevice("node1", "-i", "-c", c.arbiter()+"/qnetd-cacert.crt")
	out, err := exec.Command("certutil", "-M", "-d", c.node("node1"), "-n", nickCA, "-t", ",,").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := NewNodeReloader(c.node("node1"), "", "", nil); err == nil || !strings.Contains(err.Error(), "does not trust") {
		t.Errorf("got %v", err)
	}
}

// TestKeyWaitsInNSS: the C tool made the request, and ours gets the certificate.
func TestKeyWaitsInNSS(t *testing.T) {
	t.Parallel()
	c := newCTools(t)
	c.qnetd("-i")
	c.qdevice("node1", "-i", "-c", c.arbiter()+"/qnetd-cacert.crt")
	c.qdevice("node1", "-r", "-n", "prod")
	node := c.node("node1")
	signed, err := Sign(c.arbiter(), filepath.Join(node, NodeRequestFile), "prod", true)
	if err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, node)
	path, cluster, err := ImportNodeCert(node, signed.Path)
	if err != nil || cluster != "prod" {
		t.Fatal(cluster, err)
	}
	untouched(t, node, before)
	c.qdevice("node2", "-i", "-c", c.arbiter()+"/qnetd-cacert.crt")
	c.qdevice("node2", "-m", "-c", path)
	greet(t, node, c.arbiter(), "prod")
	greet(t, c.node("node2"), c.arbiter(), "prod")
}

// TestMixedSteps enrols a cluster of two nodes with mixtures of C's tools and
// ours on the three machines: with TestTakeOverNode, where all is C's, every
// two machines have each combination.
func TestMixedSteps(t *testing.T) {
	t.Parallel()
	for _, mix := range []int{0b011, 0b101, 0b110} {
		c := newCTools(t)
		ours := func(bit int) bool { return mix>>bit&1 == 1 }
		do := func(err error) {
			if err != nil {
				t.Fatalf("mix %03b: %v", mix, err)
			}
		}
		ca := c.arbiter() + "/qnetd-cacert.crt"
		if ours(0) {
			do(Init(c.arbiter(), InitOptions{GroupWrite: true}))
		} else {
			c.qnetd("-i")
		}
		first, second := c.node("node1"), c.node("node2")
		for i, dir := range []string{first, second} {
			if ours(i + 1) {
				do(InitNode(dir, ca, nil))
			} else {
				c.qdevice(fmt.Sprint("node", i+1), "-i", "-c", ca)
			}
		}
		crq, p12File := filepath.Join(first, NodeRequestFile), filepath.Join(first, NodeP12File)
		if ours(1) {
			_, err := RequestNode(first, "prod")
			do(err)
		} else {
			c.qdevice("node1", "-r", "-n", "prod")
		}
		if ours(0) {
			_, err := Sign(c.arbiter(), crq, "prod", true)
			do(err)
		} else {
			c.qnetd("-s", "-c", crq, "-n", "prod")
		}
		if ours(1) {
			_, _, err := ImportNodeCert(first, c.arbiter()+"/cluster-prod.crt")
			do(err)
		} else {
			c.qdevice("node1", "-M", "-c", c.arbiter()+"/cluster-prod.crt")
		}
		for i, dir := range []string{second, first} { // pvecm imports on the first one, too
			if ours(2 - i) {
				_, err := ImportNodeP12(dir, p12File)
				do(err)
			} else {
				c.qdevice(fmt.Sprint("node", 2-i), "-m", "-c", p12File)
			}
		}
		_, err := EnsureArbiter(c.arbiter())
		do(err)
		greet(t, first, c.arbiter(), "prod")
		greet(t, second, c.arbiter(), "prod")
	}
}

func TestEnrolNode(t *testing.T) {
	arbiter := newCA(t)
	ca := filepath.Join(arbiter, CACertFile)
	dir := filepath.Join(t.TempDir(), "net", "nssdb")
	if _, err := RequestNode(dir, "prod"); !errors.Is(err, ErrNoNode) {
		t.Errorf("without a CA: %v", err)
	}
	var did []string
	if err := InitNode(dir, ca, func(s string) { did = append(did, s) }); err != nil || len(did) != 3 || did[0] != "Creating "+dir {
		t.Fatal(did, err)
	}
	if err := InitNode(dir, ca, nil); !errors.Is(err, ErrExists) {
		t.Errorf("twice: %v", err)
	}
	crq, err := RequestNode(dir, "prod")
	if err != nil {
		t.Fatal(err)
	}
	signed, err := Sign(arbiter, crq, "prod", false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := RequestNode(dir, "prod"); err != nil { // asked twice: the first certificate still fits
		t.Fatal(err)
	}
	for range 2 {
		if _, cluster, err := ImportNodeCert(dir, signed.Path); err != nil || cluster != "prod" {
			t.Fatal(cluster, err)
		}
	}
	modes := map[string]os.FileMode{
		".": 0o770, NodeRequestFile: 0o640, NodeP12File: 0o600, nodeCAFile: 0o644, nodeClusterFile: 0o600, markerFile: 0o660,
	}
	for name, mode := range modes {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if exists(dir, nodeRequestKey) {
		t.Error("the request's key is still there")
	}
	greet(t, dir, arbiter, "prod")

	was := snapshot(t, dir)
	other := newAuthority(t, time.Now().Add(time.Hour))
	foreign := filepath.Join(t.TempDir(), "foreign.crt")
	pair := other.leaf("prod", nil)
	if err := os.WriteFile(foreign, pair.Leaf.Raw, 0o600); err != nil {
		t.Fatal(err)
	}
	late, _ := request(t, "prod", 2048, x509.CertificateRequest{})
	strange, err := Sign(arbiter, late, "prod", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file, why string
		do        func(string) error
	}{
		{foreign, "not of the arbiter's CA here", func(f string) error { _, _, err := ImportNodeCert(dir, f); return err }},
		{strange.Path, "not for the key of the request", func(f string) error { _, _, err := ImportNodeCert(dir, f); return err }},
		{crq, "is no certificate", func(f string) error { _, _, err := ImportNodeCert(dir, f); return err }},
		{crq, "PKCS#12", func(f string) error { _, err := ImportNodeP12(dir, f); return err }},
		{signed.Path, "is not a CA", func(f string) error { return InitNode(t.TempDir(), f, nil) }},
		{crq, "is no certificate", func(f string) error { return InitNode(t.TempDir(), f, nil) }},
		{foreign + "x", "no such file", func(f string) error { return InitNode(t.TempDir(), f, nil) }},
	} {
		if err := c.do(c.file); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, want %q", c.file, err, c.why)
		}
	}
	if added := untouched(t, dir, was); len(added) > 0 {
		t.Errorf("left %q", added)
	}
}

// TestNodeFilesInPEM: a daemon that reads while a certificate is replaced sees
// the old one or the new one.
func TestNodeFilesInPEM(t *testing.T) {
	ca := newAuthority(t, time.Now().Add(time.Hour))
	dir := ca.node(nil)
	pairs := []*tls.Certificate{ca.leaf("a", nil), ca.leaf("b", nil)}
	d, err := openFolder(dir, modesOf(true))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	done := make(chan error)
	go func() {
		for i := range 200 {
			p := pairs[i%2]
			if err := writeCluster(d, p.Leaf, p.PrivateKey.(crypto.Signer)); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for {
		if _, err := LoadNode(dir); err != nil {
			t.Error(err)
		}
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			return
		default:
		}
	}
}

// TestMarker: what pcs looks for does not keep the C tool from a new database.
func TestMarker(t *testing.T) {
	t.Parallel()
	c := newCTools(t)
	if err := os.Mkdir(c.arbiter(), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := locked(c.arbiter(), modesOf(true), mark); err != nil {
		t.Fatal(err)
	}
	c.qnetd("-i")
	b, err := os.ReadFile(filepath.Join(c.arbiter(), markerFile))
	if err != nil || !bytes.HasPrefix(b, []byte("# ")) || bytes.Count(b, []byte("\n# ")) != bytes.Count(b, []byte("\n"))-1 {
		t.Errorf("%q, %v", b, err)
	}
	if did, err := EnsureArbiter(c.arbiter()); did != TakenOver || err != nil {
		t.Error(did, err)
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/pki"
)

// asCertutil is the environment variable that makes this test binary our
// corosync-qdevice-net-certutil on the directory that it names; asQuorate makes it
// quorate, asQNetd corosync-qnetd, and asQDevice corosync-qdevice on the Corosync whose
// sockets are in the directory that it names.
const (
	asCertutil = "QUORATE_TEST_CERTUTIL"
	asQuorate  = "QUORATE_TEST_QUORATE"
	asQNetd    = "QUORATE_TEST_QNETD"
	asQDevice  = "QUORATE_TEST_QDEVICE"
)

func TestMain(m *testing.M) {
	for variable, name := range map[string]string{asQuorate: "quorate", asQNetd: "corosync-qnetd"} {
		if os.Getenv(variable) == "" {
			continue
		}
		os.Exit(Main(context.Background(), append([]string{name}, os.Args[1:]...), os.Stdout, os.Stderr))
	}
	if dir := os.Getenv(asCertutil); dir != "" {
		os.Exit(qdeviceCertutil(context.Background(), dir, nodeCertutil, os.Args[1:], os.Stdout, os.Stderr))
	}
	if dir := os.Getenv(asQDevice); dir != "" {
		os.Exit(qdevice(context.Background(), qb.Options{Dir: dir}, qdeviceName, os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// lab is some hosts as directories: the C side's scripts run on each with its
// files below that, and fake ssh and scp go between them.
type lab struct {
	t    *testing.T
	root string
}

func newLab(t *testing.T, hosts ...string) *lab {
	t.Helper()
	l := &lab{t, t.TempDir()}
	for _, script := range []string{"corosync-qnetd-certutil", nodeCertutil, "certutil", "pk12util"} {
		if _, err := exec.LookPath(script); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("needs %s (see scripts/deps)", script)
			}
			t.Skipf("needs %s (see scripts/deps)", script)
		}
	}
	for _, h := range hosts {
		for _, dir := range []string{"bin", "tmp", "etc/corosync/qnetd"} {
			if err := os.MkdirAll(l.path(h, dir), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for _, script := range []string{"corosync-qnetd-certutil", nodeCertutil} {
			path, err := exec.LookPath(script)
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			l.script(h, script, strings.ReplaceAll(string(text), "/etc/corosync", l.path(h, "etc/corosync")))
		}
	}
	// What a command on a host calls /tmp and /etc/corosync is below its directory.
	l.script("", "ssh", `#!/bin/sh
host=${1#root@}; shift
echo "ssh $host: $*" >>ROOT/log
command=$(printf %s "$*" | sed "s|/tmp/|ROOT/$host/tmp/|g; s|/etc/corosync|ROOT/$host/etc/corosync|g")
PATH=ROOT/$host/bin:$PATH exec sh -c "$command"
`)
	l.script("", "scp", `#!/bin/sh
there() { case $1 in root@*) p=${1#root@}; echo "ROOT/${p%%:*}${p#*:}";; *) echo "$1";; esac; }
short() { case $1 in root@*) echo "$1";; *) echo "local ${1##*/}";; esac; }
echo "scp $(short $1) $(short $2)" >>ROOT/log
exec cp "$(there $1)" "$(there $2)"
`)
	return l
}

func (l *lab) path(host, name string) string { return filepath.Join(l.root, host, name) }
func (l *lab) node(host string) string       { return l.path(host, nodeCertDir) }

// script makes an executable of a host, or one for all if there is no host.
func (l *lab) script(host, name, text string) {
	l.t.Helper()
	dir := l.root
	if host != "" {
		dir = l.path(host, "bin")
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.ReplaceAll(text, "ROOT", l.root)), 0o755); err != nil {
		l.t.Fatal(err)
	}
}

// ours puts our tool in the place of C's on a host.
func (l *lab) ours(host string) {
	l.t.Helper()
	self, err := os.Executable()
	if err != nil {
		l.t.Fatal(err)
	}
	l.script(host, nodeCertutil, "#!/bin/sh\n"+asCertutil+"="+l.node(host)+" exec "+self+` "$@"`+"\n")
}

// quick runs -Q and returns its exit code, its errors and what ssh and scp were
// called for, with random names as stars.
func (l *lab) quick(args ...string) (code int, errs, log string) {
	l.t.Helper()
	l.t.Setenv("TMPDIR", l.path("", "private"))
	if err := os.MkdirAll(l.path("", "private"), 0o755); err != nil {
		l.t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	args = append([]string{"-Q", "-S", l.root + "/ssh", "-C", l.root + "/scp"}, args...)
	code = qdeviceCertutil(context.Background(), "/nowhere", nodeCertutil, args, &out, &errOut)
	if left, err := filepath.Glob(l.root + "/private/*"); err != nil || len(left) > 0 {
		l.t.Errorf("left %q, %v", left, err)
	}
	if left, err := filepath.Glob(l.root + "/*/tmp/*"); err != nil || code == 0 && len(left) > 0 {
		l.t.Errorf("left %q, %v", left, err)
	}
	b, err := os.ReadFile(l.root + "/log")
	if err != nil {
		l.t.Fatal(err)
	}
	return code, errOut.String(), regexp.MustCompile(`[A-Z2-7]{26}`).ReplaceAllString(string(b), "*")
}

const quickLog = `ssh n1: [ -d "/etc/corosync/qdevice/net/nssdb" ]
ssh n1: corosync-qdevice-net-certutil
ssh n2: [ -d "/etc/corosync/qdevice/net/nssdb" ]
ssh n2: corosync-qdevice-net-certutil
ssh qnetd: corosync-qnetd-certutil -i
scp root@qnetd:/etc/corosync/qnetd/nssdb/qnetd-cacert.crt local ca.crt
scp local ca.crt root@n1:/tmp/qnetd-cacert-*.crt
ssh n1: corosync-qdevice-net-certutil -i -c /tmp/qnetd-cacert-*.crt; rc=$?; rm -f /tmp/qnetd-cacert-*.crt; exit $rc
scp local ca.crt root@n2:/tmp/qnetd-cacert-*.crt
ssh n2: corosync-qdevice-net-certutil -i -c /tmp/qnetd-cacert-*.crt; rc=$?; rm -f /tmp/qnetd-cacert-*.crt; exit $rc
ssh n1: corosync-qdevice-net-certutil -r -n prod
scp root@n1:/etc/corosync/qdevice/net/nssdb/qdevice-net-node.crq local node.crq
scp local node.crq root@qnetd:/tmp/qdevice-net-node-*.crq
ssh qnetd: corosync-qnetd-certutil -s -c /tmp/qdevice-net-node-*.crq -n prod; rc=$?; rm -f /tmp/qdevice-net-node-*.crq; exit $rc
scp root@qnetd:/etc/corosync/qnetd/nssdb/cluster-prod.crt local cluster.crt
scp local cluster.crt root@n1:/etc/corosync/qdevice/net/nssdb/cluster-prod.crt
ssh n1: corosync-qdevice-net-certutil -M -c /etc/corosync/qdevice/net/nssdb/cluster-prod.crt
scp root@n1:/etc/corosync/qdevice/net/nssdb/qdevice-net-node.p12 local node.p12
scp local node.p12 root@n2:/etc/corosync/qdevice/net/nssdb/qdevice-net-node.p12
ssh n2: corosync-qdevice-net-certutil -m -c /etc/corosync/qdevice/net/nssdb/qdevice-net-node.p12
`

// TestQuickStart sets up a C arbiter and two nodes, one with the C tool. No file with a
// key stays behind (Q9).
func TestQuickStart(t *testing.T) {
	for _, ours := range []string{"n1", "n2"} {
		l := newLab(t, "qnetd", "n1", "n2")
		l.ours(ours)
		code, errs, log := l.quick("-n", "prod", "qnetd", "n1", "n2")
		if code != 0 {
			t.Fatalf("exit %d: %s", code, errs)
		}
		if log != quickLog {
			t.Errorf("did\n%s", log)
		}
		var leaf []byte
		for _, n := range []string{"n1", "n2"} {
			r, err := pki.NewNodeReloader(l.node(n), "", "", nil)
			if err != nil || r.Node().Cluster == nil {
				t.Fatalf("%s: %v", n, err)
			}
			if got := r.Node().Cluster.Leaf.Raw; leaf != nil && !bytes.Equal(got, leaf) {
				t.Errorf("%s has another certificate", n)
			} else {
				leaf = got
			}
			if (r.Ensured() == pki.TakenOver) == (n == ours) {
				t.Errorf("%s: %v", n, r.Ensured())
			}
			info, err := os.Stat(filepath.Join(l.node(n), pki.NodeP12File))
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", n, info, err)
			}
		}
	}
}

// TestQuickStartFails: the first failure ends it, says where it was, and comes
// before anything is changed if that can be known.
func TestQuickStartFails(t *testing.T) {
	for _, c := range []struct {
		what, why string
		spoil     func(*lab)
		steps     int // lines of quickLog that were done
	}{
		{"initialised", "Node n2 seems to be already initialized. Please delete /etc/corosync/qdevice/net/nssdb\n", func(l *lab) {
			if err := os.MkdirAll(l.node("n2"), 0o755); err != nil {
				t.Fatal(err)
			}
		}, 3},
		{"no tool", "Node n1 doesn't have corosync-qdevice-net-certutil installed\n", func(l *lab) {
			l.script("n1", nodeCertutil, "#!/bin/sh\nexit 127\n")
		}, 2},
		{"no arbiter", "qnetd: can't copy /etc/corosync/qnetd/nssdb/qnetd-cacert.crt", func(l *lab) {
			l.script("qnetd", "corosync-qnetd-certutil", "#!/bin/sh\nexit 127\n")
		}, 6},
		{"init fails", "n1: corosync-qdevice-net-certutil -i -c ", func(l *lab) {
			l.script("n1", nodeCertutil, "#!/bin/sh\n[ $# = 0 ]\n")
		}, 8},
		{"signs nothing, and says that it did", "QNetd server qnetd: ", func(l *lab) {
			l.script("qnetd", "corosync-qnetd-certutil", `#!/bin/sh
mkdir -p ROOT/qnetd/etc/corosync/qnetd/nssdb
[ $1 = -i ] && cp ROOT/ca.crt ROOT/qnetd/etc/corosync/qnetd/nssdb/qnetd-cacert.crt
: >ROOT/qnetd/etc/corosync/qnetd/nssdb/cluster-prod.crt
`)
		}, 15},
	} {
		l := newLab(t, "qnetd", "n1", "n2")
		l.ours("n1")
		l.ours("n2")
		arbiter := filepath.Join(t.TempDir(), "nssdb")
		if err := pki.Init(arbiter, pki.InitOptions{}); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(arbiter, pki.CACertFile))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(l.root+"/ca.crt", b, 0o600); err != nil {
			t.Fatal(err)
		}
		c.spoil(l)
		code, errs, log := l.quick("-n", "prod", "qnetd", "n1", "n2")
		if code != 1 || !strings.Contains(errs, c.why) {
			t.Errorf("%s: exit %d, %q", c.what, code, errs)
		}
		if want := strings.Join(strings.SplitAfter(quickLog, "\n")[:c.steps], ""); log != want {
			t.Errorf("%s: did\n%s", c.what, log)
		}
	}
}

// TestNodeCertutilAsC runs the same command lines with the C tool and with ours,
// each on its own files: output and exit code must be the same, except for
// what certutil and pk12util say, and where C says that it did what it did not.
func TestNodeCertutilAsC(t *testing.T) {
	l := newLab(t, "qnetd", "c", "ours")
	run := func(host string, ours bool, args ...string) (int, string, string) {
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "NODE", l.node(host))
		}
		var out, errOut bytes.Buffer
		code := 0
		if ours {
			code = qdeviceCertutil(context.Background(), l.node(host), l.path("c", "bin/"+nodeCertutil), args, &out, &errOut)
		} else {
			cmd := exec.Command(l.path(host, "bin/"+nodeCertutil), args...)
			cmd.Stdout, cmd.Stderr = &out, &errOut
			if err := cmd.Run(); err != nil {
				code = err.(*exec.ExitError).ExitCode()
			}
		}
		return code, out.String(), errOut.String()
	}
	for dir, text := range map[string]string{"garbage": "no certificate", "empty": ""} {
		if err := os.WriteFile(l.path("", dir), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command(l.path("qnetd", "bin/corosync-qnetd-certutil"), "-i").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ca := l.path("qnetd", "etc/corosync/qnetd/nssdb/qnetd-cacert.crt")
	for _, line := range []string{
		"", "-h", "-x", "-s", "-c", "-n", "-r -c", "-i -h", "-i", "-i -c /nowhere", "-m", "-M -c /nowhere", "-r", "-Q", "-Q -n a", "-Q -n a host",
		"-r -n prod", "-M -c " + ca, "-m -c " + ca, // no database
		"-i -c " + ca, "-i -c " + ca, "-i -r -c " + ca + " -n prod", "-r -n prod -M", "-r -nprod operand -x", "SIGN",
		"-M -c CRT", "-M -c CRT", "-m -c NODE/qdevice-net-node.p12", "-m -c " + l.path("", "garbage"), "-m -c " + l.path("", "empty"), "-m -c CRT",
	} {
		var codes [2]int
		var outs, errs [2]string
		for i, host := range []string{"c", "ours"} {
			dir := l.path("qnetd", "etc/corosync/qnetd/nssdb")
			if line == "SIGN" {
				arbiter := exec.Command(l.path("qnetd", "bin/corosync-qnetd-certutil"), "-s", "-n", host, "-c", filepath.Join(l.node(host), pki.NodeRequestFile))
				if out, err := arbiter.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				continue
			}
			args := strings.Fields(strings.ReplaceAll(line, "CRT", dir+"/cluster-"+host+".crt"))
			codes[i], outs[i], errs[i] = run(host, host == "ours", args...)
			outs[i], errs[i] = l.plain(host, outs[i]), l.plain(host, errs[i])
		}
		if codes[0] != codes[1] || outs[0] != outs[1] {
			t.Errorf("%q:\nexit %d, %q\nwant %d, %q", line, codes[1], outs[1], codes[0], outs[0])
		}
		// Where one of NSS's programs complains, ours does so in its own words.
		if errs[0] != errs[1] && !(errs[0] == "" && codes[0] >= certPassword && errs[1] != "") {
			t.Errorf("%q: errors\n%q, want\n%q", line, errs[1], errs[0])
		}
	}
}

// plain takes out of an output what only one of the tools says, and where its
// files are. The usage of 3.0.4 has some words more than that of 3.0.3.
func (l *lab) plain(host, text string) string {
	var lines []string
	text = strings.NewReplacer(
		l.path(host, "etc"), "/etc",
		" [-S ssh_command] [-C scp_command]", "",
		"remote shell command and remote copy command (ssh and scp by default).", "ssh.",
	).Replace(text)
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case strings.HasPrefix(line, "pk12util:"), strings.HasPrefix(line, "certutil:"), strings.HasPrefix(line, "password file contains"),
			strings.HasPrefix(line, "Notice: Trust flag u"), strings.HasPrefix(line, "Generating key."), strings.HasPrefix(line, "Creating new noise file"),
			strings.HasPrefix(line, " -S ssh_command"), strings.HasPrefix(line, " -C scp_command"), line == "":
		default:
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// TestNodeCertutilOwn has what ours tells and C does not.
func TestNodeCertutilOwn(t *testing.T) {
	var cas []string
	for range 2 {
		dir := filepath.Join(t.TempDir(), "nssdb")
		if err := pki.Init(dir, pki.InitOptions{}); err != nil {
			t.Fatal(err)
		}
		cas = append(cas, filepath.Join(dir, pki.CACertFile))
	}
	node := filepath.Join(t.TempDir(), "nssdb")
	run := func(args ...string) (int, string) {
		var out, errOut bytes.Buffer
		code := qdeviceCertutil(context.Background(), node, nodeCertutil, args, &out, &errOut)
		return code, errOut.String()
	}
	if code, errs := run("-i", "-c", cas[0]); code != 0 || errs != "" {
		t.Fatal(code, errs)
	}
	if code, errs := run("-i", "-c", cas[0]); code != 1 || errs != nodeExistsText+"\n" {
		t.Errorf("again: %d, %q", code, errs)
	}
	if code, errs := run("-i", "-c", cas[1]); code != 1 || !strings.HasPrefix(errs, nodeExistsText+"\nIt is for another arbiter: its CA has SHA-256 ") {
		t.Errorf("another CA: %d, %q", code, errs)
	}
	if code, errs := run("-M", "-c", cas[0]); code != 1 || !strings.Contains(errs, "is not for the key of the request") {
		t.Errorf("a certificate for another key: %d, %q", code, errs)
	}
	if code, errs := run("-Q", "-n", "a b", "host", "node"); code != 2 || !strings.Contains(errs, "can't be used with -Q") {
		t.Errorf("a name: %d, %q", code, errs)
	}
	if code, errs := run("-Q", "-n", "a", "-S", "/nowhere/ssh", "host", "node"); code != 1 || errs != "Node node can't be reached: fork/exec /nowhere/ssh: no such file or directory\n" {
		t.Errorf("no ssh: %d, %q", code, errs)
	}
	refuses := filepath.Join(t.TempDir(), "ssh")
	if err := os.WriteFile(refuses, []byte("#!/bin/sh\nexit 255\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	want := "Node node can't be reached with " + refuses + ": see that \"" + refuses + " -4 root@node\" works\n"
	if code, errs := run("-Q", "-n", "a", "-S", refuses+" -4", "host", "node"); code != 1 || errs != want {
		t.Errorf("ssh refuses: %d, %q", code, errs)
	}
}

// TestCertCommand enrols a cluster with the friendly verbs.
func TestCertCommand(t *testing.T) {
	base := t.TempDir()
	run := func(node string, args ...string) (int, string, string) {
		var out, errOut bytes.Buffer
		args = append([]string{"quorate", "cert", "--state", base + "/qnetd", "--node-dir", base + "/" + node + "/nssdb"}, args...)
		code := Main(context.Background(), args, &out, &errOut)
		return code, out.String(), errOut.String()
	}
	ok := func(node string, args ...string) string {
		t.Helper()
		code, out, errs := run(node, args...)
		if code != 0 || errs != "" {
			t.Fatalf("%q: exit %d, %s", args, code, errs)
		}
		return out
	}
	if code, _, errs := run("n1", "show"); code != 1 || !strings.Contains(errs, "neither an arbiter's nor a node's") {
		t.Errorf("exit %d, %q", code, errs)
	}
	if code, _, errs := run("n1", "request", "prod"); code != 1 || !strings.Contains(errs, advice.TrustFirst.With("flags", " --node-dir "+base+"/n1/nssdb").String()) {
		t.Errorf("exit %d, %q", code, errs)
	}
	after := func(out, label string) string {
		t.Helper()
		_, rest, found := strings.Cut(out, label)
		line, _, _ := strings.Cut(rest, "\n")
		if !found {
			t.Fatalf("no %q in %s", label, out)
		}
		return line
	}
	ca := after(ok("", "init"), "CA certificate: ")
	for _, n := range []string{"n1", "n2"} {
		if out := ok(n, "trust", ca); !strings.HasPrefix(out, "This node now trusts the arbiter with this CA:\n  valid until ") || !strings.Contains(out, "\nNext, on one node of the cluster: `quorate cert request CLUSTER") {
			t.Errorf("trust: %s", out)
		}
	}
	if out := ok("n1", "trust", ca); !strings.HasPrefix(out, "This node trusts the arbiter with this CA already") {
		t.Errorf("trust again: %s", out)
	}
	crq := after(ok("n1", "request", "prod"), "Made a certificate request for cluster prod: ")
	crt := after(ok("", "sign", "prod", crq), "Signed the certificate of cluster prod: ")
	p12 := after(ok("n1", "import", crt), "Wrote the file for the other nodes: ")
	if out := ok("n2", "import", p12); out != "This node now has the certificate of cluster prod.\n"+advice.NextStart.String()+"\n" {
		t.Errorf("import: %q", out)
	}
	for _, want := range []string{"CA ", "server ", "cluster prod ", "node: arbiter's CA ", "node: cluster prod "} {
		if out := ok("n2", "show"); !strings.Contains(out, "\n"+want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	var r certReport
	if err := json.Unmarshal([]byte(ok("n2", "show", "--json")), &r); err != nil || r.Node.Cluster.Fingerprint != r.Clusters[0].Fingerprint || r.Node.CA != *r.CA {
		t.Errorf("%+v, %v", r, err)
	}
}

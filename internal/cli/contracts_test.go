// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestManagersRead: what pcs, crmsh and the resource agent look for in what the
// tool prints and in its exit code.
func TestManagersRead(t *testing.T) {
	sock := serveTourist(t)
	tool := func(args ...string) outcome {
		return runOurs(append([]string{"/usr/bin/corosync-qnetd-tool", "-p", sock}, args...)...)
	}
	for _, row := range []struct {
		who, re string
		got     string
	}{
		{"crmsh: the port", `QNetd address:\s+\S+:5403\n`, tool("-s").out},
		{"pcs: the clusters", `(?m)^Cluster "prod":$`, tool("-l").out},
		{"pcs: the clusters, all of it", `(?m)^Cluster "prod":$`, tool("-lv").out},
		{"crmsh: a name that is taken", `.`, tool("-l", "-c", "prod").out},
		{"crmsh: a name that is free", `^$`, tool("-l", "-c", "free").out},
	} {
		if !regexp.MustCompile(row.re).MatchString(row.got) {
			t.Errorf("%s: %s is not in %q", row.who, row.re, row.got)
		}
	}
	if got := runOurs("corosync-qnetd-tool", "-s", "-p", sock+"x"); got.code != 3 || !strings.Contains(strings.ToLower(got.err), "is qnetd running?") {
		t.Errorf("pcs, resource agent: without a daemon %+v", got)
	}
	if got := tool("-s"); got.code != 0 {
		t.Errorf("resource agent: with a daemon %+v", got)
	}
}

// TestManagersSetUp: what pvecm, pcs and crmsh do on an arbiter to set a cluster
// up, in their order.
func TestManagersSetUp(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "nssdb")
	certutil := func(args ...string) outcome {
		var out, errOut bytes.Buffer
		code := qnetdCertutil(dir, "/usr/bin/corosync-qnetd-certutil", args, &out, &errOut)
		return outcome{code, out.String(), errOut.String()}
	}
	anyNSS := func() (found []string) {
		for _, name := range []string{"cert9.db", "key4.db", "pkcs11.txt", "cert8.db", "key3.db", "secmod.db"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
				found = append(found, name)
			}
		}
		return found
	}
	if f := anyNSS(); len(f) > 0 {
		t.Fatal(f)
	}
	if got := certutil("-i"); got.code != 0 || !strings.Contains(got.out, "\nQNetd CA certificate is exported as "+dir+"/qnetd-cacert.crt\n") {
		t.Errorf("-i: %+v", got)
	}
	if f := anyNSS(); len(f) == 0 {
		t.Error("pcs does not see that there is a database")
	}
	if _, err := os.Stat(filepath.Join(dir, "qnetd-cacert.crt")); err != nil {
		t.Error(err)
	}
	u := &certutils{t: t}
	got := certutil("-s", "-c", u.request("prod", x509.CertificateRequest{}), "-n", "prod")
	at := regexp.MustCompile(`(?m)^Certificate( request)? stored in (?P<path>.+)$`).FindStringSubmatch(got.out)
	if got.code != 0 || at == nil {
		t.Fatalf("-s: %+v", got)
	}
	if at[2] != filepath.Join(dir, "cluster-prod.crt") {
		t.Errorf("the certificate is in %s", at[2])
	}
	der, err := os.ReadFile(at[2])
	if err != nil {
		t.Fatal(err)
	}
	if c, err := x509.ParseCertificate(der); err != nil || c.Subject.CommonName != "prod" {
		t.Errorf("%v, %v", c, err)
	}
}

// TestBackground: the resource agent starts the daemon without -f. The start
// returns when clients are accepted, and the tool stops what it has left running.
func TestBackground(t *testing.T) {
	dir, port := t.TempDir(), freePort(t)
	start := func() outcome {
		cmd := exec.Command(os.Args[0], "-l", "127.0.0.1", "-p", port, "-S", "nss_db_dir="+dir+"/nssdb", "-S", "lock_file="+dir+"/pid",
			"-S", "local_socket_file="+dir+"/sock")
		cmd.Env = append(os.Environ(), asQNetd+"=1")
		var out, errOut bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errOut
		_ = cmd.Run() // its exit code says it
		return outcome{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
	}
	if got := start(); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	t.Cleanup(func() { runOurs("corosync-qnetd-tool", "-H", "-p", dir+"/sock") })
	c, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatalf("it does not listen: %v", err)
	}
	_ = c.Close()
	b, err := os.ReadFile(dir + "/pid")
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSuffix(string(b), "\n"))
	if err != nil || pid == os.Getpid() {
		t.Fatalf("pid file %q, %v", b, err)
	}
	if got := start(); got.code != 1 || !strings.Contains(got.err, "Another instance is running") {
		t.Errorf("a second one: %+v", got)
	}
	if got := runOurs("corosync-qnetd-tool", "-s", "-p", dir+"/sock"); got.code != 0 {
		t.Errorf("%+v", got)
	}
	if got := runOurs("corosync-qnetd-tool", "-H", "-p", dir+"/sock"); got.code != 0 {
		t.Errorf("%+v", got)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(20 * time.Second); ; {
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err != nil {
			break
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it still runs")
		}
	}
	if _, err := os.Stat(dir + "/pid"); err == nil {
		t.Error("the pid file is left")
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}

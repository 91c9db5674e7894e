// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package doctor

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/status"
)

func TestMain(m *testing.M) { os.Exit(corotest.Main(m)) }

// TestReal: a real Corosync, the C arbiter with certificates of the C tool, and ours
// in the node's directory. What is wrong is that no node daemon runs.
func TestReal(t *testing.T) {
	for _, name := range []string{"corosync-qnetd", "corosync-qnetd-certutil", "certutil"} {
		if _, err := exec.LookPath(name); err != nil && os.Getenv("CI") == "true" {
			t.Fatal(err)
		} else if err != nil {
			t.Skip(err)
		}
	}
	d := corotest.Real(t, "quorum {\n device {\n  net {\n   host: 127.0.0.1\n   port: 15403\n  }\n }\n}\n")
	w := &world{T: t}
	shell := func(script string) string {
		t.Helper()
		out, err := exec.Command("sh", "-c", script).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", script, err, out)
		}
		return string(out)
	}
	// corotest has put a directory of its own in the place of /etc/corosync.
	shell("mkdir -p /etc/corosync/qnetd && corosync-qnetd-certutil -i </dev/null")
	const db = "/etc/corosync/qnetd/nssdb"
	certs := filepath.Join(t.TempDir(), "nssdb")
	w.must(pki.InitNode(certs, db+"/qnetd-cacert.crt", nil))
	crq, err := pki.RequestNode(certs, "fake")
	w.must(err)
	shell("corosync-qnetd-certutil -s -c " + crq + " -n fake </dev/null")
	_, _, err = pki.ImportNodeCert(certs, db+"/cluster-fake.crt")
	w.must(err)
	run := t.TempDir()
	qnetd := exec.Command("corosync-qnetd", "-f", "-l", "127.0.0.1", "-p", "15403", "-s", "req", "-S", "lock_file="+run+"/l,local_socket_file="+run+"/s")
	w.must(qnetd.Start())
	t.Cleanup(func() {
		_ = qnetd.Process.Kill()
		_ = qnetd.Wait()
	})
	for range 500 { // another process is starting
		c, err := net.Dial("tcp", "127.0.0.1:15403")
		if err == nil {
			_ = c.Close()
			break
		}
		<-time.After(10 * time.Millisecond)
	}
	cfg := Config{ConfFile: d.Conf, AskNode: func(context.Context) (*status.QDevice, bool, error) {
		return nil, false, errors.New("No such file or directory")
	}}
	cfg.Settings = newSettings(certs)
	r := Run(t.Context(), cfg)
	var lines []string
	for _, l := range r.Results {
		lines = append(lines, string(l.Verdict)+" "+l.Check+": "+l.Text)
	}
	got := strings.Join(lines, "\n") + "\n"
	for _, want := range []string{
		"ok corosync: running, version 1 of the configuration, ring 1.",
		"FAIL quorum: not quorate: 1 of 2 votes, 2 needed, 1 member\n",
		"ok arbiter port: 127.0.0.1:15403 answers, after ",
		`ok certificates: of cluster "fake", valid until `,
		"ok TLS: 127.0.0.1:15403: TLS 1.3, the arbiter's certificate is right, and it accepts ours\n",
		"FAIL node daemon: it does not answer",
		"FAIL registered: one has no qdevice running, so the arbiter's vote does not count there\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no line %q", want)
		}
	}
	if r.OK || t.Failed() {
		t.Errorf("ok: %v, got\n%s", r.OK, got)
	}
}

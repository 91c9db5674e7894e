// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/wire"
)

// TestQNetdMisuse: one clear line in the C daemon's words, and its exit code.
func TestQNetdMisuse(t *testing.T) {
	for _, c := range []struct {
		args string
		want string
	}{
		{"-x", "corosync-qnetd: invalid option -- 'x'\n"},
		{"-p", "corosync-qnetd: option requires an argument -- 'p'\n"},
		{"-p 0", "corosync-qnetd: host port must be in range 1-65535\n"},
		{"-p 70000", "corosync-qnetd: host port must be in range 1-65535\n"},
		{"-s maybe", "corosync-qnetd: tls must be one of on, off, req\n"},
		{"-c maybe", "corosync-qnetd: client_cert_required should be on/yes/1, off/no/0\n"},
		{"-m 1x", "corosync-qnetd: max clients value 1x is invalid\n"},
		{"-S foo=1", "corosync-qnetd: Unknown option 'foo'\n"},
		{"-S listen_backlog=0", "corosync-qnetd: Invalid value '0' for option 'listen_backlog'\n"},
		{"-S dpd_interval_coefficient=nan", "corosync-qnetd: Invalid value 'nan' for option 'dpd_interval_coefficient'\n"},
		{"-S probe_time=0", "corosync-qnetd: Invalid value '0' for option 'probe_time'\n"},
		{"-S hold_time=-1", "corosync-qnetd: Invalid value '-1' for option 'hold_time'\n"},
		{"-S local_socket_umask=8", "corosync-qnetd: Invalid value '8' for option 'local_socket_umask'\n"},
	} {
		var out, errOut bytes.Buffer
		code := Main(context.Background(), append([]string{"/usr/bin/corosync-qnetd"}, strings.Fields(c.args)...), &out, &errOut)
		if code != 1 || errOut.String() != c.want {
			t.Errorf("%s: exit %d, %q", c.args, code, errOut.String())
		}
	}
}

// TestQNetdHelp: -h and -v succeed, which they do not in C (Q5).
func TestQNetdHelp(t *testing.T) {
	for flag, want := range map[string]string{"-h": "usage: corosync-qnetd [-46dfhv]", "-v": "Corosync Qdevice Network Daemon, version '3.0.3"} {
		var out, errOut bytes.Buffer
		if code := Main(context.Background(), []string{"corosync-qnetd", flag}, &out, &errOut); code != 0 || !strings.HasPrefix(out.String(), want) {
			t.Errorf("%s: exit %d, %q", flag, code, out.String())
		}
	}
}

func TestQNetdOptions(t *testing.T) {
	var errOut bytes.Buffer
	args := strings.Fields("-4 -l a -l b -p 1234 -s required -m 7 -S HOLD_TIME=0,probe_time=250 -S nss_db_dir=/x/nssdb,dpd_interval=5,,listen_backlog=0 -f -dd extra")
	q, err := parseQNetd("corosync-qnetd", args, &errOut)
	if err != nil {
		t.Fatal(err)
	}
	c := q.cfg
	if c.Network != "tcp4" || len(c.Hosts) != 2 || c.Port != 1234 || c.Machine.TLS != wire.TLSRequired || c.Machine.MaxClients != 7 {
		t.Errorf("%+v", c)
	}
	if c.Machine.HoldTime != 0 || c.Machine.ProbeTime != 250*time.Millisecond || c.CertDir != "/x/nssdb" || c.Store.String() != "/x/grants.db" {
		t.Errorf("%+v", c)
	}
	if !q.foreground || q.debug != 2 || c.Backlog != 0 {
		t.Errorf("%+v", q)
	}
	if want := "corosync-qnetd: Option 'dpd_interval' is deprecated and has no effect anymore\n"; errOut.String() != want {
		t.Errorf("%q", errOut.String())
	}
}

// TestCertutil follows the C script's words and exit codes.
func TestCertutil(t *testing.T) {
	dir := t.TempDir() + "/nssdb"
	run := func(args ...string) (int, string, string) {
		var out, errOut bytes.Buffer
		code := qnetdCertutil(dir, "corosync-qnetd-certutil", args, &out, &errOut)
		return code, out.String(), errOut.String()
	}
	for _, c := range []struct {
		args      []string
		code      int
		out, errs string
	}{
		{nil, 0, "corosync-qnetd-certutil: [-i|-s]", ""},
		{[]string{"-x"}, 1, "", "Invalid option: -x\n"},
		{[]string{"-s", "-c"}, 1, "", "Option -c requires an argument.\n"},
		{[]string{"-s", "-c", "/nowhere", "-n", "a"}, 2, "", "Can't open certificate file /nowhere\n"},
		{[]string{"-s", "-c", "/dev/null"}, 2, "", "You have to specify cluster name\n"},
		{[]string{"-i"}, 0, "Creating " + dir + "\nCreating new key and cert db\nCreating new CA\n", ""},
		{[]string{"-i"}, 1, "", "Certificate database (" + dir + ") already exists. Delete it to initialize new db\n"},
	} {
		code, out, errs := run(c.args...)
		if code != c.code || !strings.HasPrefix(out, c.out) || errs != c.errs {
			t.Errorf("%v: exit %d, %q, %q", c.args, code, out, errs)
		}
	}
}

// TestSetUpArbiter: as root, -i and cert init take C's database over and make the
// register of grants for the group that may read the database; both can be repeated.
func TestSetUpArbiter(t *testing.T) {
	l := newLab(t, "qnetd")
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("needs root, to give files away")
		}
		t.Skip("needs root, to give files away")
	}
	const group = 65534
	dir := l.path("qnetd", qnetdCertDir)
	if out, err := exec.Command("bash", l.path("qnetd", "bin/corosync-qnetd-certutil"), "-i", "-G").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range []string{"", "cert9.db", "key4.db"} { // as Debian's package does
		if err := os.Chown(filepath.Join(dir, name), 0, group); err != nil {
			t.Fatal(err)
		}
	}
	run := func(code int, args ...string) string {
		t.Helper()
		var out, errOut bytes.Buffer
		got := -1
		if args[0] == "-i" {
			got = qnetdCertutil(dir, "corosync-qnetd-certutil", args, &out, &errOut)
		} else {
			got = Main(context.Background(), append([]string{"quorate", "cert", "--state", filepath.Dir(dir)}, args...), &out, &errOut)
		}
		if got != code {
			t.Errorf("%q: exit %d, %s%s", args, got, &out, &errOut)
		}
		for name, mode := range map[string]os.FileMode{"../grants.db": 0o660, "qnetd-server.key": 0o640} {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if st := info.Sys().(*syscall.Stat_t); info.Mode() != mode || st.Uid != 0 || st.Gid != group {
				t.Errorf("%q: %s is %v, owner %d:%d", args, name, info.Mode(), st.Uid, st.Gid)
			}
		}
		return out.String() + errOut.String()
	}
	exists := "Certificate database (" + dir + ") already exists. Delete it to initialize new db\n"
	taken := "Taken over from the NSS database in " + dir + ", which stays as it is\n"
	if said := run(1, "-i"); said != taken+exists {
		t.Errorf("-i: %q", said)
	}
	if said := run(1, "-i", "-G"); said != exists {
		t.Errorf("-i again: %q", said)
	}
	grants := filepath.Join(dir, "../grants.db")
	if err := errors.Join(os.Chmod(grants, 0o600), os.Chown(grants, 0, 0)); err != nil { // as a daemon of root's made it
		t.Fatal(err)
	}
	said := run(0, "init")
	for _, want := range []string{
		"The arbiter's certificates are there and stay as they are: " + dir + "\nCA certificate: " + dir + "/qnetd-cacert.crt\n  valid until ",
		"\nThe register of grants is there and stays; its owner and mode were wrong, and were corrected: " + dir[:len(dir)-len("nssdb")] + "grants.db\n",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("init: without %q: %s", want, said)
		}
	}
	if again := run(0, "init"); strings.Contains(again, "not right") || strings.Contains(strings.ToLower(said+again), "delete") {
		t.Errorf("init again: %s", again)
	}
}

// TestQNetdUnit: what the unit file calls is there, and what it says reaches the journal.
func TestQNetdUnit(t *testing.T) {
	b, err := os.ReadFile("../../packaging/systemd/corosync-qnetd.service")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.SplitSeq(string(b), "\n") {
		key, value, _ := strings.Cut(line, "=")
		f := strings.Fields(value)
		switch {
		case key == "ExecStart":
			found++
			var said bytes.Buffer
			q, err := parseQNetd(filepath.Base(f[0]), f[1:len(f)-1], &said)
			if err != nil || !q.foreground || filepath.Base(f[0]) != qnetdName || f[len(f)-1] != "$COROSYNC_QNETD_OPTIONS" {
				t.Errorf("ExecStart: %s: %v", value, err)
			}
		case key == "ExecStartPre" && strings.HasSuffix(f[0], "/quorate"):
			found++
			if cmd, rest, err := newRoot().Find(f[1:]); err != nil || cmd.CommandPath() != "quorate cert init" || len(rest) > 0 {
				t.Errorf("ExecStartPre: %s: %v", value, err)
			}
		case key == "StandardError": // of ExecStartPre, too, whose errors nobody would see
			t.Errorf("StandardError: %s", value)
		case key == "RuntimeDirectory":
			found++
			if want := "/var/run/" + value + "/"; !strings.HasPrefix(qnetdLockFile, want) || !strings.HasPrefix(qnetdSocket, want) {
				t.Errorf("RuntimeDirectory: %s", value)
			}
		}
	}
	if found != 3 {
		t.Errorf("%d lines", found)
	}
}

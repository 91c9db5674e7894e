// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/qb"
)

// TestQDeviceArgs holds the command line of corosync-qdevice: texts, exit codes.
func TestQDeviceArgs(t *testing.T) {
	for _, c := range []struct {
		args           string
		code           int
		stdout, stderr string
	}{
		{"-h", 0, qdeviceUsage, ""},
		{"-v", 0, "Corosync Qdevice, version '" + CompatVersion + "'\n", ""},
		{"-f -x", 1, qdeviceUsage, "corosync-qdevice: invalid option -- 'x'\n"},
		{"-S", 1, qdeviceUsage, "corosync-qdevice: option requires an argument -- 'S'\n"},
		{"-S nothing=1", 1, "", "corosync-qdevice: Unknown option 'nothing'\n"},
		{"-S max_cs_try_again=0", 1, "", "corosync-qdevice: Invalid value '0' for option 'max_cs_try_again'\n"},
		{"-S lock_file=/x,heuristics_max_execs=no", 1, "", "corosync-qdevice: Invalid value 'no' for option 'heuristics_max_execs'\n"},
		{"-S local_socket_gid=no_such_group_here", 1, "", "corosync-qdevice: Invalid value 'no_such_group_here' for option 'local_socket_gid'\n"},
	} {
		var stdout, stderr bytes.Buffer
		code := Main(context.Background(), append([]string{"/usr/sbin/corosync-qdevice"}, strings.Fields(c.args)...), &stdout, &stderr)
		if code != c.code || stdout.String() != c.stdout || stderr.String() != c.stderr {
			t.Errorf("%s: exit %d\n%s%s", c.args, code, &stdout, &stderr)
		}
	}
	q, err := parseQDevice(strings.Fields("-d -fd -S withdraw_time=0,votequorum_device_name=QD,,x=y -S local_socket_umask=077,local_socket_gid=0"))
	if err != nil || q.debug != 2 || !q.foreground || q.settings.WithdrawTime != 0 || q.settings.DeviceName != "QD" {
		t.Errorf("%+v, %v", q, err)
	}
	if c := nodeControl(&q.settings); !c.Options.SetUmask || c.Options.Umask != 0o77 || c.Options.GID != 0 || c.Limits.MaxSend != 65536 {
		t.Errorf("%+v", c)
	}
}

// TestQDeviceWithoutCorosync: where no Corosync runs the daemon ends with C's line
// and exit code 1, and leaves no lock file; --withdraw has nothing to do.
func TestQDeviceWithoutCorosync(t *testing.T) {
	if c, err := cmap.Dial(t.Context(), qb.Options{}); err == nil {
		_ = c.Close()
		if os.Getenv("CI") == "true" {
			t.Fatal("needs a machine without a running Corosync")
		}
		t.Skip("needs a machine without a running Corosync")
	}
	dir := t.TempDir()
	set := "lock_file=" + filepath.Join(dir, "pid") + ",local_socket_file=" + filepath.Join(dir, "s")
	var stdout, stderr bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	code := Main(ctx, []string{"corosync-qdevice", "-f", "-S", set}, &stdout, &stderr)
	if code != 1 || !strings.Contains(stderr.String(), "Failed to initialize the cmap API. Error CS_ERR_LIBRARY") {
		t.Errorf("exit %d\n%s", code, &stderr)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	stdout.Reset()
	code = Main(ctx, []string{"quorate", "qdevice", "--withdraw", "--set", set}, &stdout, &stderr)
	if want := "no quorum device is registered: nothing to take back\n"; code != 0 || stdout.String() != want {
		t.Errorf("exit %d, %s%s", code, &stdout, &stderr)
	}
}

// TestUnit: what the unit file calls is there.
func TestUnit(t *testing.T) {
	b, err := os.ReadFile("../../packaging/systemd/corosync-qdevice.service")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.SplitSeq(string(b), "\n") {
		key, value, _ := strings.Cut(line, "=")
		f := strings.Fields(value)
		switch key {
		case "ExecStart":
			found++
			if filepath.Base(f[0]) != qdeviceName || f[len(f)-1] != "$COROSYNC_QDEVICE_OPTIONS" {
				t.Errorf("ExecStart: %s", value)
			}
			if q, err := parseQDevice(f[1 : len(f)-1]); err != nil || !q.foreground {
				t.Errorf("ExecStart: %+v, %v", q, err)
			}
		case "ExecStopPost":
			found++
			cmd, rest, err := newRoot().Find(f[1:])
			if err != nil || cmd.Name() != "qdevice" || cmd.ParseFlags(rest) != nil || !cmd.Flags().Changed("withdraw") {
				t.Errorf("ExecStopPost: %s: %v", value, err)
			}
		}
	}
	if found != 2 {
		t.Errorf("%d commands", found)
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/cobra"
)

// callFull runs a command line with an output that can't be written.
func callFull(t *testing.T, args ...string) (code int, stderr string) {
	t.Helper()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	var errOut bytes.Buffer
	code = Main(context.Background(), args, full, &errOut)
	return code, errOut.String()
}

const fullText = "can't write to standard output: no space left on device\n"

// TestFullOutput: output that gets lost is an error, of every command, told once.
func TestFullOutput(t *testing.T) {
	c := newCluster(t)
	dir := t.TempDir()
	conf := filepath.Join(dir, "corosync.conf")
	if b, err := os.ReadFile("../explain/testdata/four.conf"); err != nil || os.WriteFile(conf, b, 0o600) != nil {
		t.Fatal(err)
	}
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte("status\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	state, sockets := "--state="+dir, "--sockets="+c.dir
	none := "--socket=" + filepath.Join(dir, "none")
	arbiter := serveTourist(t)
	calls := [][]string{
		{}, {"--help"}, {"--version"}, {"help"}, {"help", "corosync", "get"}, {"completion", "bash"},
		{"explain", conf}, {"explain", "--json", conf},
		{"sim", "../sim/testdata/s1.txt"}, {"sim", "--steps=1"}, {"sim", "--steps=1", "--json"},
		{"lab", "--script", script},
		{"cert", "init", state}, {"cert", "show", state, "--node-dir", dir + "/none"}, {"cert", "show", "--json", state, "--node-dir", dir + "/none"},
		{"clusters", "--socket", arbiter}, {"clusters", "--json", "--socket", arbiter},
		{"status", sockets, none}, {"status", "--json", sockets, none}, {"status", "--watch", sockets, none},
		{"doctor", sockets, none, "--conf", conf}, {"doctor", "--json", sockets, none, "--conf", conf},
		{"corosync", "status", sockets}, {"corosync", "status", "--json", sockets},
		{"corosync", "members", sockets}, {"corosync", "members", "--json", sockets},
		{"corosync", "get", "totem.*", sockets}, {"corosync", "get", "--json", "totem.*", sockets}, {"corosync", "get", "totem.cluster_name", sockets},
		{"corosync", "reload", sockets}, {"corosync", "reload", "--json", sockets},
	}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		calls = append(calls, append(strings.Fields(cmd.CommandPath())[1:], "--help"))
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(newRoot())
	for _, args := range calls {
		if code, errs := callFull(t, append([]string{"quorate"}, args...)...); code != 1 || errs != "quorate: "+fullText {
			t.Errorf("quorate %s: exit %d, %q", strings.Join(args, " "), code, errs)
		}
	}
}

// TestFullOutputOfC: under the names of the C programs the exit codes of usage and
// version stay, and a status that got lost is one that was not had.
func TestFullOutputOfC(t *testing.T) {
	arbiter := serveTourist(t)
	for _, c := range []struct {
		code int
		args []string
	}{
		{0, []string{"corosync-qnetd", "-h"}}, {0, []string{"corosync-qnetd", "-v"}}, {0, []string{"corosync-qdevice", "-v"}},
		{1, []string{"corosync-qnetd-tool", "-h"}}, {1, []string{"corosync-qdevice-tool", "-h"}},
		{2, []string{"corosync-qnetd-tool", "-s", "-p", arbiter}}, {2, []string{"corosync-qnetd-tool", "-l", "-p", arbiter}},
		{0, []string{"corosync-qnetd-certutil", "-h"}}, {0, []string{"corosync-qdevice-net-certutil", "-h"}},
	} {
		if code, errs := callFull(t, c.args...); code != c.code || errs != c.args[0]+": "+fullText {
			t.Errorf("%s: exit %d, %q, want %d", strings.Join(c.args, " "), code, errs, c.code)
		}
	}
}

// TestHelpTopics: help of what exists, and misuse for what does not.
func TestHelpTopics(t *testing.T) {
	for args, want := range map[string]string{
		"bogus": `no command "bogus": quorate --help lists them`, "corosync bogus": `no command "bogus": quorate corosync --help lists them`,
		"status now": `no command "status now": quorate --help lists them`, "corosync get x": `no command "get x": quorate corosync --help lists them`,
		"bogus\x1b[31m": `no command "bogus\x1b[31m": quorate --help lists them`,
	} {
		if code, out, errs := call(append([]string{"quorate", "help"}, strings.Fields(args)...)...); code != 1 || out != "" || errs != "quorate: "+want+"\n" {
			t.Errorf("help %q: exit %d, %q, %q", args, code, out, errs)
		}
	}
	for _, topic := range []string{"", "status", "corosync", "corosync get", "help", "completion"} {
		code, out, errs := call(append([]string{"quorate", "help"}, strings.Fields(topic)...)...)
		asFlag := slices.Concat([]string{"quorate"}, strings.Fields(topic), []string{"--help"})
		if _, same, _ := call(asFlag...); code != 0 || errs != "" || out == "" || out != same {
			t.Errorf("help %s: exit %d, %q\n%s", topic, code, errs, out)
		}
	}
}

// TestClosedPipe: who reads the beginning only has read enough: nothing is said, and
// nothing is left behind.
func TestClosedPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	cmd := exec.Command("/proc/self/exe", "lab", "--script", "-")
	cmd.Env = append(os.Environ(), asQuorate+"=1", "TMPDIR="+tmp)
	var errOut bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("status\ndown 2\n"), w, &errOut
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := r.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Error(n, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its exit code says it
	if code := cmd.ProcessState.ExitCode(); code != 128+int(syscall.SIGPIPE) || errOut.Len() > 0 {
		t.Errorf("exit %d, %q", code, errOut.String())
	}
	empty(t, tmp)
}

// TestInterrupted: a command that waits for a file ends with the signal.
func TestInterrupted(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"explain", fifo}, {"sim", fifo}, {"lab", "--script", fifo}, {"cert", "trust", "--node-dir", fifo + "x", fifo}} {
		cmd := exec.Command("/proc/self/exe", args...)
		cmd.Env = append(os.Environ(), asQuorate+"=1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w, err := os.OpenFile(fifo, os.O_WRONLY, 0) // waits until it reads
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // its state says it
		if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || s.Signal() != syscall.SIGINT {
			t.Errorf("%v: %v", args, cmd.ProcessState)
		}
		_ = w.Close()
	}
}

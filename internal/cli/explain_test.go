// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/explain"
	"github.com/quorate/quorate/internal/sim"
)

// quorate runs a command line and returns what it printed and its exit code.
func quorate(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Main(t.Context(), append([]string{"quorate"}, args...), &out, &errs)
	return out.String(), errs.String(), code
}

const twoNodes = "../explain/testdata/two.conf"

func TestExplain(t *testing.T) {
	text, err := os.ReadFile(twoNodes)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../explain/testdata/two.txt")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("corosync.conf", text, 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, code := quorate(t, "explain", "corosync.conf")
	if code != 0 || errs != "" || out != string(want) {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}
	if all, _, code := quorate(t, "explain", "--all", "corosync.conf"); code != 0 || strings.Count(all, "\n") <= strings.Count(out, "\n") || strings.Contains(all, "--all") {
		t.Errorf("exit code %d\n%s", code, all)
	}
	out, _, code = quorate(t, "explain", "--json", "corosync.conf")
	var r explain.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || r.Expected != 3 || len(r.Cases) < 5 {
		t.Errorf("exit code %d, %v\n%s", code, err, out)
	}
}

// TestExplainInput: a file from standard input is explained as one with a name, whatever
// this machine is.
func TestExplainInput(t *testing.T) {
	text, err := os.ReadFile(twoNodes)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ input, want, fail string }{
		{string(text), "standard input: note: two nodes and a device", ""},
		{"totem {\n", "", "standard input:1: "},
		{strings.Repeat("# long\n", 1<<18), "", "standard input: "},
		{"", "", "standard input: "},
	} {
		var out bytes.Buffer
		root := newRoot()
		root.SetArgs([]string{"explain", "-"})
		root.SetIn(strings.NewReader(c.input))
		root.SetOut(&out)
		root.SetErr(&out)
		err := root.Execute()
		if c.fail == "" && (err != nil || !strings.Contains(out.String(), c.want)) {
			t.Errorf("%v\n%s", err, out.String())
		}
		if c.fail != "" && (err == nil || !strings.HasPrefix(err.Error(), c.fail) || strings.Contains(err.Error(), "this host")) {
			t.Errorf("%.30q: %v", c.input, err)
		}
	}
}

// TestExplainBesides: an error does not hide what else is wrong, which may be its cause.
func TestExplainBesides(t *testing.T) {
	good, err := os.ReadFile(twoNodes)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want, fail string }{
		{"    net {", "    nett {", "warning: nobody reads a section nett in a section\n    quorum.device\n    -> did you mean net?", "quorum.device.net.host is missing"},
		{"nodelist {", "nodlist {", "warning: nobody reads a section nodlist\n    -> did you mean nodelist?", "no nodelist"},
		{"provider: corosync_votequorum", "provider: cman\n  two_node: 1", "two_node with a device", "no quorum provider"},
	} {
		text := strings.Replace(string(good), c.from, c.to, 1)
		if text == string(good) {
			t.Fatalf("no %q", c.from)
		}
		file := filepath.Join(t.TempDir(), "corosync.conf")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Chdir(filepath.Dir(file))
		out, errs, code := quorate(t, "explain", "corosync.conf")
		if code != 1 || !strings.Contains(out, c.want) || strings.Contains(out, "given again") || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, c.fail) {
			t.Errorf("%s: exit code %d\n%s%s", c.to, code, out, errs)
		}
		if out, _, _ := quorate(t, "explain", "--json", "corosync.conf"); out != "" {
			t.Errorf("%s: --json prints\n%s", c.to, out)
		}
	}
}

func TestExplainErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	good, err := os.ReadFile(twoNodes)
	if err != nil {
		t.Fatal(err)
	}
	broken := write("broken", "totem {\n")
	both := write("both", strings.Replace(string(good), "provider: corosync_votequorum", "provider: corosync_votequorum\n  two_node: 1", 1))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{broken}, "quorate: " + broken + ":1: "},
		{[]string{both}, "quorate: " + both + ":21: two_node with a device: Corosync does not start"},
		{[]string{filepath.Join(dir, "none")}, "quorate: can't open "},
		{[]string{twoNodes, "--sbd", filepath.Join(dir, "none")}, "quorate: can't open "},
		{[]string{"one", "two"}, "quorate: \"one two\": usage: quorate explain [FILE] [flags]\n"},
	} {
		out, errs, code := quorate(t, append([]string{"explain"}, c.args...)...)
		if code != 1 || out != "" || !strings.HasPrefix(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit code %d\n%s%s", c.args, code, out, errs)
		}
	}
	sbd := write("sbd", "# x\nSBD_WATCHDOG_TIMEOUT=\"5\"\n")
	if out, _, code := quorate(t, "explain", twoNodes, "--sbd", sbd); code != 0 || !strings.Contains(out, "sbd resets a node after 5 s") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

func TestSim(t *testing.T) {
	out, errs, code := quorate(t, "sim", "--steps", "100000", "--nodes", "2", "--algorithm", "ffsplit", "--daemons", "mixed", "--json")
	var r sim.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || r.Steps < 100000 || r.ACKs == 0 {
		t.Errorf("exit code %d, %v, %s\n%s", code, err, errs, out)
	}
	again, _, _ := quorate(t, "sim", "--steps", "100000", "--nodes", "2", "--algorithm", "ffsplit", "--daemons", "mixed", "--json")
	if again != out {
		t.Error("equal flags play other histories")
	}
	out, errs, code = quorate(t, "sim", "--steps", "1000000", "--arbiter", "c", "--daemons", "c")
	if code != 1 || !strings.Contains(out, "VIOLATION") || !strings.Contains(errs, "broke a promise") {
		t.Errorf("C's rules: exit code %d, %s\n%s", code, errs, out)
	}
	const scenario = "../sim/testdata/s1.txt"
	want, err := os.ReadFile(scenario)
	if err != nil {
		t.Fatal(err)
	}
	if out, _, code := quorate(t, "sim", scenario); code != 0 || out != string(want) {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if out, _, code := quorate(t, "sim", scenario, "../sim/testdata/s1_c.txt"); code != 1 || !strings.Contains(out, "==> ../sim/testdata/s1_c.txt <==") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

func TestSimErrors(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.txt")
	if err := os.WriteFile(bad, []byte("cluster nodes=2\nup 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{bad}, "quorate: " + bad + ":2: up: there is no node \"3\": nodes are 1 to 2, and there is the arbiter\n"},
		{[]string{"--nodes", "1"}, "quorate: --nodes is 1: want 2 to 16\n"},
		{[]string{"--algorithm", "x"}, "quorate: --algorithm is \"x\": want ffsplit or lms\n"},
		{[]string{"--daemons", "x"}, "quorate: --daemons is \"x\": want go, c or mixed\n"},
		{[]string{"--arbiter", "x"}, "quorate: --arbiter is \"x\": want go or c\n"},
		{[]string{"--arbiter", "c", "--algorithm", "lms"}, "quorate: --arbiter c works with ffsplit only\n"},
		{[]string{"--steps", "0"}, "quorate: --steps is 0: want 1 or more\n"},
	} {
		if out, errs, code := quorate(t, append([]string{"sim"}, c.args...)...); code != 1 || out != "" || errs != c.want {
			t.Errorf("%v: exit code %d\n%s%s", c.args, code, out, errs)
		}
	}
}

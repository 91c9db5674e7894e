// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestMisuse: what can't be done is one line that says what is wanted, exit code 1,
// and no file.
func TestMisuse(t *testing.T) {
	four, err := filepath.Abs("../explain/testdata/four.conf")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, c := range []struct{ args, want string }{
		{"statsu", `no command "statsu": quorate --help lists them`},
		{"corosync bogus", `no command "bogus": quorate corosync --help lists them`},
		{"corosync --sockets /x bogus", `no command "bogus": quorate corosync --help lists them`},
		{"cert bogus", `no command "bogus": quorate cert --help lists them`},
		{"status now", `"now": usage: quorate status [flags]`},
		{"corosync get", "usage: quorate corosync get KEY | PREFIX* [flags]"},
		{"cert sign pve", `"pve": usage: quorate cert sign CLUSTER REQUEST [flags]`},
		{"clusters a b", `"a b": usage: quorate clusters [CLUSTER] [flags]`},
		{"lab --nodes x", `invalid argument "x" for "--nodes" flag: invalid syntax`},
		{"qnetd --port 70000", `invalid argument "70000" for "--port" flag: value out of range`},
		{"qnetd --max-clients -1", "--max-clients -1: want 0 or more"},
		{"qdevice --withdraw-time -1s", "--withdraw-time -1s: want 0 or longer"},
		{"completion nope", `no command "nope": quorate completion --help lists them`},
		{"completion bash nope", `"nope": usage: quorate completion bash`},
		{"qnetd --state=", "--state is empty: it is the directory of certificates and grants"},
		{"sim /dev/zero", "/dev/zero has more than 1048576 bytes"},
		{"explain --sbd /dev/zero " + four, "/dev/zero has more than 1048576 bytes"},
		{"cert frob --help", `no command "frob": quorate cert --help lists them`},
		{"cert --help frob", `no command "frob": quorate cert --help lists them`},
		{"frob -h", `no command "frob": quorate --help lists them`},
		{"frob --version", `no command "frob": quorate --help lists them`},
		{"help cert frob", `no command "frob": quorate cert --help lists them`},
		{"help frob --help", `no command "frob": quorate --help lists them`},
		{"cert sign a b c --help", `"a b c": usage: quorate cert sign CLUSTER REQUEST [flags]`},
		{"explain a b --help", `"a b": usage: quorate explain [FILE] [flags]`},
		{"qnetd --tls maybe", `--tls "maybe": want required, req (the same), on or off`},
		{"qnetd --tls ON", `--tls "ON": want required, req (the same), on or off`},
		{"cert init --state=", "--state is empty: it is the directory of an arbiter's certificates and grants"},
		{"cert trust --node-dir= f", "--node-dir is empty: it is the directory of a node's certificates"},
	} {
		code, out, errs := call(append([]string{"quorate"}, strings.Fields(c.args)...)...)
		if code != 1 || out != "" || errs != "quorate: "+c.want+"\n" {
			t.Errorf("%s: exit %d\n%s%s", c.args, code, out, errs)
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// everyCommand calls f with each command that has help.
func everyCommand(f func(c *cobra.Command)) {
	root := newRoot()
	root.InitDefaultCompletionCmd()
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		f(c)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
}

// TestBogusHelp: help on what does not exist is misuse, below every command and in
// every order; help on what exists is not, though its arguments are there already.
func TestBogusHelp(t *testing.T) {
	everyCommand(func(c *cobra.Command) {
		path := strings.Fields(c.CommandPath())
		bogus := []string{"bogus"}
		switch { // some take it for a cluster or a file
		case strings.Contains(c.Use, "..."):
			bogus = nil
		case strings.Contains(c.Use, " "):
			bogus = []string{"bogus", "bogus", "bogus"}
		}
		for _, flag := range []string{"--help", "-h"} {
			if code, out, errs := call(append(path, flag)...); code != 0 || errs != "" || !strings.Contains(out, "Usage:") {
				t.Errorf("%s %s: exit %d\n%s%s", c.CommandPath(), flag, code, out, errs)
			}
			if bogus == nil {
				continue
			}
			for _, args := range [][]string{append(bogus[:len(bogus):len(bogus)], flag), append([]string{flag}, bogus...)} {
				code, out, errs := call(append(path[:len(path):len(path)], args...)...)
				if code != 1 || out != "" || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "quorate: ") {
					t.Errorf("%s %q: exit %d\n%s%s", c.CommandPath(), args, code, out, errs)
				}
			}
		}
	})
	for _, args := range []string{"cert sign pve --help", "explain f --help", "clusters pve -h", "help cert"} {
		if code, out, errs := call(append([]string{"quorate"}, strings.Fields(args)...)...); code != 0 || errs != "" || out == "" {
			t.Errorf("%s: exit %d, %s", args, code, errs)
		}
	}
}

// TestGroupHelp: a command that is nothing but its subcommands prints its help.
func TestGroupHelp(t *testing.T) {
	for _, args := range [][]string{{"quorate"}, {"quorate", "cert"}, {"quorate", "corosync"}} {
		code, out, errs := call(args...)
		path := strings.Join(args, " ")
		if want := "\nUsage:\n  " + path + " [command]\n"; code != 0 || errs != "" || !strings.Contains(out, want) {
			t.Errorf("%s: exit %d, want %q in\n%s%s", path, code, want, out, errs)
		}
	}
}

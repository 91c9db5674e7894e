// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// longFlag is a flag in the list that --help prints.
var longFlag = regexp.MustCompile(`(?m)^ +(?:-\w, )?(--[a-z-]+)`)

// manOf is the page of each command; its subcommands stand in the same one.
var manOf = map[string][]string{
	"qnetd":    {"corosync-qnetd.8"},
	"qdevice":  {"corosync-qdevice.8"},
	"clusters": {"corosync-qnetd-tool.8"},
	"cert":     {"corosync-qnetd-certutil.8", "corosync-qdevice-net-certutil.8"},
	"corosync": {"quorate-corosync.8"},
	"status":   {"quorate-status.8"},
	"doctor":   {"quorate-doctor.8"},
	"explain":  {"quorate-explain.8"},
	"lab":      {"quorate-lab.8"},
	"sim":      {"quorate-sim.8"},
}

// TestManPages: each command has a manual page, and in it stand its subcommands and
// all of its flags.
func TestManPages(t *testing.T) {
	for _, cmd := range newRoot().Commands() {
		pages := manOf[cmd.Name()]
		if len(pages) == 0 {
			t.Errorf("quorate %s has no manual page", cmd.Name())
		}
		var text strings.Builder
		for _, p := range pages {
			b, err := os.ReadFile(filepath.Join("..", "..", "man", p))
			if err != nil {
				t.Fatal(err)
			}
			text.WriteString(strings.ReplaceAll(string(b), `\-`, "-"))
		}
		var check func(*cobra.Command)
		check = func(c *cobra.Command) {
			if !strings.Contains(text.String(), c.Name()) {
				t.Errorf("%v: no %s", pages, c.CommandPath())
			}
			for _, f := range longFlag.FindAllStringSubmatch(c.LocalFlags().FlagUsages(), -1) {
				if !strings.Contains(text.String(), f[1]) {
					t.Errorf("%v: %s %s is missing", pages, c.CommandPath(), f[1])
				}
			}
			for _, sub := range c.Commands() {
				check(sub)
			}
		}
		check(cmd)
	}
}

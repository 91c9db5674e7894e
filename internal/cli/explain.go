// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"quorate/corosync/conf"
	"quorate/internal/explain"
	"quorate/internal/limited"
)

// sbdFiles are where distributions keep sbd's settings.
var sbdFiles = []string{"/etc/default/sbd", "/etc/sysconfig/sbd"}

func newExplainCommand() *cobra.Command {
	var asJSON bool
	var sbd string
	cmd := &cobra.Command{
		Use:   "explain [FILE]",
		Short: "Say what happens when nodes, the arbiter or links are lost",
		Long: `Read a corosync.conf, by default that of this machine, and say what happens in each
case that matters: each node lost, the arbiter lost, each split, pairs of these,
and a cold boot with one node. For each part of the cluster: its votes, whether it
is quorate, after how long, and why. Below it stands what bites people.

The cases are played, not worked out: with the code that decides on real nodes.
Nothing is changed, and nothing need be running.

Exit codes: 0 if it was explained, 1 if the file can't be read, or Corosync or its
node daemon would not start with it.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, here := corosyncConf, true
			if len(args) == 1 {
				file, here = args[0], false
			}
			c, err := readCluster(file)
			if here && errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s is not there: this machine is no node of a cluster; quorate explain FILE explains another's", file)
			}
			if err != nil {
				return err
			}
			if err := addWatchdog(c, sbd, here); err != nil {
				return err
			}
			r, err := explain.Run(c)
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			out := cmd.OutOrStdout()
			text := explain.AppendText(nil, r, file, colour(out))
			if asJSON {
				if text, err = json.MarshalIndent(r, "", "  "); err != nil {
					return err
				}
				text = append(text, '\n')
			}
			_, err = out.Write(text)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&sbd, "sbd", "", "sbd's settings (default: this machine's, if its own file is explained)")
	return cmd
}

// readCluster reads a corosync.conf. Errors begin with the place: FILE:LINE.
func readCluster(file string) (*explain.Cluster, error) {
	f, err := conf.ReadFile(file)
	var c *explain.Cluster
	if err == nil {
		c, err = explain.Read(f)
	}
	var at *conf.Error
	switch {
	case err == nil:
		return c, nil
	case errors.As(err, &at) && at.Line > 0:
		return nil, fmt.Errorf("%s:%d: %s", file, at.Line, at.Text)
	case errors.As(err, &at):
		return nil, fmt.Errorf("%s: %s", file, at.Text)
	}
	return nil, err
}

// maxSBD is the most that sbd's settings may have, in bytes.
const maxSBD = 1 << 20

var watchdogLine = regexp.MustCompile(`(?m)^\s*SBD_WATCHDOG_TIMEOUT=["']?(\d{1,6})["']?\s*$`)

// addWatchdog looks at sbd's watchdog timeout: in a file that was named, which must
// be there, or in this machine's.
func addWatchdog(c *explain.Cluster, file string, here bool) error {
	files := sbdFiles
	switch {
	case file != "":
		files = []string{file}
	case !here:
		return nil
	}
	for _, name := range files {
		text, err := limited.ReadFile(name, maxSBD)
		if err != nil {
			if file != "" {
				return err
			}
			continue
		}
		if m := watchdogLine.FindSubmatch(text); m != nil {
			n, err := strconv.Atoi(string(m[1]))
			if err != nil {
				return fmt.Errorf("%s: SBD_WATCHDOG_TIMEOUT: %w", name, err)
			}
			c.WatchdogTimeout(time.Duration(n) * time.Second)
		}
	}
	return nil
}

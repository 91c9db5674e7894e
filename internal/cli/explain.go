// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/corosync/conf"
	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/explain"
	"github.com/quorate/quorate/internal/limited"
	"github.com/quorate/quorate/internal/status"
)

// sbdFiles are where distributions keep sbd's settings.
var sbdFiles = []string{"/etc/default/sbd", "/etc/sysconfig/sbd"}

func newExplainCommand() *cobra.Command {
	var asJSON, all bool
	var sbd string
	cmd := &cobra.Command{
		Use:   "explain [FILE]",
		Short: "Say what happens when nodes, the arbiter or links are lost",
		Long: `Read a corosync.conf and say who goes on when something is lost: a node, the
arbiter, the link between nodes, or two of these one after the other. It also says
what happens when a node starts alone after a power cut. Below the table are notes on
settings that do not do what people expect.

If you name no FILE, it reads /etc/corosync/corosync.conf; - is standard input. A
file that you name may belong to any cluster: this machine does not matter.

Each case is played in a simulator, with the code that decides on real nodes.
Nothing is changed, and nothing needs to be running.

Exit codes: 0 if the file was explained, 1 if it can't be read, or if Corosync or
its node daemon would not start with it.`,
		Example: `  quorate explain
  quorate explain --all /tmp/corosync.conf
  ssh pve1 cat /etc/pve/corosync.conf | quorate explain -`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, here := corosyncConf, true
			if len(args) == 1 {
				file, here = args[0], false
			}
			more := cmd.OutOrStdout()
			if asJSON {
				more = io.Discard
			}
			c, name, err := readCluster(file, cmd.InOrStdin(), more)
			if here && errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s is not there, so this machine is not a cluster node. %s", file, advice.NameAFile)
			}
			if err != nil {
				return err
			}
			if err := addWatchdog(c, sbd, here); err != nil {
				return err
			}
			r, err := explain.Run(c)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			out := cmd.OutOrStdout()
			if asJSON {
				return writeJSON(out, r)
			}
			_, err = out.Write(explain.AppendText(nil, r, explain.Options{File: name, All: all, Colour: colour(out)}))
			return err
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "print every case, with each side of a split")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, always with every case")
	cmd.Flags().StringVar(&sbd, "sbd", "", "read sbd's settings from this file (default: this machine's, but only with this machine's corosync.conf)")
	return cmd
}

// readCluster reads a corosync.conf, or standard input for "-", and returns what the
// file is called. Errors begin with the place: FILE:LINE. With an error it writes what else
// is wrong with the file, and for a file of an earlier Corosync the nodelist that such a
// file lacks.
func readCluster(file string, in io.Reader, out io.Writer) (c *explain.Cluster, name string, err error) {
	var f *conf.File
	if name = file; file == "-" {
		name = "standard input"
		var text []byte
		if text, err = io.ReadAll(io.LimitReader(in, conf.MaxSize+1)); err != nil {
			return nil, name, fmt.Errorf("%s: %w", name, err)
		}
		f, err = conf.Parse(text)
	} else {
		f, err = conf.ReadFile(file)
	}
	if err == nil {
		c, err = explain.Read(f)
	}
	var at *conf.Error
	if f != nil && errors.As(err, &at) {
		// The error is what counts, so it does not matter if this can't be written.
		_, _ = out.Write(explain.AppendAdvice(nil, explain.Besides(f, at), explain.Options{File: name, Colour: colour(out)}))
	}
	switch {
	case errors.As(err, &at) && at.Line > 0:
		err = fmt.Errorf("%s:%d: %s", name, at.Line, status.EscapeName(at.Text))
		_, _ = io.WriteString(out, draft(f)) // the error is what counts
	case errors.As(err, &at):
		err = fmt.Errorf("%s: %s", name, status.EscapeName(at.Text))
	}
	return c, name, err
}

// draft is the nodelist that a file for an earlier Corosync lacks, as far as it is known;
// empty for other files.
func draft(f *conf.File) string {
	if f == nil || len(f.Nodes()) > 0 {
		return ""
	}
	var b strings.Builder
	for _, p := range f.Lint() {
		for line := range strings.Lines(strings.ReplaceAll(p.Draft, "\t", "  ")) {
			if b.Len() == 0 {
				b.WriteString("# Fill in what is in capitals:\n")
			}
			b.WriteString(status.EscapeName(strings.TrimRight(line, "\r\n")) + "\n")
		}
	}
	return b.String()
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

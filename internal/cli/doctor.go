// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"quorate/internal/doctor"
	"quorate/internal/nodeconf"
	"quorate/internal/status"
)

// newDoctorCommand examines this node from end to end.
func newDoctorCommand() *cobra.Command {
	cfg := doctor.Config{ConfFile: "/etc/corosync/corosync.conf", Settings: nodeconf.DefaultSettings()}
	var asJSON bool
	var settings []string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Examine this node from its corosync.conf to its vote",
		Long: `Examine all that this node's part of the arbiter's vote depends on: corosync.conf, its
timers, names, the arbiter's port, TLS both ways, certificates and their end, the
clock, the node daemon, its registration and its vote. Each line says ok, note, warn
or FAIL, and below it what to do. Nothing is changed.

Exit codes: 0 nothing failed, 1 something did.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, arg := range settings {
				if err := applyNodeSettings(&cfg.Settings, arg); err != nil {
					return fmt.Errorf("--set %s: %w", arg, err)
				}
			}
			out := cmd.OutOrStdout()
			cfg.AskNode = func(ctx context.Context) (*status.QDevice, bool, error) { return askNode(ctx, cfg.Settings.SocketFile) }
			end := func() {}
			if !asJSON {
				cfg.Progress, cfg.Report, end = doctorPrinter(out)
			}
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			r := doctor.Run(ctx, cfg)
			end()
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("the examination was broken off: %w", err)
			}
			if asJSON {
				b, err := json.Marshal(r)
				if err != nil {
					return err
				}
				if _, err := out.Write(append(b, '\n')); err != nil {
					return err
				}
			}
			if !r.OK {
				return exitCode(1)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&asJSON, "json", false, "print JSON, on one line")
	f.StringVar(&cfg.ConfFile, "conf", cfg.ConfFile, "the file that Corosync reads")
	f.StringVar(&cfg.Settings.CertDir, "certs", cfg.Settings.CertDir, "the node daemon's certificates")
	f.StringVar(&cfg.Settings.SocketFile, "socket", cfg.Settings.SocketFile, "the node daemon's local socket")
	f.StringArrayVar(&settings, "set", nil, "a setting that the node daemon runs with (-S), as name=value; may be repeated")
	f.StringVar(&cfg.Corosync.Dir, "sockets", "", "directory of Corosync's sockets, if libqb was told to use one")
	return cmd
}

// doctorPrinter prints results as they come. On a terminal it shows meanwhile what is
// being looked at, until end.
func doctorPrinter(out io.Writer) (progress func(string), report func(doctor.Result), end func()) {
	painted := colour(out)
	clear := ""
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		clear = "\r\x1b[K"
		progress = func(check string) { fmt.Fprintf(out, "%s...   %s", clear, check) }
	}
	report = func(r doctor.Result) {
		fmt.Fprintf(out, "%s%s  %-14s  %s\n", clear, paintVerdict(r.Verdict, painted), r.Check, oneLine(r.Text))
		for _, do := range r.Do {
			fmt.Fprintf(out, "%22s%s\n", "", oneLine(do))
		}
	}
	return progress, report, func() { fmt.Fprint(out, clear) }
}

// oneLine makes any text fit for one line of a terminal.
func oneLine(s string) string {
	return status.EscapeName(strings.ReplaceAll(s, "\n", "; "))
}

func paintVerdict(v doctor.Verdict, painted bool) string {
	text := fmt.Sprintf("%-4s", v)
	colour := map[doctor.Verdict]string{doctor.OK: "32", doctor.Warn: "33", doctor.Fail: "31"}[v]
	if !painted || colour == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

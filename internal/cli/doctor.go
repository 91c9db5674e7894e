// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/internal/doctor"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/term"
)

// newDoctorCommand examines this machine from end to end: as a node, or as an arbiter.
func newDoctorCommand() *cobra.Command {
	d := doctorCommand{
		node:    doctor.Config{ConfFile: "/etc/corosync/corosync.conf", Settings: nodeconf.DefaultSettings()},
		arbiter: doctor.ArbiterConfig{Socket: qnetdSocket, Port: qnetdPort},
	}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Examine this machine: a node from its corosync.conf to its vote, or an arbiter",
		Long: `Check everything on this machine that the arbiter's vote depends on.

On a node: corosync.conf, its timers, names, the arbiter's port, TLS both ways,
certificates and when they end, the clock, the node daemon, its registration and
its vote. On an arbiter: its daemon, directory, certificates, register, port and
clusters. A machine with a corosync.conf is a node; one with an arbiter and no
corosync.conf is an arbiter. Use --arbiter to examine the arbiter of a machine that is both.

Each line says ok, note, warn or FAIL, and below it what to do. Nothing is changed.

Exit codes: 0 nothing failed, 1 something did.`,
		Example: `  quorate doctor
  quorate doctor --arbiter`,
		Args: cobra.NoArgs,
		RunE: d.run,
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&d.asJSON, "json", false, "print JSON, on one line")
	f.StringVar(&d.node.ConfFile, "conf", d.node.ConfFile, "the file that Corosync reads")
	f.StringVar(&d.node.Settings.CertDir, "certs", d.node.Settings.CertDir, "the node daemon's certificates")
	f.StringVar(&d.node.Settings.SocketFile, "socket", d.node.Settings.SocketFile, "the node daemon's local socket")
	f.StringArrayVar(&d.settings, "set", nil, "a setting that the node daemon runs with (-S), as name=value; may be repeated")
	f.StringVar(&d.node.Corosync.Dir, "sockets", "", "directory of Corosync's sockets, if libqb was told to use one")
	f.BoolVar(&d.asArbiter, "arbiter", false, "examine the arbiter of this machine")
	f.StringVar(&d.state, "state", stateDir, "the arbiter's directory of certificates and grants")
	f.StringVar(&d.arbiter.Socket, "arbiter-socket", d.arbiter.Socket, "the arbiter's local socket")
	return cmd
}

// doctorCommand is one call of quorate doctor.
type doctorCommand struct {
	node      doctor.Config
	arbiter   doctor.ArbiterConfig
	state     string
	settings  []string
	asArbiter bool
	asJSON    bool
}

func (d *doctorCommand) run(cmd *cobra.Command, _ []string) error {
	if err := emptyFlag(cmd, "state"); err != nil {
		return err
	}
	for _, arg := range d.settings {
		if err := applyNodeSettings(&d.node.Settings, arg); err != nil {
			return fmt.Errorf("--set %s: %w", arg, err)
		}
	}
	out := cmd.OutOrStdout()
	ctx, stop := untilSignal(cmd.Context())
	defer stop()
	d.arbiter.CertDir = certDirOf(d.state)
	asNode := cmd.Flags().Changed("conf") || cmd.Flags().Changed("sockets")
	if !d.asArbiter && !asNode && !isNode(d.node.ConfFile) && isArbiter(ctx, d.arbiter.Socket, d.arbiter.CertDir) {
		d.asArbiter = true
	}
	end := func() {}
	if !d.asJSON {
		if d.asArbiter {
			fmt.Fprintln(out, "This machine is an arbiter.")
		}
		var progress func(string)
		var report func(doctor.Result)
		progress, report, end = doctorPrinter(out)
		d.node.Progress, d.node.Report = progress, report
		d.arbiter.Progress, d.arbiter.Report = progress, report
	}
	r := d.examine(ctx)
	end()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("the examination was interrupted: %w", err)
	}
	if d.asJSON {
		if err := writeJSONLine(out, r); err != nil {
			return err
		}
	}
	if !r.OK {
		return exitCode(1)
	}
	return nil
}

func (d *doctorCommand) examine(ctx context.Context) *doctor.Report {
	if d.asArbiter {
		d.arbiter.Ask = func(ctx context.Context) (*status.QNetd, bool, error) { return queryArbiter(ctx, d.arbiter.Socket) }
		return doctor.RunArbiter(ctx, d.arbiter)
	}
	d.node.AskNode = func(ctx context.Context) (*status.QDevice, bool, error) {
		return askNode(ctx, d.node.Settings.SocketFile)
	}
	return doctor.Run(ctx, d.node)
}

// doctorPrinter prints results as they come. On a terminal it shows meanwhile what is
// being looked at, until end.
func doctorPrinter(out io.Writer) (progress func(string), report func(doctor.Result), end func()) {
	p := term.Painter(colour(out))
	clear := ""
	if isTerminal(out) && os.Getenv("TERM") != "dumb" {
		clear = "\r\x1b[K"
		progress = func(check string) { fmt.Fprintf(out, "%s...   %s", clear, check) }
	}
	report = func(r doctor.Result) {
		fmt.Fprintf(out, "%s%s  %-14s  %s\n", clear, paintVerdict(r.Verdict, p), r.Check, oneLine(r.Text))
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

func paintVerdict(v doctor.Verdict, p term.Painter) string {
	colours := map[doctor.Verdict]term.Colour{doctor.OK: term.Green, doctor.Warn: term.Yellow, doctor.Fail: term.Red}
	return p.Paint(colours[v], fmt.Sprintf("%-4s", v))
}

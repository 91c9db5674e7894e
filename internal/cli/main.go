// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/internal/fault"
)

// Main runs the command line args, whose first element is the name under which
// the program was called, and returns the exit code. ctx ends a daemon, as SIGINT and
// SIGTERM do.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		args = []string{"quorate"}
	}
	out, written := watch(stdout)
	prog := filepath.Base(args[0])
	if code, ok := personality(ctx, prog, args, out, stderr); ok {
		if written.err != nil && !errors.Is(written.err, syscall.EPIPE) {
			fmt.Fprintf(stderr, "%s: %s\n", prog, written.lost()) // the exit code is C's
		}
		return code
	}
	root := newRoot()
	var misused error
	root.SetHelpFunc(printHelp(root.HelpFunc(), &misused))
	root.SetArgs(args[1:])
	root.SetOut(out)
	root.SetErr(stderr)
	root.InitDefaultCompletionCmd() // or cobra adds it later, with its own idea of misuse
	if c, _, err := root.Find([]string{"completion"}); err == nil {
		plainMisuse(c)
	}
	addCompletions(root)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = misused
	}
	err = written.outcome(err)
	var code exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	}
	fmt.Fprintf(stderr, "quorate: %s\n", oneLine(fault.Words(err)))
	return 1
}

// personality runs the C program that prog is the name of, if it is one.
func personality(ctx context.Context, prog string, args []string, stdout, stderr io.Writer) (code int, ok bool) {
	switch prog {
	case qnetdName:
		return QNetd(ctx, prog, args[1:], stdout, stderr), true
	case qdeviceName:
		return QDevice(ctx, prog, args[1:], stdout, stderr), true
	case "corosync-qnetd-tool":
		return QNetdTool(prog, args[1:], plain{stdout}, plain{stderr}), true
	case "corosync-qdevice-tool":
		return QDeviceTool(prog, args[1:], plain{stdout}, plain{stderr}), true
	case "corosync-qnetd-certutil":
		return QNetdCertutil(scriptName(args[0]), args[1:], plain{stdout}, plain{stderr}), true
	case nodeCertutil:
		return QDeviceCertutil(ctx, scriptName(args[0]), args[1:], stdout, stderr), true
	}
	return 0, false
}

// untilSignal returns a context that ends with SIGINT, SIGTERM or a SIGHUP that nohup does
// not keep away, too: a node daemon whose terminal is closed takes its vote back. What has to tidy
// up asks for it, and what goes on until it is told to end. All else ends at once, as
// programs do: a command that waits for a file or a frozen daemon hears of no context.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	list := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	return signal.NotifyContext(ctx, list...)
}

// exitCode is an error that a command has already told; it sets the exit code.
type exitCode int

// Error implements error. It is never printed.
func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "quorate",
		Short: "A third vote for clusters with an even number of nodes",
		Long: `Quorate keeps a Corosync or Proxmox cluster with an even number of nodes quorate.
A daemon on each node asks the arbiter, which runs on a small extra machine. The
arbiter gives its one vote to one side.

Called as corosync-qnetd, corosync-qnetd-tool, corosync-qnetd-certutil,
corosync-qdevice, corosync-qdevice-tool or corosync-qdevice-net-certutil, it takes
the place of that program, with the same flags, files, output and exit codes.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newQNetdCommand(), newQDeviceCommand(), newClustersCommand(), newCertCommand(), newCorosyncCommand(), newStatusCommand(), newDoctorCommand())
	root.AddCommand(newSimCommand(), newExplainCommand(), newLabCommand(), newVersionCommand())
	plainMisuse(root)
	version := root.Flags().Bool("version", false, "print the version, on one line")
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		if !*version {
			return cmd.Help()
		}
		_, err := fmt.Fprintln(cmd.OutOrStdout(), thisVersion().short())
		return err
	}
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelpCommand())
	// A command with subcommands runs only to print its help.
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{if .Runnable}}", "{{if and .Runnable (not .HasAvailableSubCommands)}}", 1))
	return root
}

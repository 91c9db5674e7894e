// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/internal/node"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/status"
)

// newQDeviceCommand is the node daemon with long names for its options.
func newQDeviceCommand() *cobra.Command {
	s := nodeconf.DefaultSettings()
	var debug, withdraw bool
	var settings []string
	cmd := &cobra.Command{
		Use:   "qdevice",
		Short: "Run the node daemon, which gets the arbiter's vote for this node",
		Long: `Run the node daemon in the foreground and log to standard error.

It reads quorum.device of the running Corosync, asks the arbiter named there for
its vote, and casts the vote in Corosync's votequorum. However the daemon ends, it
takes its vote back. If it was killed, --withdraw does that.`,
		Example: `  quorate qdevice
  quorate qdevice --withdraw`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, arg := range settings {
				if err := applyNodeSettings(&s, arg); err != nil {
					return fmt.Errorf("--set %s: %w", arg, err)
				}
			}
			if s.WithdrawTime < 0 {
				return fmt.Errorf("--withdraw-time %s: want 0 or longer", s.WithdrawTime)
			}
			if withdraw {
				return withdrawVote(cmd, s)
			}
			level := new(slog.LevelVar)
			cfg := node.Config{Settings: s, Level: level}
			if debug {
				level.Set(slog.LevelDebug)
				cfg.Level = nil
			}
			log := newDaemonLog(cmd.ErrOrStderr(), "", level, node.LogQueueSize)
			if code := runQDevice(cmd.Context(), qb.Options{}, cfg, log); code != 0 {
				return exitCode(code)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&withdraw, "withdraw", false, "take back the vote of a daemon that was killed, and exit")
	f.StringVar(&s.SocketFile, "socket", s.SocketFile, "local socket for corosync-qdevice-tool")
	f.StringVar(&s.LockFile, "lock-file", s.LockFile, "pid file")
	f.DurationVar(&s.WithdrawTime, "withdraw-time", s.WithdrawTime, "how long the arbiter may be silent while Corosync waits; 0 waits as long as C does")
	f.StringArrayVar(&settings, "set", nil, "a setting of corosync-qdevice -S, as name=value; may be repeated")
	f.BoolVar(&debug, "debug", false, "log at level debug, whatever logging.debug says")
	return cmd
}

// withdrawVote is --withdraw.
func withdrawVote(cmd *cobra.Command, s nodeconf.Settings) error {
	done, err := node.Withdraw(cmd.Context(), qb.Options{}, s.DeviceName, s.LockFile)
	switch {
	case err != nil:
		return fmt.Errorf("can't take the vote back: %w", err)
	case done:
		fmt.Fprintf(cmd.OutOrStdout(), "quorum device %s unregistered\n", status.EscapeName(s.DeviceName))
	default:
		fmt.Fprintln(cmd.OutOrStdout(), "no quorum device is registered: nothing to take back")
	}
	return nil
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/internal/arbiter"
	"github.com/quorate/quorate/internal/wire"
)

// stateDir is where an arbiter keeps its state unless told otherwise.
const stateDir = "/etc/corosync/qnetd"

// certDirOf returns the directory of certificates within a state directory:
// that of the C daemon, so that both names find the same files.
func certDirOf(state string) string { return filepath.Join(state, "nssdb") }

// newQNetdCommand is the arbiter with long names for its options.
func newQNetdCommand() *cobra.Command {
	cfg := qnetdDefaults()
	var state, tlsMode string
	var debug bool
	var hold, probe time.Duration
	var settings []string
	cmd := &cobra.Command{
		Use:   "qnetd",
		Short: "Run the arbiter",
		Long: `Run the arbiter in the foreground and log to standard error.

The first start sets up an empty state directory: a CA, a server certificate and
the register of grants. Nodes have to use TLS, with a certificate that this CA has
signed for their cluster's name (see: quorate cert sign).`,
		Example: `  quorate qnetd --state /var/lib/quorate
  quorate qnetd --listen 192.0.2.5 --listen 2001:db8::5`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := emptyFlag(cmd, "state")
			if err != nil {
				return err
			}
			if cfg.Machine.MaxClients < 0 {
				return fmt.Errorf("--max-clients %d: want 0 or more", cfg.Machine.MaxClients)
			}
			if !slices.Contains(tlsWords, tlsMode) {
				return fmt.Errorf("--tls %q: want required, req (the same), on or off", tlsMode)
			}
			if cfg.Machine.TLS, err = parseTLS(tlsMode); err != nil {
				return err
			}
			cfg.CertDir = certDirOf(state)
			cfg.Store = arbiter.GrantsFile(cfg.CertDir)
			if cmd.Flags().Changed("hold-time") {
				cfg.Machine.HoldTime = hold
			}
			cfg.Machine.ProbeTime = probe
			if hold < 0 || probe < time.Millisecond {
				return fmt.Errorf("--hold-time must be 0 or longer and --probe-time at least 1ms")
			}
			for _, s := range settings {
				if err := applySettings(&cfg, s, func(name string) {
					fmt.Fprintf(cmd.ErrOrStderr(), "quorate: option %s has no effect any more\n", name)
				}); err != nil {
					return fmt.Errorf("--set %s: %w", s, err)
				}
			}
			level := slog.LevelInfo
			if debug {
				level = slog.LevelDebug
			}
			log := newDaemonLog(cmd.ErrOrStderr(), "", level, arbiter.LogQueueSize)
			if code := runQNetd(cmd.Context(), cfg, log); code != 0 {
				return exitCode(code)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&state, "state", stateDir, "directory of certificates and grants")
	f.StringArrayVar(&cfg.Hosts, "listen", nil, "address to listen on; may be repeated (default: every address)")
	f.Uint16Var(&cfg.Port, "port", qnetdPort, "TCP port")
	f.StringVar(&tlsMode, "tls", wireTLSName(cfg.Machine.TLS), "required, or req for short; on (also takes plaintext); or off")
	f.BoolVar(&cfg.Machine.ClientCertRequired, "client-cert", true, "over TLS, require a certificate for the cluster's name")
	f.IntVar(&cfg.Machine.MaxClients, "max-clients", 0, "how many nodes may be connected at once; 0 means no limit")
	f.DurationVar(&hold, "hold-time", 0, "how long a silent node keeps its vote; 0 gives it away at once (default: worked out for each node)")
	f.DurationVar(&probe, "probe-time", cfg.Machine.ProbeTime, "how long a node may take to answer before the arbiter decides without it")
	f.StringVar(&cfg.Control.Path, "socket", qnetdSocket, "local socket for quorate clusters and corosync-qnetd-tool")
	f.StringVar(&cfg.LockFile, "lock-file", qnetdLockFile, "pid file")
	f.StringArrayVar(&settings, "set", nil, "a setting of corosync-qnetd -S, as name=value; may be repeated")
	f.BoolVar(&debug, "debug", false, "log every decision and every refused message")
	return cmd
}

// tlsWords are what --tls takes.
var tlsWords = []string{"required", "req", "on", "off"}

func wireTLSName(t wire.TLSSupport) string {
	switch t {
	case wire.TLSRequired:
		return "required"
	case wire.TLSSupported:
		return "on"
	}
	return "off"
}

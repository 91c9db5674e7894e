// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/node"
	"github.com/quorate/quorate/internal/nodeconf"
)

const qdeviceName = "corosync-qdevice"

const qdeviceUsage = "usage: corosync-qdevice [-dfhv] [-S option=value[,option2=value2,...]]\n"

// qdeviceArgs is what the command line of corosync-qdevice asked for.
type qdeviceArgs struct {
	daemonArgs
	settings nodeconf.Settings
}

// parseQDevice parses the command line of corosync-qdevice.
func parseQDevice(args []string) (*qdeviceArgs, error) {
	q := &qdeviceArgs{settings: nodeconf.DefaultSettings()}
	opts, _, misuse := getopt(args, "dfhvS:", true)
	for _, o := range opts {
		switch o.Letter {
		case 'd':
			q.debug++
		case 'f':
			q.foreground = true
		case 'S':
			if err := applyNodeSettings(&q.settings, o.Arg); err != nil {
				return nil, err
			}
		case 'v':
			q.print = "Corosync Qdevice, version '" + CompatVersion + "'\n"
			return q, nil
		case 'h':
			q.print = qdeviceUsage
			return q, nil
		}
	}
	if misuse != nil {
		return nil, misuse
	}
	return q, nil
}

// nodeControl is the local socket that the settings ask for; applyNodeSettings has
// checked them.
func nodeControl(s *nodeconf.Settings) daemon.ControlConfig {
	c := daemon.ControlConfig{Path: s.SocketFile, Options: control.ListenOptions{GID: -1, Backlog: s.Backlog}, Limits: control.NodeLimits()}
	c.Limits.MaxClients, c.Limits.MaxReceive, c.Limits.MaxSend = s.MaxClients, s.MaxReceive, s.MaxSend
	if n, err := strconv.ParseUint(s.SocketUmask, 8, 32); err == nil {
		c.Options.SetUmask, c.Options.Umask = true, uint32(n)
	}
	if gid, err := groupID(s.SocketGroup); err == nil {
		c.Options.GID = gid
	}
	return c
}

// applyNodeSettings applies one argument of -S: name=value[,name=value...], up to
// the first empty name; a comma can't be escaped. Both are as in C.
func applyNodeSettings(s *nodeconf.Settings, arg string) error {
	for part := range strings.SplitSeq(arg, ",") {
		name, value, _ := strings.Cut(part, "=")
		if name == "" {
			return nil
		}
		err := s.Set(name, value)
		if err == nil {
			_, err = groupID(s.SocketGroup)
		}
		switch {
		case errors.Is(err, nodeconf.ErrUnknownSetting):
			return errors.New("Unknown option '" + name + "'") //nolint:staticcheck // the C daemon's words
		case err != nil:
			return errors.New("Invalid value '" + value + "' for option '" + name + "'") //nolint:staticcheck // likewise
		}
	}
	return nil
}

// QDevice is corosync-qdevice: the same flags, settings and exit codes as the C
// daemon. Without -f it runs in the background and logs to syslog only.
func QDevice(ctx context.Context, prog string, args []string, stdout, stderr io.Writer) int {
	return qdevice(ctx, qb.Options{}, prog, args, stdout, stderr)
}

// qdevice is QDevice over the Corosync that o reaches.
func qdevice(ctx context.Context, o qb.Options, prog string, args []string, stdout, stderr io.Writer) int {
	q, err := parseQDevice(args)
	if err != nil {
		return refuseArgs(prog, qdeviceUsage, err, stdout, stderr)
	}
	if code, ended := q.begin(stdout, stderr); ended {
		return code
	}
	level := new(slog.LevelVar)
	if q.debug > 0 {
		level.Set(slog.LevelDebug)
	}
	log := newDaemonLog(stderr, qdeviceName, level, node.LogQueueSize)
	cfg := node.Config{Settings: q.settings, Level: level}
	if q.debug > 0 {
		cfg.Level = nil // -d is stronger than logging.debug
	}
	if q.debug > 1 {
		log.bump()
	}
	if !q.foreground {
		cfg.OnReady = func() { log.mute(); daemon.ReleaseTerminal() }
	}
	return runQDevice(ctx, o, cfg, log)
}

// gcPercent lets the collector start at a heap of 1 MiB in place of 4: the node daemon
// needs less than that, and hardly ever allocates.
const gcPercent = 25

// runQDevice runs the daemon, whose log it closes, over the Corosync that o reaches and
// returns its exit code.
func runQDevice(ctx context.Context, o qb.Options, cfg node.Config, log *daemonLog) int {
	defer surviveClosedPipes()() // until the log has written what was left
	defer log.close()
	ctx, stop := untilSignal(ctx)
	defer stop()
	cfg.Log = log.Logger
	cfg.NotifySocket = os.Getenv("NOTIFY_SOCKET")
	debug.SetGCPercent(gcPercent)
	cfg.Trim = daemon.TrimMemory
	cfg.Control = nodeControl(&cfg.Settings)
	cfg.Engine = func(ctx context.Context) (node.Engine, error) {
		return node.OpenCorosync(ctx, o, cfg.Settings.MaxTryAgain, cfg.Log)
	}
	if err := node.Run(ctx, cfg); err != nil {
		cfg.Log.Error(fault.Words(err))
		return 1
	}
	return 0
}

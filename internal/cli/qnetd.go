// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"

	"github.com/quorate/quorate/internal/arbiter"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/wire"
	"github.com/quorate/quorate/internal/words"
)

// Where the C daemon keeps its things.
const (
	qnetdName     = "corosync-qnetd"
	qnetdPort     = 5403
	qnetdCertDir  = "/etc/corosync/qnetd/nssdb"
	qnetdLockFile = "/var/run/corosync-qnetd/corosync-qnetd.pid"
	qnetdSocket   = "/var/run/corosync-qnetd/corosync-qnetd.sock"
)

const qnetdUsage = `usage: corosync-qnetd [-46dfhv] [-l listen_addr] [-p listen_port] [-s tls]
              [-c client_cert_required] [-m max_clients] [-S option=value[,option2=value2,...]]
`

// qnetdDefaults returns the configuration of a daemon without options.
func qnetdDefaults() arbiter.Config {
	return arbiter.Config{
		Machine:   qnetd.Defaults(),
		Network:   "tcp",
		Port:      qnetdPort,
		SendQueue: 32,
		CertDir:   qnetdCertDir,
		Store:     arbiter.GrantsFile(qnetdCertDir),
		LockFile:  qnetdLockFile,
		Control: daemon.ControlConfig{
			Path:    qnetdSocket,
			Options: control.ListenOptions{GID: -1, Backlog: 10},
			Limits:  control.DefaultLimits(),
		},
	}
}

// qnetdArgs is what the command line of corosync-qnetd asked for.
type qnetdArgs struct {
	daemonArgs
	cfg arbiter.Config
}

// parseQNetd parses the command line of corosync-qnetd. What it says of a
// deprecated name goes to stderr.
func parseQNetd(prog string, args []string, stderr io.Writer) (*qnetdArgs, error) {
	q := &qnetdArgs{cfg: qnetdDefaults()}
	opts, _, misuse := getopt(args, "46dfhvc:l:m:p:S:s:", true)
	for _, o := range opts {
		if err := q.option(prog, o, stderr); err != nil {
			return nil, err
		}
		if q.print != "" {
			return q, nil
		}
	}
	if misuse != nil {
		return nil, misuse
	}
	return q, nil
}

func (q *qnetdArgs) option(prog string, o option, stderr io.Writer) (err error) {
	cfg := &q.cfg
	switch o.Letter {
	case '4':
		cfg.Network = "tcp4"
	case '6':
		cfg.Network = "tcp6"
	case 'f':
		q.foreground = true
	case 'd':
		q.debug++
	case 'c':
		on, ok := words.Switch(o.Arg)
		if cfg.Machine.ClientCertRequired = on; !ok {
			return errors.New("client_cert_required should be on/yes/1, off/no/0")
		}
	case 'l':
		cfg.Hosts = append(cfg.Hosts, o.Arg)
	case 'm':
		n, ok := words.Number(o.Arg, 0, 1<<62)
		if !ok {
			return fmt.Errorf("max clients value %s is invalid", o.Arg)
		}
		cfg.Machine.MaxClients = nodeconf.Saturate[int](n)
	case 'p':
		n, ok := words.Number(o.Arg, 1, 65535)
		if !ok {
			return errors.New("host port must be in range 1-65535")
		}
		cfg.Port = uint16(n)
	case 'S':
		return applySettings(cfg, o.Arg, func(name string) {
			fmt.Fprintf(stderr, "%s: Option '%s' is deprecated and has no effect anymore\n", prog, name)
		})
	case 's':
		if cfg.Machine.TLS, err = parseTLS(o.Arg); err != nil {
			return err
		}
	case 'v':
		q.print = qnetdVersion()
	case 'h':
		q.print = qnetdUsage
	}
	return nil
}

// parseTLS parses the argument of -s. C's manual page says "required" and C's
// program takes only "req" (Q4): we take both.
func parseTLS(text string) (wire.TLSSupport, error) {
	switch strings.ToLower(text) {
	case "on":
		return wire.TLSSupported, nil
	case "off":
		return wire.TLSUnsupported, nil
	case "req", "required":
		return wire.TLSRequired, nil
	}
	return 0, errors.New("tls must be one of on, off, req")
}

// qnetdVersion prints what the C daemon prints for -v, with our version behind
// that of the C release whose behaviour we follow.
func qnetdVersion() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Corosync Qdevice Network Daemon, version '%s'\n\nSupported algorithms: ", CompatVersion)
	for a := qnet.Test; a <= qnet.LMS; a++ {
		if a != qnet.Test {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s (%d)", a, a)
	}
	b.WriteString("\nSupported message types: ")
	for i, t := range wire.SupportedMessages() {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s (%d)", wire.MessageType(t), t)
	}
	b.WriteString("\n")
	return b.String()
}

// QNetd is corosync-qnetd: the same flags, settings and exit codes as the C
// daemon. Without -f it runs in the background and logs to syslog only.
func QNetd(ctx context.Context, prog string, args []string, stdout, stderr io.Writer) int {
	q, err := parseQNetd(prog, args, stderr)
	if err != nil {
		return refuseArgs(prog, qnetdUsage, err, stdout, stderr)
	}
	if code, ended := q.begin(stdout, stderr); ended {
		return code
	}
	level := slog.LevelInfo
	if q.debug > 0 {
		level = slog.LevelDebug
	}
	log := newDaemonLog(stderr, qnetdName, level, arbiter.LogQueueSize)
	// Under C's name only: the C daemon never writes to its directory, wherever
	// that is. Who gives ours a --state wants its record there.
	q.cfg.Standby = arbiter.StandbyDir(q.cfg.LockFile)
	if !q.foreground {
		q.cfg.OnReady = func() { log.mute(); daemon.ReleaseTerminal() }
	}
	return runQNetd(ctx, q.cfg, log)
}

// arbiterGCPercent lets the arbiter collect garbage half as often as usual. A
// burst of splits makes much of it, and there is memory enough: see docs/performance.md.
const arbiterGCPercent = 200

// runQNetd runs the daemon, whose log it closes, and returns its exit code.
func runQNetd(ctx context.Context, cfg arbiter.Config, log *daemonLog) int {
	defer surviveClosedPipes()() // until the log has written what was left
	defer log.close()
	ctx, stop := untilSignal(ctx)
	defer stop()
	cfg.Log = log.Logger
	debug.SetGCPercent(arbiterGCPercent)
	cfg.Cores = useCores
	cfg.NotifySocket = os.Getenv("NOTIFY_SOCKET")
	if err := arbiter.Run(ctx, cfg); err != nil {
		cfg.Log.Error(fault.Words(err))
		return 1
	}
	return 0
}

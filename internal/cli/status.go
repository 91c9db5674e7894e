// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/corosync/qb"
	live "github.com/quorate/quorate/internal/cluster"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/outlook"
	"github.com/quorate/quorate/internal/status"
)

// notQuorate is the exit code of a node without quorum, as pvecm status has it.
const notQuorate exitCode = 2

// newStatusCommand tells all about the quorum of this node.
func newStatusCommand() *cobra.Command {
	s := statusCommand{
		socket: nodeconf.DefaultSettings().SocketFile, now: time.Now,
		confFile: "/etc/corosync/corosync.conf", arbiter: qnetdSocket, arbiterCerts: qnetdCertDir,
	}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say whether this node is quorate, why, and what happens if you lose a node now",
		Long: `Say whether this node is quorate, what is wrong and what to do about it, who has
which votes, and what happens if you lose this node, another one or the arbiter now.
The output of pvecm status comes last. It works with quorate's node daemon and with
Corosync's own, which gives no reasons.

If the output is not a terminal, the output of pvecm status comes first, for scripts.
On an arbiter it shows the arbiter's clusters.

Exit codes: 0 quorate, 2 not quorate, 1 error.`,
		Example: `  quorate status
  quorate status --watch
  quorate status --pvecm`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s.out = cmd.OutOrStdout()
			return s.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&s.watch, "watch", false, "go on, and show every change")
	f.BoolVar(&s.json, "json", false, "print JSON, on one line")
	f.BoolVar(&s.pvecm, "pvecm", false, "print only what pvecm status prints")
	f.StringVar(&s.socket, "socket", s.socket, "the node daemon's local socket")
	f.StringVar(&s.corosync.Dir, "sockets", "", "directory of Corosync's sockets, if libqb was told to use one")
	cmd.MarkFlagsMutuallyExclusive("json", "pvecm")
	return cmd
}

// statusCommand is one call of quorate status.
type statusCommand struct {
	watch, json bool
	pvecm       bool
	socket      string
	corosync    qb.Options
	out         io.Writer
	now         func() time.Time

	// By these an arbiter is told from a node: see withoutCorosync.
	confFile, arbiter, arbiterCerts string
}

func (s *statusCommand) run(ctx context.Context) error {
	if s.watch {
		return s.follow(ctx)
	}
	ctx, cancel := patient(ctx)
	defer cancel()
	c, err := live.Open(ctx, s.corosync)
	if err != nil {
		return s.withoutCorosync(ctx, corosyncError(err))
	}
	defer c.Close()
	r, err := s.report(ctx, c)
	if err != nil {
		return err
	}
	b, err := s.render(r)
	if err != nil {
		return err
	}
	if _, err := s.out.Write(b); err != nil {
		return err
	}
	return quorateError(r.Quorum.Quorate)
}

func quorateError(quorate bool) error {
	if quorate {
		return nil
	}
	return notQuorate
}

func (s *statusCommand) render(r *status.Report) ([]byte, error) {
	switch width, terminal := terminalWidth(s.out); {
	case s.json:
		return status.AppendReportJSON(nil, r)
	case s.pvecm:
		return status.AppendQuorum(nil, r.Quorum, r.At), nil
	case terminal:
		return status.AppendOverview(nil, r, colour(s.out), width), nil
	}
	return status.AppendReport(nil, r, false), nil
}

// report asks everybody on this machine.
func (s *statusCommand) report(ctx context.Context, c *live.Client) (*status.Report, error) {
	q, err := c.Quorum(ctx)
	if err != nil {
		return nil, corosyncError(err)
	}
	r := &status.Report{At: s.now().Round(0), Quorum: q}
	r.Daemon, r.DaemonIsC, err = askNode(ctx, s.socket)
	if err != nil {
		r.DaemonError, r.DaemonHidden = fault.Words(err), errors.Is(err, fs.ErrPermission)
	}
	outlook.Complete(r)
	return r, nil
}

// nodePatience is how long a node daemon may take to answer.
const nodePatience = 5 * time.Second

// dialError is why the node daemon can't be asked.
type dialError struct{ err error }

func (e dialError) Error() string {
	switch {
	case errors.Is(e.err, fs.ErrNotExist), errors.Is(e.err, syscall.ECONNREFUSED):
		return "it does not run"
	case errors.Is(e.err, fs.ErrPermission):
		return "only root may ask it"
	}
	return strerror(e.err)
}

func (e dialError) Unwrap() error { return e.err }

// askNode gets a snapshot from the node daemon behind a socket, and tells whether it
// is Corosync's own.
func askNode(ctx context.Context, socket string) (s *status.QDevice, isC bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, nodePatience)
	defer cancel()
	ask := func(command string) ([]byte, error) {
		c, err := control.Dial(ctx, socket)
		if err != nil {
			return nil, dialError{err}
		}
		text, err := control.Ask(ctx, c, command)
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
			return text, fmt.Errorf("it runs, but has said nothing for %d s: it is stopped, or hangs", nodePatience/time.Second)
		}
		return text, err
	}
	text, err := ask("json")
	var refused control.DaemonError
	if err == nil {
		s = new(status.QDevice)
		if err := json.Unmarshal(text, s); err != nil {
			return nil, false, fmt.Errorf("its answer can't be read: %w", err)
		}
		return s, false, nil
	}
	if !errors.As(err, &refused) {
		return nil, false, err
	}
	if !strings.HasPrefix(string(refused), "Unknown command") {
		return nil, false, errors.New(strings.TrimSpace(status.EscapeText(string(refused))))
	}
	if text, err = ask("status verbose"); err != nil {
		return nil, true, err
	}
	s, err = status.ParseQDevice(string(text), time.Local)
	return s, true, err
}

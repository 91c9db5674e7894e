// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/daemon/daemontest"
)

// hangingOutputs are outputs that take nothing for as long as the test runs.
func hangingOutputs(t *testing.T) map[string]slog.Handler {
	t.Helper()
	w, sys := daemontest.HangingOutputs(t)
	return map[string]slog.Handler{"stderr": daemon.NewLogHandler(w, nil, slog.LevelDebug), "syslog": daemon.NewLogHandler(nil, sys, slog.LevelDebug)}
}

// TestLogHangs: a node daemon one of whose outputs takes nothing registers, polls, answers and
// unregisters.
func TestLogHangs(t *testing.T) {
	for name, hangs := range hangingOutputs(t) {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t, 1, "127.0.0.1:1", t.TempDir())
			m.cmap.Set("quorum.device.net.tls", cmap.StringValue("off"))
			q := daemon.NewLogQueue(LogQueueSize, m.cfg.Log.Handler(), hangs)
			m.cfg.Log = slog.New(q)
			daemontest.Within(t, daemontest.AnswerTime, "the start", m.start)
			daemontest.Within(t, daemontest.AnswerTime, "the status", func() { m.ask("status") })
			m.await("the line of the other output", func() bool { return strings.Contains(m.log.String(), "event=registered") })
			daemontest.Within(t, daemontest.AnswerTime, "the end", func() { m.stop(); q.Close() })
		})
	}
}

// TestSystemdHangs: a notify socket that is full keeps a node daemon neither from its start nor
// from its end.
func TestSystemdHangs(t *testing.T) {
	m := newMachine(t, 1, "127.0.0.1:1", t.TempDir())
	m.cmap.Set("quorum.device.net.tls", cmap.StringValue("off"))
	m.cfg.NotifySocket = daemontest.FullSocket(t).LocalAddr().String()
	daemontest.Within(t, daemontest.AnswerTime, "the start", m.start)
	daemontest.Within(t, daemontest.AnswerTime, "the end", m.stop)
}

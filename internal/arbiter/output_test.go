// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"log/slog"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/daemon/daemontest"
)

// hangingOutputs are outputs that take nothing for as long as the test runs.
func hangingOutputs(t *testing.T) map[string]slog.Handler {
	t.Helper()
	w, sys := daemontest.HangingOutputs(t)
	return map[string]slog.Handler{"stderr": daemon.NewLogHandler(w, nil, slog.LevelDebug), "syslog": daemon.NewLogHandler(nil, sys, slog.LevelDebug)}
}

// TestLogHangs: an arbiter one of whose outputs takes nothing serves its clients,
// answers for its status, and ends; the other output has all its lines.
func TestLogHangs(t *testing.T) {
	for name, hangs := range hangingOutputs(t) {
		t.Run(name, func(t *testing.T) {
			var q *daemon.LogQueue
			a := startArbiter(t, func(cfg *Config) {
				q = daemon.NewLogQueue(LogQueueSize, cfg.Log.Handler(), hangs)
				cfg.Log = slog.New(q)
			})
			p := a.dial(t)
			daemontest.Within(t, daemontest.AnswerTime, "a vote", func() {
				p.enter(1, whole, 1, 2)
				p.vote()
				p.echo()
			})
			daemontest.Within(t, daemontest.AnswerTime, "the status", func() { askStatus(t, a) })
			a.logs(t, "event=ready", "event=client_connected")
			daemontest.Within(t, daemontest.AnswerTime, "the end", func() {
				if err := a.stop(); err != nil {
					t.Error(err)
				}
				q.Close()
			})
		})
	}
}

// TestHandlerHangs: the daemon keeps its own loop free, whatever handler it is given.
func TestHandlerHangs(t *testing.T) {
	a := startArbiter(t, func(cfg *Config) { cfg.Log = slog.New(hangingOutputs(t)["stderr"]) })
	p := a.dial(t)
	daemontest.Within(t, daemontest.AnswerTime, "an echo", func() { p.join("prod", 1, whole); p.echo() })
	daemontest.Within(t, daemontest.AnswerTime, "the end", func() { _ = a.stop() })
}

// TestSystemdHangs: a notify socket that is full keeps the arbiter neither from its work nor
// from its end.
func TestSystemdHangs(t *testing.T) {
	path := daemontest.FullSocket(t).LocalAddr().String()
	a := startArbiter(t, func(cfg *Config) { cfg.NotifySocket = path })
	p := a.dial(t)
	daemontest.Within(t, daemontest.AnswerTime, "an echo", func() { p.join("prod", 1, whole); p.echo() })
	daemontest.Within(t, daemontest.AnswerTime, "the end", func() {
		if err := a.stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestReadyLate: a systemd that was busy is told as soon as it listens.
func TestReadyLate(t *testing.T) {
	l := daemontest.FullSocket(t)
	startArbiter(t, func(cfg *Config) { cfg.NotifySocket = l.LocalAddr().String() })
	b := make([]byte, 100)
	for _ = l.SetReadDeadline(time.Now().Add(20 * time.Second)); ; {
		n, err := l.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		if string(b[:n]) == "READY=1" {
			return
		}
	}
}

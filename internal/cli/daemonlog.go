// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"io"
	"log/slog"
	"log/syslog"
	"os"
	"os/signal"
	"syscall"

	"github.com/quorate/quorate/internal/daemon"
)

// daemonLog is where a daemon logs to. Standard error and syslog each have a queue: one
// that hangs keeps back neither the daemon nor the other.
type daemonLog struct {
	*slog.Logger
	queue  *daemon.LogQueue
	stream *daemon.LogHandler
	syslog *daemon.LogHandler // nil: none
}

// newDaemonLog logs lines of at least level to stderr, and to syslog under the name
// ident, if there is a name. Each queue has room for so many bytes.
func newDaemonLog(stderr io.Writer, ident string, level slog.Leveler, limit int) *daemonLog {
	l := &daemonLog{stream: daemon.NewLogHandler(stderr, nil, level)}
	outs := []slog.Handler{l.stream}
	f, isFile := stderr.(*os.File)
	journal := isFile && daemon.ToJournal(f, os.Getenv("JOURNAL_STREAM"))
	if journal {
		l.stream.Journal()
	}
	if ident != "" {
		if sys, err := syslog.New(syslog.LOG_DAEMON|syslog.LOG_INFO, ident); err == nil { // none in a container
			l.syslog = daemon.NewLogHandler(nil, sys, level)
			l.syslog.Hush(journal) // syslog is the journal, too: each line would be there twice
			outs = append(outs, l.syslog)
		}
	}
	l.queue = daemon.NewLogQueue(limit, outs...)
	l.Logger = slog.New(l.queue)
	return l
}

// bump lets debug lines be informational ones in syslog.
func (l *daemonLog) bump() {
	if l.syslog != nil {
		l.syslog.Bump()
	}
}

// mute ends the writing to standard error; syslog goes on.
func (l *daemonLog) mute() {
	l.queue.Flush()
	if l.stream.Mute(); l.syslog != nil {
		l.syslog.Hush(false)
	}
}

// close writes what is left, but does not wait for long.
func (l *daemonLog) close() { l.queue.Close() }

// surviveClosedPipes lets a write to a standard error that nobody reads any more fail,
// where it would end the process. The signal is caught and not ignored, for programs
// that a daemon starts would inherit that.
func surviveClosedPipes() (undo func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGPIPE)
	return func() { signal.Stop(c) }
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// Bounds of a logQueue.
const (
	logQueueSize = 1000        // lines
	logFlushTime = time.Second // for what is left at the end
)

// logQueue is a slog.Handler that never makes its caller wait: a goroutine hands
// the lines on. Lines that do not fit are dropped, and it is told how many.
type logQueue struct {
	next slog.Handler
	*logLine
}

// logLine is what the copies of a logQueue share.
type logLine struct {
	lines   chan queuedLine
	dropped atomic.Int64
	done    chan struct{}
}

type queuedLine struct {
	to slog.Handler
	r  slog.Record
}

func newLogQueue(next slog.Handler) *logQueue {
	q := &logQueue{next, &logLine{lines: make(chan queuedLine, logQueueSize), done: make(chan struct{})}}
	go q.run(next)
	return q
}

// run hands lines on until close.
func (q *logLine) run(next slog.Handler) {
	defer close(q.done)
	for l := range q.lines {
		_ = l.to.Handle(context.Background(), l.r) // where the log itself fails there is nobody to tell
		if n := q.dropped.Swap(0); n > 0 {
			r := slog.NewRecord(time.Now(), slog.LevelWarn, "log lines dropped: the log does not take them", 0)
			r.Add("lines", n)
			_ = next.Handle(context.Background(), r)
		}
	}
}

// close hands on what is left, but does not wait for a log that takes nothing.
// Nothing may be logged after it.
func (q *logLine) close() {
	close(q.lines)
	t := time.NewTimer(logFlushTime)
	defer t.Stop()
	select {
	case <-q.done:
	case <-t.C:
	}
}

// Enabled implements slog.Handler.
func (q *logQueue) Enabled(ctx context.Context, l slog.Level) bool { return q.next.Enabled(ctx, l) }

// Handle implements slog.Handler.
func (q *logQueue) Handle(_ context.Context, r slog.Record) error {
	select {
	case q.lines <- queuedLine{q.next, r.Clone()}:
	default:
		q.dropped.Add(1)
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (q *logQueue) WithAttrs(a []slog.Attr) slog.Handler {
	return &logQueue{q.next.WithAttrs(a), q.logLine}
}

// WithGroup implements slog.Handler.
func (q *logQueue) WithGroup(name string) slog.Handler {
	return &logQueue{q.next.WithGroup(name), q.logLine}
}

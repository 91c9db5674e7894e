// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/event"
)

// LogEvent logs an event: its sentence, and its fields for machines.
func LogEvent(log *slog.Logger, e event.Event) {
	level := LogLevel(e.Level)
	if !log.Enabled(context.Background(), level) {
		return
	}
	r := slog.NewRecord(time.Now(), level, e.Text(), 0)
	r.AddAttrs(AppendAttrs(nil, &e, r.Message)...)
	_ = log.Handler().Handle(context.Background(), r) // as slog does: where the log fails there is nobody to tell
}

// AppendAttrs appends the fields of an event, whose sentence is text: what it is, and whom and
// what it is about. The reason is among them only where the sentence does not give it.
func AppendAttrs(a []slog.Attr, e *event.Event, text string) []slog.Attr {
	a = append(a, slog.String("event", e.Kind.String()))
	if e.Cluster != "" {
		a = append(a, slog.String("cluster", e.Cluster))
	}
	if e.Node != 0 {
		a = append(a, slog.String("node", e.Node.String()))
	}
	if !e.Ring.IsZero() {
		a = append(a, slog.String("ring", e.Ring.String()))
	}
	if e.Vote != 0 {
		a = append(a, slog.String("vote", e.Vote.String()))
	}
	if e.Addr != "" {
		a = append(a, slog.String("address", e.Addr))
	}
	if e.What != "" && !strings.Contains(text, e.What) {
		a = append(a, slog.String("what", e.What))
	}
	if e.Reason != "" && !strings.Contains(text, e.Reason) {
		a = append(a, slog.String("reason", e.Reason))
	}
	if e.Do != "" {
		a = append(a, slog.String("do", e.Do))
	}
	return a
}

// LogLevel is an event's level as package log/slog has it.
func LogLevel(l event.Level) slog.Level {
	switch l {
	case event.Debug:
		return slog.LevelDebug
	case event.Info:
		return slog.LevelInfo
	case event.Warning:
		return slog.LevelWarn
	}
	return slog.LevelError
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"log/syslog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/quorate/quorate/internal/status"
)

// LogHandler writes log records one line each, with the head of the C daemons'
// lines: "Jan 02 15:04:05 level   text", followed by the attributes as
// key=value. What a peer can choose is quoted, so that no name can forge a line.
type LogHandler struct {
	out   *logOutput
	level slog.Leveler
	attrs string
}

// logOutput is what the copies of a LogHandler share.
type logOutput struct {
	mu     sync.Mutex
	w      io.Writer      // nil: no stream
	muted  atomic.Bool    // nothing more goes to the stream
	syslog *syslog.Writer // nil: no syslog
	hushed atomic.Bool    // nothing goes to syslog for now
	bump   bool           // debug lines are informational ones in syslog
	bare   bool           // of the stream: lines have no time, and a priority
	kept   bytes.Buffer   // lines that are yet to be written
	second int64          // of head
	head   string         // the time as the last line had it
}

// time writes the instant of a line; a burst shares the work of its second.
func (o *logOutput) time(t time.Time) {
	if s := t.Unix(); s != o.second || o.head == "" {
		o.second, o.head = s, t.Format("Jan 02 15:04:05 ")
	}
	o.kept.WriteString(o.head)
}

// NewLogHandler returns a handler that writes records of at least level to w,
// if it is not nil, and to sys, if that is not nil.
func NewLogHandler(w io.Writer, sys *syslog.Writer, level slog.Leveler) *LogHandler {
	return &LogHandler{out: &logOutput{w: w, syslog: sys}, level: level}
}

// Mute ends the writing to the stream; syslog goes on. It does not wait for a write that
// is under way.
func (h *LogHandler) Mute() { h.out.muted.Store(true) }

// Bump lets debug lines be informational ones in syslog, which may drop debug.
func (h *LogHandler) Bump() {
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	h.out.bump = true
}

// Enabled implements slog.Handler.
func (h *LogHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

// WithAttrs implements slog.Handler.
func (h *LogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b bytes.Buffer
	for _, a := range attrs {
		appendAttr(&b, a)
	}
	c := *h
	c.attrs += b.String()
	return &c
}

// WithGroup implements slog.Handler; the lines are flat, so groups have no name.
func (h *LogHandler) WithGroup(string) slog.Handler { return h }

// Handle implements slog.Handler.
func (h *LogHandler) Handle(_ context.Context, r slog.Record) error {
	o := h.out
	o.mu.Lock()
	defer o.mu.Unlock()
	h.line(r)
	return o.writeKept()
}

// keep is Handle, but the line may stay behind until the next flush: a burst of
// votes has thousands of lines.
func (h *LogHandler) keep(r slog.Record) {
	o := h.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if h.line(r); o.kept.Len() > keepLimit {
		_ = o.writeKept() // as slog does: where the log fails there is nobody to tell
	}
}

// flush writes what was kept.
func (h *LogHandler) flush() {
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	_ = h.out.writeKept()
}

// keepLimit is how many bytes of lines are kept.
const keepLimit = 32 << 10

// line adds a record's line to those that are yet to be written.
func (h *LogHandler) line(r slog.Record) {
	o := h.out
	b := &o.kept
	head := b.Len()
	if o.bare {
		b.WriteString(severityOf(r.Level).priority)
	} else {
		o.time(r.Time)
		name := severityOf(r.Level).name
		b.WriteString(name)
		b.WriteString("        "[:8-len(name)])
	}
	start := b.Len()
	b.WriteString(status.EscapeName(r.Message)) // an error may quote a file
	b.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		appendAttr(b, a)
		return true
	})
	if o.syslog != nil && !o.hushed.Load() {
		level := r.Level
		if o.bump {
			level = max(level, slog.LevelInfo)
		}
		_ = severityOf(level).write(o.syslog, string(b.Bytes()[start:])) // there is nobody to tell
	}
	if o.w == nil || o.muted.Load() {
		b.Truncate(head)
		return
	}
	b.WriteByte('\n')
}

// writeKept writes what was kept.
func (o *logOutput) writeKept() error {
	if o.kept.Len() == 0 || o.w == nil {
		return nil
	}
	if o.muted.Load() {
		o.kept.Reset()
		return nil
	}
	_, err := o.w.Write(o.kept.Bytes())
	o.kept.Reset()
	return err
}

func appendAttr(b *bytes.Buffer, a slog.Attr) {
	b.WriteByte(' ')
	b.WriteString(a.Key)
	b.WriteByte('=')
	s := a.Value.String()
	if plain(s) {
		b.WriteString(s)
		return
	}
	if s == "" || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool {
		return r == '"' || r == '=' || unicode.IsSpace(r) || !unicode.IsPrint(r)
	}) {
		s = strconv.Quote(s)
	}
	b.WriteString(s)
}

// plain reports whether s is letters and digits and the like, and needs no quotes.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == '"' || c == '=' || c > '~' {
			return false
		}
	}
	return s != ""
}

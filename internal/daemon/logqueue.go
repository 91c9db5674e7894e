// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// logFlushTime is how long Flush and Close wait for outputs that do not take what is left.
const logFlushTime = 250 * time.Millisecond

// LogQueue is a slog.Handler that never makes its caller wait: for each output a
// goroutine hands the lines on, so that one that hangs keeps back neither a daemon nor
// the other outputs. Lines that do not fit are dropped, and the output is told how many
// once it takes lines again.
type LogQueue struct{ outs []queuedOutput }

// queuedOutput is one output of a LogQueue, with the attributes of the copy.
type queuedOutput struct {
	next slog.Handler
	*backlog
}

// backlog is what the copies of a LogQueue share of one output.
type backlog struct {
	limit int           // bytes of lines
	wake  chan struct{} // capacity 1
	done  chan struct{} // closed when all was handed on after Close

	mu      sync.Mutex
	lines   []queuedLine
	size    int // bytes, of those being handed on, too
	dropped int
	closed  bool
}

// queuedLine is a line, or a mark.
type queuedLine struct {
	to   slog.Handler
	r    slog.Record
	mark chan struct{} // closed when all before it was written
}

// keeper is a handler that can write many lines at once.
type keeper interface {
	keep(slog.Record)
	flush()
}

// NewLogQueue returns a queue before each of the outputs, of so many bytes each as bytesOf
// counts them.
func NewLogQueue(limit int, outs ...slog.Handler) *LogQueue {
	q := &LogQueue{}
	for _, next := range outs {
		b := &backlog{limit: limit, wake: make(chan struct{}, 1), done: make(chan struct{})}
		q.outs = append(q.outs, queuedOutput{next, b})
		go b.run(next)
	}
	return q
}

// Queued returns a logger that keeps nobody waiting, and what ends it: log itself if it
// is one, for whoever made that one ends it.
func Queued(log *slog.Logger, limit int) (_ *slog.Logger, end func()) {
	if _, ok := log.Handler().(*LogQueue); ok {
		return log, func() {}
	}
	q := NewLogQueue(limit, log.Handler())
	return slog.New(q), q.Close
}

// run hands lines on until Close.
func (b *backlog) run(next slog.Handler) {
	defer close(b.done)
	for range b.wake {
		for {
			b.mu.Lock()
			lines, dropped, closed := b.lines, b.dropped, b.closed
			b.lines, b.dropped = nil, 0
			b.mu.Unlock()
			if len(lines) == 0 && dropped == 0 {
				if closed {
					return
				}
				break
			}
			b.handOn(next, lines, dropped)
		}
	}
}

// handOn gives lines to their handlers, and tells next how many were dropped after them.
func (b *backlog) handOn(next slog.Handler, lines []queuedLine, dropped int) {
	for i := range lines {
		l := &lines[i]
		if l.mark != nil {
			defer close(l.mark)
			continue
		}
		n := bytesOf(&l.r)
		if k, ok := l.to.(keeper); ok {
			k.keep(l.r)
		} else {
			_ = l.to.Handle(context.Background(), l.r) // where the log itself fails there is nobody to tell
		}
		*l = queuedLine{}
		b.mu.Lock()
		b.size -= n
		b.mu.Unlock()
	}
	flush(next)
	if dropped > 0 {
		r := slog.NewRecord(time.Now(), slog.LevelWarn, "log lines dropped: the log does not accept them", 0)
		r.Add("lines", dropped)
		_ = next.Handle(context.Background(), r)
	}
}

func flush(h slog.Handler) {
	if k, ok := h.(keeper); ok {
		k.flush()
	}
}

// add takes a line, or drops it.
func (b *backlog) add(l queuedLine) {
	n := bytesOf(&l.r)
	b.mu.Lock()
	switch {
	case b.closed:
	case b.size+n > b.limit:
		b.dropped++
	default:
		b.size += n
		b.lines = append(b.lines, l)
	}
	b.mu.Unlock()
	b.rouse()
}

// finish marks the end of what was logged, or closes the backlog. What it returns is
// closed when all that is done.
func (b *backlog) finish(forGood bool) <-chan struct{} {
	defer b.rouse()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed = b.closed || forGood; b.closed {
		return b.done
	}
	mark := make(chan struct{})
	b.lines = append(b.lines, queuedLine{mark: mark})
	return mark
}

func (b *backlog) rouse() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// bytesOf returns about how much memory a line takes, whose attributes are text.
func bytesOf(r *slog.Record) int {
	const fixed = 350 // the record and what it stands in
	n := fixed + len(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		n += len(a.Key) + 40
		if a.Value.Kind() == slog.KindString {
			n += len(a.Value.String())
		}
		return true
	})
	return n
}

// Flush waits until what was logged is written, but a quarter of a second at most.
func (q *LogQueue) Flush() { q.finish(false) }

// Close is Flush; what is logged after it is dropped.
func (q *LogQueue) Close() { q.finish(true) }

func (q *LogQueue) finish(forGood bool) {
	var ends []<-chan struct{}
	for _, o := range q.outs {
		ends = append(ends, o.finish(forGood))
	}
	t := time.NewTimer(logFlushTime)
	defer t.Stop()
	for _, end := range ends {
		select {
		case <-end:
		case <-t.C:
			return
		}
	}
}

// Enabled implements slog.Handler.
func (q *LogQueue) Enabled(ctx context.Context, l slog.Level) bool {
	for _, o := range q.outs {
		if o.next.Enabled(ctx, l) {
			return true
		}
	}
	return false
}

// Handle implements slog.Handler. What is not text becomes text now: it may change
// before it is written, and its length counts.
func (q *LogQueue) Handle(ctx context.Context, r slog.Record) error {
	line := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if k := a.Value.Kind(); k == slog.KindAny || k == slog.KindLogValuer {
			a.Value = slog.StringValue(a.Value.Resolve().String())
		}
		line.AddAttrs(a)
		return true
	})
	for _, o := range q.outs {
		if o.next.Enabled(ctx, r.Level) {
			o.add(queuedLine{to: o.next, r: line})
		}
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (q *LogQueue) WithAttrs(a []slog.Attr) slog.Handler {
	return q.each(func(h slog.Handler) slog.Handler { return h.WithAttrs(a) })
}

// WithGroup implements slog.Handler.
func (q *LogQueue) WithGroup(name string) slog.Handler {
	return q.each(func(h slog.Handler) slog.Handler { return h.WithGroup(name) })
}

func (q *LogQueue) each(change func(slog.Handler) slog.Handler) *LogQueue {
	c := &LogQueue{outs: make([]queuedOutput, len(q.outs))}
	for i, o := range q.outs {
		c.outs[i] = queuedOutput{change(o.next), o.backlog}
	}
	return c
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"log/syslog"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/internal/qnet"
)

// answerTime is within which a daemon must answer that has an output that hangs: a second,
// and two more for a loaded machine.
const answerTime = 3 * time.Second

// hangingWriter takes nothing until it is let go, or a test has failed for long.
type hangingWriter chan struct{}

func (w hangingWriter) Write(p []byte) (int, error) {
	select {
	case <-w:
	case <-time.After(30 * time.Second):
	}
	return len(p), nil
}

// hangingOutputs are outputs that take nothing for as long as the test runs.
func hangingOutputs(t *testing.T) map[string]slog.Handler {
	t.Helper()
	w := make(hangingWriter)
	t.Cleanup(func() { close(w) })
	path := filepath.Join(t.TempDir(), "log")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	fillSocket(t, path)
	sys, err := syslog.Dial("unixgram", path, syslog.LOG_DAEMON, "test")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]slog.Handler{"stderr": NewLogHandler(w, nil, slog.LevelDebug), "syslog": NewLogHandler(nil, sys, slog.LevelDebug)}
}

// fillSocket sends to a socket that nobody reads until it takes no more.
func fillSocket(t *testing.T, path string) {
	t.Helper()
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for {
		_ = c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := c.Write([]byte("full")); err != nil {
			return
		}
	}
}

// within fails if do takes longer than it may.
func within(t *testing.T, limit time.Duration, what string, do func()) {
	t.Helper()
	done, start := make(chan struct{}), time.Now()
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: nothing for 20 s\n%s", what, stacks())
	}
	if d := time.Since(start); d > limit {
		t.Errorf("%s took %v", what, d)
	}
}

// TestArbiterLogHangs: an arbiter one of whose outputs takes nothing serves its clients,
// answers for its status, and ends; the other output has all its lines.
func TestArbiterLogHangs(t *testing.T) {
	for name, hangs := range hangingOutputs(t) {
		t.Run(name, func(t *testing.T) {
			var q *LogQueue
			a := startArbiter(t, func(cfg *QNetdConfig) {
				q = NewLogQueue(ArbiterLogQueue, cfg.Log.Handler(), hangs)
				cfg.Log = slog.New(q)
			})
			p := a.dial(t)
			within(t, answerTime, "a vote", func() {
				p.join("prod", 1, whole)
				p.config(1, 2)
				p.report(whole, 1, 2)
				p.vote()
				p.echo()
			})
			within(t, answerTime, "the status", func() { askStatus(t, a) })
			a.logs(t, "event=ready", "event=client_connected")
			within(t, answerTime, "the end", func() {
				if err := a.stop(); err != nil {
					t.Error(err)
				}
				q.Close()
			})
		})
	}
}

// TestArbiterHandlerHangs: the daemon keeps its own loop free, whatever handler it is given.
func TestArbiterHandlerHangs(t *testing.T) {
	a := startArbiter(t, func(cfg *QNetdConfig) { cfg.Log = slog.New(hangingOutputs(t)["stderr"]) })
	p := a.dial(t)
	within(t, answerTime, "an echo", func() { p.join("prod", 1, whole); p.echo() })
	within(t, answerTime, "the end", func() { _ = a.stop() })
}

// TestNodeLogHangs: so does a node daemon, which registers, polls, answers and
// unregisters.
func TestNodeLogHangs(t *testing.T) {
	for name, hangs := range hangingOutputs(t) {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t, 1, "127.0.0.1:1", t.TempDir())
			m.cmap.Set("quorum.device.net.tls", cmap.StringValue("off"))
			q := NewLogQueue(NodeLogQueue, m.cfg.Log.Handler(), hangs)
			m.cfg.Log = slog.New(q)
			within(t, answerTime, "the start", m.start)
			within(t, answerTime, "the status", func() { m.ask("status") })
			m.await("the line of the other output", func() bool { return strings.Contains(m.log.String(), "event=registered") })
			within(t, answerTime, "the end", func() { m.stop(); q.Close() })
		})
	}
}

// TestSystemdHangs: a notify socket that is full keeps neither daemon from its work nor
// from its end.
func TestSystemdHangs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fillSocket(t, path)
	a := startArbiter(t, func(cfg *QNetdConfig) { cfg.NotifySocket = path })
	p := a.dial(t)
	within(t, answerTime, "an echo", func() { p.join("prod", 1, whole); p.echo() })
	within(t, answerTime, "the arbiter's end", func() {
		if err := a.stop(); err != nil {
			t.Error(err)
		}
	})
	m := newMachine(t, 1, "127.0.0.1:1", t.TempDir())
	m.cmap.Set("quorum.device.net.tls", cmap.StringValue("off"))
	m.cfg.NotifySocket = path
	within(t, answerTime, "the start", m.start)
	within(t, answerTime, "the node daemon's end", m.stop)
}

// TestReadyLate: a systemd that was busy is told as soon as it listens.
func TestReadyLate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fillSocket(t, path)
	startArbiter(t, func(cfg *QNetdConfig) { cfg.NotifySocket = path })
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

// TestLogQueue: lines keep their order and attributes, those that do not fit are counted,
// and what takes lines again is told. After the end nothing breaks.
func TestLogQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out logBuffer
		gate := make(hangingWriter)
		q := NewLogQueue(100_000, &gatedHandler{gate, NewLogHandler(&out, nil, slog.LevelInfo)})
		log := slog.New(q).With("cluster", "prod")
		const lines = 1000
		for i := range lines {
			log.Info("line", "n", i, "ring", qnet.RingID{Node: 1, Seq: 8}, "err", fmt.Errorf("no %d", i))
			if i == 0 {
				synctest.Wait() // the output hangs from here on
			}
		}
		log.Debug("never")
		synctest.Wait()
		close(gate)
		q.Flush()
		kept := strings.Count(out.String(), "line cluster=prod n=")
		want := fmt.Sprintf("log lines dropped: the log does not accept them lines=%d\n", lines-kept)
		if kept < 100 || kept > 300 || !strings.HasSuffix(out.String(), want) || strings.Contains(out.String(), "never") {
			t.Errorf("%d lines, and then not %q:\n%.300s", kept, want, out.String())
		}
		i := 0
		for line := range strings.Lines(out.String()) {
			if i < kept && !strings.HasSuffix(line, fmt.Sprintf(" n=%d ring=1.8 err=\"no %d\"\n", i, i)) {
				t.Fatalf("line %d: %s", i, line)
			}
			i++
		}
		log.Info("again")
		q.Close()
		if !strings.HasSuffix(out.String(), "again cluster=prod\n") {
			t.Errorf("nothing comes after a gap: %s", out.String()[len(out.String())-100:])
		}
		log.Info("late")
		q.Close()
		q.Flush()
		if strings.Contains(out.String(), "late") {
			t.Error("a line came after the end")
		}
	})
}

// TestLogQueueEnd: the end waits for an output that hangs, but not for long.
func TestLogQueueEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(hangingWriter)
		q := NewLogQueue(NodeLogQueue, NewLogHandler(gate, nil, slog.LevelInfo))
		slog.New(q).Info("line")
		start := time.Now()
		q.Close()
		if d := time.Since(start); d != logFlushTime {
			t.Errorf("waited %v", d)
		}
		close(gate)
	})
}

// gatedHandler waits with every line until the gate is open.
type gatedHandler struct {
	gate hangingWriter
	*LogHandler
}

func (h *gatedHandler) Handle(ctx context.Context, r slog.Record) error {
	<-h.gate
	return h.LogHandler.Handle(ctx, r)
}

func (h *gatedHandler) WithAttrs(a []slog.Attr) slog.Handler {
	return &gatedHandler{h.gate, h.LogHandler.WithAttrs(a).(*LogHandler)}
}

func (h *gatedHandler) keep(r slog.Record) { _ = h.Handle(context.Background(), r) }

// TestMuteWaitsForNobody: the stream is let go of while a write to it hangs.
func TestMuteWaitsForNobody(t *testing.T) {
	gate := make(hangingWriter)
	defer close(gate)
	h := NewLogHandler(gate, nil, slog.LevelInfo)
	go slog.New(h).Info("line")
	for h.out.mu.TryLock() {
		h.out.mu.Unlock()
		runtime.Gosched()
	}
	within(t, answerTime, "Mute", h.Mute)
}

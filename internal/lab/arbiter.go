// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/quorate/quorate/internal/arbiter"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/store"
)

// task is a daemon that runs in a goroutine.
type task struct {
	cancel context.CancelFunc
	done   chan struct{}
	err    error // after done
}

// spawn runs a daemon.
func spawn(run func(context.Context) error) *task {
	ctx, cancel := context.WithCancel(context.Background())
	t := &task{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(t.done)
		defer cancel()
		t.err = run(ctx)
	}()
	return t
}

// stop ends the daemon and waits for it.
func (t *task) stop() error {
	t.cancel()
	<-t.done
	return t.err
}

// startArbiter starts the arbiter on a free port, and points the proxies to it.
func (l *Lab) startArbiter() error {
	listening := make(chan []net.Addr, 1)
	cfg := arbiter.Config{
		Machine: qnetd.Defaults(), Network: "tcp4", Hosts: []string{"127.0.0.1"}, SendQueue: 32,
		CertDir: l.arbiterDir(), Store: store.File(filepath.Join(l.dir, "grants.db")),
		Control:  daemon.ControlConfig{Path: l.socket(), Options: control.ListenOptions{GID: -1}, Limits: control.DefaultLimits()},
		Log:      l.logger("arbiter"),
		OnListen: func(addrs []net.Addr) { listening <- addrs },
	}
	cfg.Machine.HeartbeatMin = uint32(min(l.cfg.Timers.Heartbeat.Milliseconds(), 1000))
	cfg.Machine.MaxRequestSize, cfg.Machine.MaxReplySize = 1<<15, 1<<15
	t := spawn(func(ctx context.Context) error { return arbiter.Run(ctx, cfg) })
	select {
	case addrs := <-listening:
		l.arbiter = t
		for _, n := range l.nodes {
			n.proxy.setTarget(addrs[0].String())
		}
		return nil
	case <-t.done:
		return fmt.Errorf("the arbiter does not start: %w", t.err)
	}
}

// stopArbiter ends the arbiter; what it has recorded stays.
func (l *Lab) stopArbiter() error {
	if l.arbiter == nil {
		return nil
	}
	for _, n := range l.nodes {
		n.proxy.setTarget("")
	}
	err := l.arbiter.stop()
	l.arbiter = nil
	return err
}

func (l *Lab) arbiterDir() string { return filepath.Join(l.dir, "arbiter") }
func (l *Lab) nodeDir() string    { return filepath.Join(l.dir, "node") }
func (l *Lab) socket() string     { return filepath.Join(l.dir, "qnetd.sock") }

// askArbiter asks the arbiter for its status, as quorate clusters does. It returns
// nil if there is no answer.
func (l *Lab) askArbiter(ctx context.Context) *status.Cluster {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	c, err := control.Dial(ctx, l.socket())
	if err != nil {
		return nil
	}
	text, err := control.Ask(ctx, c, "json")
	if err != nil {
		return nil
	}
	var st status.QNetd
	if err := json.Unmarshal(text, &st); err != nil {
		return nil
	}
	if found := st.Find(clusterName); len(found.Clusters) == 1 {
		return &found.Clusters[0]
	}
	return &status.Cluster{Name: clusterName}
}

// logger is the log of one daemon.
func (l *Lab) logger(name string) *slog.Logger {
	return slog.New(l.logHandler.WithAttrs([]slog.Attr{slog.String("host", name)}))
}

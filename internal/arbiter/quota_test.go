// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/wire"
)

func quotaLoop(t *testing.T, out *bytes.Buffer) *loop {
	t.Helper()
	l, err := newLoop(nil, slog.New(daemon.NewLogHandler(out, nil, slog.LevelDebug)), nil, connLimits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.poll.close() })
	go l.poll.run()
	return l
}

// TestNoFlood: what strangers, or the nodes of one cluster, can cause in the log is limited
// whatever its level; it is told how much was dropped; and it takes nothing from the lines
// of another cluster.
func TestNoFlood(t *testing.T) {
	for _, level := range []event.Level{event.Debug, event.Info, event.Warning, event.Error} {
		var out bytes.Buffer
		l, now := quotaLoop(t, &out), time.Unix(1_000_000, 0)
		noisy, quiet := &share{cluster: "noisy"}, &share{cluster: "quiet"}
		l.shares["noisy"], l.shares["quiet"] = noisy, quiet
		line := func(text, cluster, addr string, node qnet.NodeID) qnetd.Notice {
			return qnetd.Notice{Event: event.Event{Kind: event.Decided, Level: level, Reason: text, Cluster: cluster, Addr: addr, Node: node}}
		}
		const minute = 60
		for second := range minute {
			now = now.Add(time.Second)
			for range 2000 {
				l.write(now, l.strangers, line("stranger", "quiet", "192.0.2.1:1", 0))
				l.write(now, nil, line("stranger", "quiet", "192.0.2.1:1", 0)) // of a timer
				l.write(now, noisy, line("noise", "noisy", "", 1))
			}
			l.write(now, quiet, line(fmt.Sprint("told ", second, "."), "quiet", "", 1))
			l.write(now, nil, line(fmt.Sprint("timed ", second, "."), "quiet", "", 0))
			l.logDropped(now)
			l.notes.flush(false)
		}
		text := out.String()
		for second := range minute {
			if !strings.Contains(text, fmt.Sprint("told ", second, ".")) || !strings.Contains(text, fmt.Sprint("timed ", second, ".")) {
				t.Errorf("level %d: a line of the quiet cluster is missing", level)
			}
		}
		most := strangerBurst + clusterBurst + minute*(strangerRate+clusterRate) + minute*500
		if len(text) > most {
			t.Errorf("level %d: %d bytes, more than %d", level, len(text), most)
		}
		if a, b := strings.Count(text, " about connections that are not a node were dropped"), strings.Count(text, " were dropped event=lines_dropped cluster=noisy"); a < 5 || a > 7 || b < 5 || b > 7 {
			t.Errorf("level %d: in a minute it was told %d and %d times that lines were dropped", level, a, b)
		}
	}
}

// TestNewConnectionsNoNewQuota: a cluster whose nodes come and go has no more of the log.
func TestNewConnectionsNoNewQuota(t *testing.T) {
	var out bytes.Buffer
	l := quotaLoop(t, &out)
	l.machine = qnetd.New(modelQNetd(), time.Now(), nil)
	now := time.Now()
	for i := range qnetd.ConnID(3000) {
		c := &conn{id: i + 1, sock: &socket{fd: -1}, stream: wire.NewStream(1 << 15), closed: make(chan struct{})}
		l.conns[c.id] = c
		l.arrive(c)
		l.step(now, c, qnetd.Connected{Conn: c.id})
		l.step(now, c, qnetd.Received{Conn: c.id, Msg: wire.Preinit{Seq: wire.Some(uint32(1)), ClusterName: wire.Some("prod")}})
		init := initMessage(qnet.NodeID(i+1), whole)
		init.Seq = wire.Some(uint32(2))
		l.step(now, c, qnetd.Received{Conn: c.id, Msg: init})
		if c.share.cluster != "prod" {
			t.Fatalf("connection %d: share %q", i, c.share.cluster)
		}
		l.end(now, c, qnetd.Disconnected{Conn: c.id, Why: "gone"})
	}
	l.dirty = nil
	l.notes.flush(false)
	if most := strangerBurst + clusterBurst + 64<<10; out.Len() > most {
		t.Errorf("%d bytes, more than %d", out.Len(), most)
	}
	if len(l.sources) != 0 || l.strangers.members != 0 {
		t.Errorf("%d sources, %d strangers are left", len(l.sources), l.strangers.members)
	}
}

func modelQNetd() qnetd.Config {
	cfg := qnetd.Defaults()
	cfg.TLS = wire.TLSUnsupported
	return cfg
}

// TestCut: what is too long ends with an ellipsis, at a character's end.
func TestCut(t *testing.T) {
	for _, s := range []string{"", "short", strings.Repeat("x", 500), strings.Repeat("ä", 500), strings.Repeat("\x80", 500)} {
		got := cut(s, 100)
		if len(got) > 100 || len(s) <= 100 && got != s || len(s) > 100 && !strings.HasSuffix(got, "…") || utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("%.20q: %q", s, got)
		}
	}
}

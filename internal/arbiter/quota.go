// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"context"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnetd"
)

// What peers can cause in the log has limits, whatever its level: bytes that may come at
// once, and bytes a second that come on top. The nodes of each cluster have a quota of
// their own, and all connections that are no node yet share one; all of them have one
// together. A quiet cluster's lines are there whatever others do.
const (
	clusterBurst, clusterRate   = 256 << 10, 4 << 10
	strangerBurst, strangerRate = 64 << 10, 2 << 10
	totalBurst, totalRate       = 16 << 20, 64 << 10

	// droppedTime is how often it is told how many lines were dropped.
	droppedTime = 10 * time.Second

	// No text is longer in the log than this, in bytes.
	nameLimit   = 128
	reasonLimit = 256
	textLimit   = 512

	leastLine = 100 // bytes of a line without all that
)

// quota is what is left for log lines.
type quota struct {
	bytes    int // that may be written now
	at       time.Time
	dropped  int       // lines that were not written, which the log does not say yet
	loggedAt time.Time // when it said so
}

// allow reports whether a line of so many bytes may be written, with at most burst bytes
// at once and rate bytes a second.
func (q *quota) allow(now time.Time, size, burst, rate int) bool {
	q.refill(now, burst, rate)
	if size > q.bytes {
		q.dropped++
		return false
	}
	q.bytes -= size
	return true
}

func (q *quota) refill(now time.Time, burst, rate int) {
	switch d := now.Sub(q.at); {
	case q.at.IsZero() || d > time.Hour:
		q.bytes, q.at = burst, now
	case d > 0:
		if more := int(d * time.Duration(rate) / time.Second); more > 0 {
			q.bytes, q.at = min(burst, q.bytes+more), now
		}
	}
}

// summary returns the line that says how many were dropped, if there is one to be written.
func (q *quota) summary(now time.Time, cluster string) (n qnetd.Notice, ok bool) {
	if q.dropped == 0 || now.Sub(q.loggedAt) < droppedTime {
		return n, false
	}
	what := strconv.Itoa(q.dropped)
	if cluster == "" {
		what += " about connections that are not a node"
	}
	q.dropped, q.loggedAt = 0, now
	return qnetd.Notice{Event: event.Event{Kind: event.LinesDropped, Level: event.Warning, What: what, Cluster: cluster}}, true
}

// write puts a notice into the log, unless there were too many of its kind. s is the share
// whose message caused it; nil: nobody's did.
func (l *loop) write(now time.Time, s *share, o qnetd.Notice) {
	if !l.log.Enabled(context.Background(), daemon.LogLevel(o.Level)) {
		return
	}
	if s == nil {
		stranger := o.Node == 0 && o.Addr != "" // it may claim to be of any cluster
		if s = l.shares[o.Cluster]; s == nil || stranger {
			s = l.strangers
		}
	}
	burst, rate := clusterBurst, clusterRate
	if s == l.strangers {
		burst, rate = strangerBurst, strangerRate
	}
	if s.quota.refill(now, burst, rate); s.quota.bytes < leastLine { // its sentence need not be made
		s.quota.dropped++
		l.dropping = true
		return
	}
	o.Reason, o.What = cut(o.Reason, reasonLimit), cut(o.What, reasonLimit)
	o.Cluster, o.Addr = cut(o.Cluster, nameLimit), cut(o.Addr, nameLimit)
	size := leastLine + min(len(o.Text()), textLimit) + len(o.Reason) + len(o.Cluster) + len(o.Addr)
	if !s.quota.allow(now, size, burst, rate) {
		l.dropping = true
		return
	}
	if !l.quota.allow(now, size, totalBurst, totalRate) {
		s.quota.dropped++
		l.dropping = true
		return
	}
	l.notes.write(now, o)
}

// logDropped says of which shares lines were dropped.
func (l *loop) logDropped(now time.Time) {
	if !l.dropping || now.Sub(l.droppedAt) < time.Second {
		return
	}
	l.dropping, l.droppedAt = false, now
	log := func(s *share) {
		if n, ok := s.quota.summary(now, cut(s.cluster, nameLimit)); ok {
			l.notes.write(now, n)
		}
		l.dropping = l.dropping || s.quota.dropped > 0
	}
	log(l.strangers)
	for _, s := range l.shares {
		log(s)
	}
}

// cut returns s, or as much of it as fits into n bytes with an ellipsis.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	end := n - len("…")
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

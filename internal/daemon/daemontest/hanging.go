// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemontest

import (
	"log/syslog"
	"net"
	"path/filepath"
	"testing"
	"time"
)

// AnswerTime is within which a daemon must answer that has an output that hangs: a second, and two
// more for a loaded machine.
const AnswerTime = 3 * time.Second

// HangingWriter takes nothing until it is closed, or a test has failed for long.
type HangingWriter chan struct{}

// Write implements io.Writer.
func (w HangingWriter) Write(p []byte) (int, error) {
	select {
	case <-w:
	case <-time.After(30 * time.Second):
	}
	return len(p), nil
}

// HangingOutputs are a stream and a syslog that take nothing for as long as the test runs.
func HangingOutputs(t *testing.T) (HangingWriter, *syslog.Writer) {
	t.Helper()
	w := make(HangingWriter)
	t.Cleanup(func() { close(w) })
	sys, err := syslog.Dial("unixgram", FullSocket(t).LocalAddr().String(), syslog.LOG_DAEMON, "test")
	if err != nil {
		t.Fatal(err)
	}
	return w, sys
}

// FullSocket is a datagram socket that takes no more until somebody reads what it has.
func FullSocket(t *testing.T) *net.UnixConn {
	t.Helper()
	at := &net.UnixAddr{Name: filepath.Join(t.TempDir(), "full"), Net: "unixgram"}
	l, err := net.ListenUnixgram("unixgram", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	c, err := net.DialUnix("unixgram", nil, at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for {
		_ = c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := c.Write([]byte("full")); err != nil {
			return l
		}
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package control

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// peerConn is a connection on which the peer says what it has to say, and ends.
type peerConn struct {
	net.Conn // nil: nobody uses the rest
	in       io.Reader
	out      bytes.Buffer
}

func (c *peerConn) Read(p []byte) (int, error)  { return c.in.Read(p) }
func (c *peerConn) Write(p []byte) (int, error) { return c.out.Write(p) }
func (*peerConn) Close() error                  { return nil }
func (*peerConn) SetDeadline(time.Time) error   { return nil }

// FuzzCommand gives a daemon's socket whatever comes. The answer is whole and printable,
// no defect comes to light, and only "shutdown" ends the daemon.
func FuzzCommand(f *testing.F) {
	for _, s := range []string{"status verbose\n", "list cluster \"a\\\"b\" verbose\r\n", "json\n", "shutdown\n", "SHUTDOWN verbose\n", "\x1b[2J\n", "list cluster\n", "x", "\n", "\"\n", "'\\\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		arbiter, node := &fake{}, &fakeNode{}
		lim := DefaultLimits()
		for name, h := range map[string]Handler{"arbiter": QNetd(arbiter), "node": QDevice(node)} {
			c := &peerConn{in: bytes.NewReader(in)}
			answer(context.Background(), c, h, lim)
			out := c.out.String()
			line, _, whole := strings.Cut(string(in), "\n")
			switch {
			case len(in) < lim.MaxReceive && !whole && out != "":
				t.Errorf("%s: %q to half a line", name, out)
			case whole && len(line) < lim.MaxReceive && !strings.HasPrefix(out, "OK\n") && !strings.HasPrefix(out, "Error\n"):
				t.Errorf("%s: %q", name, out)
			case strings.Contains(out, "Internal error"):
				t.Errorf("%s: a defect for %q", name, in)
			case slices.ContainsFunc([]byte(out), func(b byte) bool { return b < ' ' && b != '\n' && b != '\t' || b == 0x7f }):
				t.Errorf("%s: %q", name, out)
			}
			if ends := arbiter.down.Load() || node.down.Load(); ends && !strings.Contains(strings.ToLower(line), "shutdown") {
				t.Errorf("%s: ended by %q", name, in)
			}
		}
	})
}

// FuzzAnswer gives a tool whatever a daemon may say. It is taken as it came behind its
// first line, or is an error.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{"OK\ntext\n", "ok\r\n", "Error\nno\n", "OK", "", "What\n", "\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		text, err := Ask(context.Background(), &peerConn{in: bytes.NewReader(in)}, "status")
		head, rest, _ := bytes.Cut(in, []byte("\n"))
		word := strings.ToLower(strings.TrimRight(string(head), "\r"))
		var refused DaemonError
		switch {
		case err == nil && (word != "ok" || !bytes.Equal(text, rest)):
			t.Errorf("%q became %q", in, text)
		case errors.As(err, &refused) && (word != "error" || string(refused) != string(rest)):
			t.Errorf("%q became the refusal %q", in, refused)
		case err != nil && text != nil:
			t.Errorf("%q: both %q and %v", in, text, err)
		}
	})
}

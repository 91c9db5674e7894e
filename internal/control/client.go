// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// ErrNoAnswer is returned when the daemon ended the connection without an
// answer: it has too many clients, or is ending. The C tools print nothing and
// succeed (Q6).
var ErrNoAnswer = errors.New("the daemon closed the connection without an answer")

// ErrSilent is returned when the context ended before the answer did.
var ErrSilent = errors.New("the daemon does not answer in time: it hangs, or is frozen")

// ErrStatusLine is returned for an answer that is none of this protocol.
var ErrStatusLine = errors.New("Unknown status line returned by IPC server") //nolint:staticcheck // the C tools' words

// DaemonError is an error that the daemon answered with.
type DaemonError string

// Error returns the daemon's own words.
func (e DaemonError) Error() string { return string(e) }

// maxAnswer is how much of an answer is read: more than a C daemon sends.
const maxAnswer = 64 << 20

// Dial connects to the socket at path.
func Dial(ctx context.Context, path string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", path)
}

// Ask sends a command line on a new connection and returns the text of the
// answer, whole. It closes c. The daemon's refusal is a DaemonError.
func Ask(ctx context.Context, c net.Conn, command string) ([]byte, error) {
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := io.WriteString(c, command+"\n"); err != nil {
		return nil, fmt.Errorf("can't send command: %w", ErrNoAnswer)
	}
	b, err := io.ReadAll(io.LimitReader(c, maxAnswer))
	if err != nil && ctx.Err() != nil {
		return nil, ErrSilent // what has come is not the whole answer
	}
	if err != nil && len(b) == 0 {
		return nil, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	head, text, ok := bytes.Cut(b, []byte("\n"))
	if !ok {
		return nil, ErrNoAnswer
	}
	switch strings.ToLower(strings.TrimRight(string(head), "\r")) {
	case "ok":
		return text, nil
	case "error":
		return nil, DaemonError(text)
	}
	return nil, ErrStatusLine
}

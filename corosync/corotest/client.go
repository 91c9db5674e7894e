// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corotest

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

// Dial connects a client of a service for as long as the test runs: dial is the Dial of its
// package.
func Dial[C io.Closer](t testing.TB, dial func(context.Context, qb.Options) (C, error), o qb.Options) C {
	t.Helper()
	c, err := dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Refused wants an error to be the service's answer to a call.
func Refused(t testing.TB, err error, service, call string, code corosync.Code) {
	t.Helper()
	var e *corosync.Error
	if !errors.As(err, &e) || e.Service != service || e.Call != call || e.Code != code {
		t.Errorf("%s: got %v, want %v", call, err, code)
	}
}

// Lost wants a channel of events to be closed, after any that are left, because the daemon
// has gone: err is the Err of the client.
func Lost[T any](t testing.TB, events <-chan T, err func() error) {
	t.Helper()
	for range events {
	}
	if err := err(); !errors.Is(err, qb.ErrLost) {
		t.Errorf("got %v, want %v", err, qb.ErrLost)
	}
}

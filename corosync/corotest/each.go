// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corotest

import (
	"testing"
	"time"

	"github.com/quorate/quorate/corosync/qb"
)

// Each runs a test against fakes of both transports and of both layouts, in which
// serve puts the services, and against a real Corosync: see [Real].
func Each(t *testing.T, serve func(s *Server), f func(t *testing.T, o qb.Options)) {
	for _, x := range []struct {
		name string
		cfg  Config
	}{{"shared", Config{}}, {"shared32", Config{Layout: qb.Layout32}}, {"socket", Config{Socket: true}}} {
		t.Run(x.name, func(t *testing.T) {
			s := New(t, x.cfg)
			serve(s)
			f(t, s.Options())
		})
	}
	t.Run("real", func(t *testing.T) {
		Real(t, "")
		f(t, qb.Options{})
	})
}

// Next takes the next event of a channel. The test ends if it is closed, or none
// comes for a minute.
func Next[T any](t testing.TB, events <-chan T) (e T) {
	t.Helper()
	select {
	case e, ok := <-events:
		if !ok {
			t.Fatal("the channel is closed")
		}
		return e
	case <-time.After(time.Minute):
		t.Fatal("no event comes")
	}
	return e
}

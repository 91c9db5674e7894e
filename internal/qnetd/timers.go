// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"time"

	"github.com/quorate/quorate/internal/timing"
)

// timers has the instants at which a connection or a cluster wants to be looked at. An
// entry whose owner has since been armed for another instant is stale and ignored when it
// comes up, so that a heartbeat, which only ever moves an instant back, costs nothing here.
type timers = timing.Heap[time.Time, timer]

// timer is who wants to be looked at: one of the two.
type timer struct {
	client  *client
	cluster *cluster
}

// tick runs every timer that is due.
func (s *Server) tick(now time.Time) {
	for {
		at, t, ok := s.timers.Due(now)
		if !ok {
			return
		}
		if c := t.client; c != nil {
			if !c.gone && c.armed.Equal(at) {
				c.armed = time.Time{}
				s.clientTimer(now, c)
			}
			continue
		}
		if t.cluster.armed.Equal(at) {
			t.cluster.armed = time.Time{}
			s.settle(now, t.cluster)
			s.retire(now, t.cluster)
		}
	}
}

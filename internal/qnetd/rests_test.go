// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd_test

import (
	"testing"
	"time"

	"github.com/quorate/quorate/internal/golden"
)

// TestRests: while nothing is awaited no timer runs but the connections' own (H7).
func TestRests(t *testing.T) {
	p := newPlayer(t)
	golden.Commands("n1 join node=1 ring=1.5 members=1,2 config=1,2\nn2 join node=2 ring=1.5 members=1,2 config=1,2\nwait 3s", &p.out, p.do)
	if left := p.server.Deadline().Sub(p.now); left < 5*time.Second {
		t.Errorf("the arbiter looks again after %v", left)
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"time"

	"github.com/quorate/quorate/internal/event"
)

// whyChanged is why a grant is not recorded, and a cluster's connections are ended. Another
// arbiter may have written, and given the vote; or this one did, in a write whose end it missed.
const whyChanged = "what is on record is not what this arbiter wrote last, so it is read again"

// recordChanged goes on with what another arbiter has put on record, as after a restart (H6).
// Each node has to connect again: what it has said may be from before the vote was given there.
func (s *Server) recordChanged(now time.Time, in RecordChanged) {
	cl := s.persists[in.ID]
	if cl == nil {
		return
	}
	delete(s.persists, in.ID)
	s.storeErr = ""
	s.note(cl.event(event.Warning, event.GrantNotRecorded, cl.asked.Ring, whyChanged))
	cl.ledger = cl.ledger.Reread(now, in.Grant, in.Known)
	cl.writing, cl.known, cl.unsure, cl.saved, cl.retryAt = 0, in.Known, false, in.Grant, time.Time{}
	cl.cached, cl.decided = cached{}, decided{}
	if in.Grant.Enrolled {
		s.markEnrolled(cl)
	}
	if len(cl.clients) == 0 {
		s.retire(now, cl)
		return
	}
	clients := cl.clients
	cl.clients = nil
	for _, c := range clients {
		s.nodes--
		s.close(c, whyChanged)
		s.note(c.event(event.Info, event.NodeDisconnected).WithReason(whyChanged))
	}
	s.abandoned(now, cl)
}

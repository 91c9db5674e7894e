// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"slices"
	"strconv"
	"time"

	"github.com/quorate/quorate/internal/wire"
)

// Without TLS, or where it is optional, anybody can be a node of a cluster of any name.
// Clusters that nobody has enrolled are not kept for ever, and not without number.
const (
	maxUnenrolled  = 1000           // of them are known at a time
	unenrolledTime = 24 * time.Hour // after which one without a node is forgotten
)

// enrol notes that a cluster's certificate was shown, or that no cluster comes without one.
func (s *Server) enrol(cl *cluster, c *client) {
	if s.cfg.TLS == wire.TLSRequired || c.certified() {
		s.markEnrolled(cl)
	}
}

func (s *Server) markEnrolled(cl *cluster) {
	if !cl.enrolled {
		cl.enrolled = true
		s.enrolled++
	}
}

// abandoned notes that a cluster has no node any more.
func (s *Server) abandoned(now time.Time, cl *cluster) {
	cl.idleSince = now
	if !cl.enrolled {
		s.idle = append(s.idle, cl)
	}
	s.retire(now, cl)
}

// retire forgets a cluster without a node, and its record, once nothing can be lost with
// it: nobody can hold anything any more, so what H6 has in place of a record is as safe.
// The record of an enrolled cluster stays. If it is too early it looks again later.
func (s *Server) retire(now time.Time, cl *cluster) {
	if len(cl.clients) > 0 || s.clusters[cl.name] != cl || cl.known && cl.enrolled {
		return
	}
	again := cl.ledger.Until(now)
	if cl.known && again.IsZero() && cl.writing == 0 {
		again = cl.idleSince.Add(unenrolledTime)
	}
	switch {
	case cl.writing != 0: // its end looks again
	case now.Before(again):
		s.armCluster(cl, again)
	default:
		s.discard(cl)
	}
}

// discard takes a cluster out of memory, and its record from the disk.
func (s *Server) discard(cl *cluster) {
	delete(s.clusters, cl.name)
	if cl.enrolled {
		s.enrolled--
	}
	s.idle = slices.DeleteFunc(s.idle, func(o *cluster) bool { return o == cl })
	if cl.known || cl.unsure {
		s.emit(Forget{Cluster: cl.name})
	}
}

// checkClusters refuses a node of one more cluster that nobody has enrolled, if the arbiter
// knows as many as it may: unless one of them has no node, and nothing to lose.
func (s *Server) checkClusters(now time.Time, c *client) (code wire.ReplyError, why string) {
	if s.cfg.TLS == wire.TLSRequired || c.certified() {
		return wire.NoError, ""
	}
	if len(s.clusters)-s.enrolled < maxUnenrolled {
		return wire.NoError, ""
	}
	for _, cl := range s.idle { // from the one that has been without a node for longest
		if cl.writing == 0 && cl.ledger.Until(now).IsZero() {
			s.discard(cl)
			return wire.NoError, ""
		}
	}
	return wire.ErrInternal, "the arbiter knows " + strconv.Itoa(maxUnenrolled) + " clusters without a certificate, and accepts no more"
}

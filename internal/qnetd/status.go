// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
)

// Status returns a snapshot of the arbiter. Address and Port are the shell's to fill in.
func (s *Server) Status(now time.Time) status.QNetd {
	st := status.QNetd{
		TLS:        s.cfg.TLS.String(),
		ClientCert: s.cfg.ClientCertRequired,
		Clients:    len(s.clients),
		MaxClients: s.cfg.MaxClients,
		MaxSend:    s.cfg.MaxReplySize,
		MaxReceive: s.cfg.MaxRequestSize,
		Started:    s.started,
		StoreError: s.storeErr,
	}
	if !s.cfg.Register.IsZero() {
		st.Register = s.cfg.Register.String()
	}
	for _, cl := range s.connectedClusters() {
		st.Clusters = append(st.Clusters, s.clusterStatus(now, cl))
	}
	return st
}

// connectedClusters returns the clusters with a connected node, in the order in
// which they had their first one, as C lists them.
func (s *Server) connectedClusters() []*cluster {
	var list []*cluster
	for _, name := range slices.Sorted(maps.Keys(s.clusters)) {
		if cl := s.clusters[name]; len(cl.clients) > 0 {
			list = append(list, cl)
		}
	}
	slices.SortFunc(list, func(a, b *cluster) int { return cmp.Compare(a.order, b.order) })
	return list
}

func (s *Server) clusterStatus(now time.Time, cl *cluster) status.Cluster {
	first := cl.clients[0]
	st := status.Cluster{
		Name:       cl.name,
		Algorithm:  first.algorithm,
		KAP:        true,
		TieBreaker: first.tieBreaker,
		Ring:       cl.decided.ring,
		Winner:     slices.Clone(cl.decided.winner),
		Reason:     cl.decided.reason.String(),
		Since:      cl.decided.since,
		Blocked:    cl.decided.blocked,
	}
	for _, c := range cl.clients {
		st.KAP = st.KAP && c.kap && c.algorithm == qnet.FFSplit
		st.Nodes = append(st.Nodes, c.status())
	}
	st.Absent = cl.absent()
	for _, h := range cl.ledger.Holders(now) {
		st.Holders = append(st.Holders, status.Holder{Node: h.Node, Ring: h.Ring, Connected: h.Connected, Until: h.Until})
	}
	return st
}

// absent lists the nodes that a connected node's configuration names, and that are not
// connected.
func (cl *cluster) absent() (list []status.Missing) {
	var ids []qnet.NodeID
	for _, c := range cl.clients {
		for _, n := range c.configList {
			ids = append(ids, n.ID)
		}
	}
	for _, id := range qnet.SortIDs(ids) {
		if !slices.ContainsFunc(cl.clients, func(c *client) bool { return c.node == id }) {
			list = append(list, status.Missing{ID: id, Name: cl.names.Called(id)})
		}
	}
	return list
}

func (c *client) status() status.Node {
	return status.Node{
		ID:             c.node,
		Name:           c.cluster.names.Called(c.node),
		Address:        c.addr,
		Heartbeat:      c.pace().Heartbeat,
		ConfigVersion:  c.version.Copy(),
		Config:         slices.Clone(c.configList),
		Ring:           c.ring,
		Members:        slices.Clone(c.memberList),
		Heuristics:     c.heuristics,
		MembershipHeur: c.membershipHeur,
		RegularHeur:    c.regularHeur,
		TLS:            c.tls,
		CertVerified:   c.tls && c.cert,
		LastVote:       c.lastVote,
		LastACKNACK:    c.lastACKNACK,
		LastHeard:      c.heard(),
		Silent:         c.silent,
	}
}

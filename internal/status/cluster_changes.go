// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"fmt"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/term"
)

// ClustersOverview is AppendClusters in two pieces, wrapped into width columns (0: not
// at all): who has the vote in each cluster, and the rest.
func ClustersOverview(s *QNetd, now time.Time, colour bool, width int) (verdict, rest []byte) {
	p := term.Painter(colour)
	head := appendArbiter(nil, s, now, p)
	for i := range s.Clusters {
		c := &s.Clusters[i]
		head = fmt.Appendf(head, "%s: %s\n", p.Paint(term.Bold, EscapeName(c.Name)), verdictOf(c, p))
	}
	if len(s.Clusters) == 0 {
		head = append(head, "No cluster is connected.\n"...)
	}
	for i := range s.Clusters {
		if i > 0 {
			rest = append(rest, '\n')
		}
		rest = appendCluster(rest, &s.Clusters[i], now, p)
	}
	return Wrap(head, width, nil), Wrap(rest, width, nil)
}

// ClusterChanges tells in sentences what is different in an arbiter's snapshot from the
// one before: clusters and nodes that came or went, and who has the vote.
func ClusterChanges(before, now *QNetd) []string {
	var list []string
	for i := range before.Clusters {
		if c := &before.Clusters[i]; now.cluster(c.Name) == nil {
			list = append(list, EscapeName(c.Name)+" is gone: none of its nodes is connected")
		}
	}
	for i := range now.Clusters {
		c := &now.Clusters[i]
		old := before.cluster(c.Name)
		if old == nil {
			list = append(list, EscapeName(c.Name)+" is here")
			continue
		}
		for _, text := range c.changes(old) {
			list = append(list, EscapeName(c.Name)+": "+text)
		}
	}
	switch {
	case before.StoreError == "" && now.StoreError != "":
		list = append(list, "grants can't be recorded: "+EscapeName(now.StoreError))
	case before.StoreError != "" && now.StoreError == "":
		list = append(list, "grants can be recorded again")
	}
	return list
}

func (s *QNetd) cluster(name string) *Cluster {
	for i := range s.Clusters {
		if s.Clusters[i].Name == name {
			return &s.Clusters[i]
		}
	}
	return nil
}

func (c *Cluster) changes(old *Cluster) (list []string) {
	connected := func(c *Cluster, id qnet.NodeID) bool {
		return slices.ContainsFunc(c.Nodes, func(n Node) bool { return n.ID == id })
	}
	for i := range old.Nodes {
		if id := old.Nodes[i].ID; !connected(c, id) {
			list = append(list, EscapeName(old.Called(id))+" is no longer connected")
		}
	}
	for i := range c.Nodes {
		if id := c.Nodes[i].ID; !connected(old, id) {
			list = append(list, EscapeName(c.Called(id))+" is connected")
		}
	}
	if !slices.Equal(old.Winner, c.Winner) || (old.Blocked == "") != (c.Blocked == "") {
		list = append(list, verdictOf(c, term.Painter(false)))
	}
	return list
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cfg"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
)

// Links returns the configured nodes by ID: who is a member, and the state of the links.
func (c *Client) Links(ctx context.Context) ([]status.NodeLinks, error) {
	list, err := c.links(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking Corosync: %w", err)
	}
	return list, nil
}

func (c *Client) links(ctx context.Context) ([]status.NodeLinks, error) {
	keys, err := c.Keys(ctx, "nodelist.node.", "runtime.members.")
	if err != nil {
		return nil, err
	}
	us, err := c.cfg.LocalNode(ctx)
	if err != nil {
		return nil, err
	}
	list := []status.NodeLinks{}
	for _, n := range nodelist(keys) {
		l := status.NodeLinks{
			ID: n.id, Name: n.name, Local: n.id == qnet.NodeID(us), Links: n.links,
			Member: keys["runtime.members."+n.id.String()+".status"] == "joined",
		}
		if !l.Local {
			if err := c.addLinkState(ctx, &l); err != nil {
				return nil, err
			}
		}
		list = append(list, l)
	}
	return list, nil
}

// addLinkState adds what Corosync says of the links to a node.
func (c *Client) addLinkState(ctx context.Context, n *status.NodeLinks) error {
	s, err := c.cfg.NodeStatus(ctx, uint32(n.ID))
	if errors.Is(err, corosync.ErrFailedOperation) || errors.Is(err, corosync.ErrInvalidParam) {
		return nil // not known to knet, or a Corosync that can't tell
	}
	if err != nil {
		return err
	}
	for _, l := range s.Links {
		addLink(n, l)
	}
	return nil
}

func addLink(n *status.NodeLinks, l cfg.NodeLink) {
	i := slices.IndexFunc(n.Links, func(x status.Link) bool { return x.Number == l.Number })
	if i < 0 {
		i = len(n.Links)
		n.Links = append(n.Links, status.Link{Number: l.Number, Address: l.Destination})
	}
	n.Links[i].Connected, n.Links[i].MTU = &l.Connected, l.MTU
}

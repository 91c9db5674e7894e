// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cfg"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/corosync/quorum"
	"github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
)

// provider is the only provider of quorum that has votes.
const provider = "corosync_votequorum"

// Client is a connection to the services of a Corosync. Its methods must be called
// from one goroutine, Close aside.
type Client struct {
	keys   *cmap.Client
	quorum *quorum.Client
	cfg    *cfg.Client
	votes  *votequorum.Client // nil if votequorum is not the provider

	changes chan struct{} // capacity 1
	wg      sync.WaitGroup

	mu      sync.Mutex
	rep     qnet.NodeID   // of the ring, as votequorum told it last
	current quorum.Quorum // as the quorum service told it last
}

// Open connects to the Corosync that o reaches.
func Open(ctx context.Context, o qb.Options) (*Client, error) {
	c := &Client{changes: make(chan struct{}, 1)}
	if err := c.open(ctx, o); err != nil {
		c.Close()
		return nil, fmt.Errorf("connecting to Corosync: %w", err)
	}
	return c, nil
}

func (c *Client) open(ctx context.Context, o qb.Options) (err error) {
	if c.keys, err = cmap.Dial(ctx, o); err != nil {
		return err
	}
	if c.quorum, err = quorum.Dial(ctx, o); err != nil {
		return err
	}
	if c.cfg, err = cfg.Dial(ctx, o); err != nil {
		return err
	}
	name, err := c.keys.Text(ctx, "quorum.provider")
	if err != nil && !errors.Is(err, corosync.ErrNotExist) {
		return err
	}
	if name == provider {
		if err = c.followVotes(ctx, o); err != nil {
			return err
		}
	}
	return c.followQuorum(ctx)
}

// followVotes follows votequorum's rings, of which only the representative is wanted:
// Corosync before 3.1.0 does not tell it elsewhere. It returns when it is known.
func (c *Client) followVotes(ctx context.Context, o qb.Options) (err error) {
	if c.votes, err = votequorum.Dial(ctx, o); err != nil {
		return err
	}
	t, err := c.votes.Track(ctx)
	if err != nil {
		return err
	}
	first := follow(c, t.Events(), func(e votequorum.Event) bool {
		l, ok := e.(votequorum.NodeList)
		if ok {
			c.rep = qnet.NodeID(l.Ring.Node)
		}
		return ok
	})
	return await(ctx, first, c.votes.Done())
}

// followQuorum follows the quorum service, and returns when the present state is known.
func (c *Client) followQuorum(ctx context.Context) error {
	events, err := c.quorum.Track(ctx)
	if err != nil {
		return err
	}
	first := follow(c, events, func(e quorum.Event) bool {
		q, ok := e.(quorum.Quorum)
		if ok {
			c.current = q
		}
		return ok
	})
	return await(ctx, first, c.quorum.Done())
}

// follow applies every event, under the lock, and reports each as a change. What it
// returns is closed at the first event that apply says counts.
func follow[E any](c *Client, events <-chan E, apply func(E) bool) <-chan struct{} {
	first := make(chan struct{})
	c.wg.Go(func() {
		known := false
		for e := range events {
			c.mu.Lock()
			counts := apply(e)
			c.mu.Unlock()
			if counts && !known {
				known = true
				close(first)
			}
			c.changed()
		}
	})
	return first
}

// await waits for the first event that counts.
func await(ctx context.Context, first, done <-chan struct{}) error {
	select {
	case <-first:
		return nil
	case <-done:
		return corosync.ErrLibrary
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Client) changed() {
	select {
	case c.changes <- struct{}{}:
	default: // it is to be told already
	}
}

// Changes tells that the quorum or the membership has changed.
func (c *Client) Changes() <-chan struct{} { return c.changes }

// Done is closed when Corosync has gone.
func (c *Client) Done() <-chan struct{} { return c.quorum.Done() }

// Close closes the connections.
func (c *Client) Close() {
	if c.keys != nil {
		_ = c.keys.Close() // nothing is lost with it, here and below
	}
	if c.quorum != nil {
		_ = c.quorum.Close()
	}
	if c.cfg != nil {
		_ = c.cfg.Close()
	}
	if c.votes != nil {
		_ = c.votes.Close()
	}
	c.wg.Wait()
}

// Quorum returns a snapshot.
func (c *Client) Quorum(ctx context.Context) (*status.Quorum, error) {
	for {
		before := c.last()
		q, err := c.snapshot(ctx, before)
		if err != nil {
			return nil, fmt.Errorf("asking Corosync: %w", err)
		}
		if c.last().Ring == before.Ring { // else members of two rings may be in it
			return q, nil
		}
	}
}

func (c *Client) last() quorum.Quorum {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := c.current
	if c.votes != nil {
		q.Ring.Node = uint32(c.rep)
	}
	return q
}

func (c *Client) snapshot(ctx context.Context, last quorum.Quorum) (*status.Quorum, error) {
	keys, err := c.Keys(ctx, "totem.", "quorum.", "nodelist.node.", "runtime.votequorum.")
	if err != nil {
		return nil, err
	}
	q := fromKeys(keys)
	q.Ring = qnet.RingID{Node: qnet.NodeID(last.Ring.Node), Seq: last.Ring.Seq}
	if q.Quorate, err = c.quorum.Quorate(ctx); err != nil {
		return nil, err
	}
	if c.votes != nil {
		if err := c.addVotes(ctx, q, keys); err != nil {
			return nil, err
		}
	}
	list := nodelist(keys)
	for _, id := range last.Members {
		m, err := c.member(ctx, qnet.NodeID(id))
		if err != nil {
			return nil, err
		}
		m.Name, m.Local = list.name(m.ID), m.ID == q.NodeID
		q.Members = append(q.Members, m)
	}
	return q, c.addAbsent(ctx, q, list)
}

// Keys reads all keys of the configuration map with one of these prefixes, and their
// values as text.
func (c *Client) Keys(ctx context.Context, prefixes ...string) (map[string]string, error) {
	return c.keys.Texts(ctx, prefixes...)
}

func (c *Client) addVotes(ctx context.Context, q *status.Quorum, keys map[string]string) error {
	i, err := c.votes.Info(ctx, uint32(q.NodeID))
	if err != nil {
		return err
	}
	q.Votequorum = &status.Votequorum{
		Expected: i.Expected, HighestExpected: i.HighestExpected, Total: i.Total, Quorum: i.Quorum,
		Quorate: i.Flags.Has(votequorum.Quorate), TwoNode: i.Flags.Has(votequorum.TwoNode), WaitForAll: i.Flags.Has(votequorum.WaitForAll),
		LastManStanding: i.Flags.Has(votequorum.LastManStanding), AutoTieBreaker: i.Flags.Has(votequorum.AutoTieBreaker),
		AllowDownscale: i.Flags.Has(votequorum.AllowDownscale), DeviceVotes: i.DeviceVotes, DeviceName: i.DeviceName,
		Waiting:         keys["runtime.votequorum.wait_for_all_status"] == "1",
		DeviceBarred:    keys["runtime.votequorum.qdevice_can_operate"] == "0",
		TieBreakerNodes: keys["quorum.auto_tie_breaker_node"],
	}
	return nil
}

// votesOf asks votequorum for a node. It may never have heard of it: then known is false.
func (c *Client) votesOf(ctx context.Context, id qnet.NodeID) (m status.Member, known bool, err error) {
	m.ID = id
	if c.votes == nil {
		return m, false, nil
	}
	i, err := c.votes.Info(ctx, uint32(id))
	if errors.Is(err, corosync.ErrNotExist) {
		return m, false, nil
	}
	m.State, m.Votes, m.Expected = qnet.NodeState(i.State), i.Votes, i.Expected
	m.Registered, m.Alive = i.Flags.Has(votequorum.Registered), i.Flags.Has(votequorum.Alive)
	m.Cast, m.MasterWins = i.Flags.Has(votequorum.CastVote), i.Flags.Has(votequorum.MasterWins)
	return m, err == nil, err
}

// member asks for one member. One whose address is not told has none.
func (c *Client) member(ctx context.Context, id qnet.NodeID) (status.Member, error) {
	m, _, err := c.votesOf(ctx, id)
	if err != nil {
		return m, err
	}
	addrs, err := c.cfg.Addresses(ctx, uint32(id))
	var code corosync.Code
	switch {
	case err == nil && len(addrs) > 0:
		m.Address = addrs[0].String()
	case err != nil && !(errors.As(err, &code) && c.cfg.Err() == nil):
		return m, err
	}
	return m, nil
}

// addAbsent adds the configured nodes that are no members.
func (c *Client) addAbsent(ctx context.Context, q *status.Quorum, list nodes) error {
	for _, n := range list {
		if n.id == 0 || isMember(q, n.id) {
			continue
		}
		last, known, err := c.votesOf(ctx, n.id)
		if err != nil {
			return err
		}
		last.Name = n.name
		a := status.Absent{ID: n.id, Name: n.name, Address: n.address(), Votes: n.votes, LastKnown: last}
		if known {
			a.Votes = last.Votes // it may have had other votes set while it was here
		}
		q.Absent = append(q.Absent, a)
	}
	return nil
}

func isMember(q *status.Quorum, id qnet.NodeID) bool {
	for _, m := range q.Members {
		if m.ID == id {
			return true
		}
	}
	return false
}

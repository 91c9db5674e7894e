// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum

import (
	"context"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

// Tracker tells events, in their order.
type Tracker struct {
	client *Client
	cookie uint64
	feed   *qb.Feed[Event]
}

// Track tells the present state, a [NodeList] and a [Quorum], and from then on
// each event. There can be one tracker at a time: a second is [corosync.ErrExist].
func (c *Client) Track(ctx context.Context) (*Tracker, error) {
	t := &Tracker{client: c, feed: qb.NewFeed[Event](64)}
	if err := c.add(t); err != nil {
		return nil, err
	}
	m := qb.NewMessage(kindTrack, 32)
	m.U64(16, t.cookie)
	m.U32(24, uint32(corosync.TrackCurrent|corosync.TrackChanges))
	if err := c.status(ctx, "track", m); err != nil {
		c.remove(t)
		return nil, err
	}
	return t, nil
}

// add makes the tracker known before it can be told anything.
func (c *Client) add(t *Tracker) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return c.conn.Err()
	}
	if c.tracker != nil {
		return &corosync.Error{Service: service, Call: "track", Code: corosync.ErrExist}
	}
	c.cookie++
	t.cookie, c.tracker = c.cookie, t
	return nil
}

func (c *Client) has(t *Tracker) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tracker == t
}

func (c *Client) remove(t *Tracker) {
	c.mu.Lock()
	if c.tracker == t {
		c.tracker = nil
	}
	c.mu.Unlock()
	t.feed.Close()
}

// Events returns the channel of events. It is closed by Stop, and when the
// connection is over: the client's Err says why.
func (t *Tracker) Events() <-chan Event { return t.feed.C() }

// Stop ends the tracker. Stopping twice does no harm.
func (t *Tracker) Stop(ctx context.Context) error {
	if !t.client.has(t) {
		return nil
	}
	err := t.client.status(ctx, "end of tracking", qb.NewMessage(kindTrackStop, qb.RequestHeader))
	t.client.remove(t)
	return err
}

// event hands a notification to the tracker. One for a tracker that has ended is dropped.
func (c *Client) event(b []byte, stop <-chan struct{}) error {
	cookie, e, err := parseEvent(b, c.i386)
	if err != nil || e == nil {
		return err
	}
	c.mu.Lock()
	t := c.tracker
	c.mu.Unlock()
	if t != nil && t.cookie == cookie {
		t.feed.Put(e, stop)
	}
	return nil
}

// end closes the channel.
func (c *Client) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.tracker != nil {
		c.tracker.feed.Close()
	}
}

// parseEvent reads an event. It is nil if it is of a kind that is not known.
func parseEvent(b []byte, i386 bool) (cookie uint64, e Event, err error) {
	r := qb.NewReader(service, "notification", b)
	switch r.ID() {
	case kindQuorum:
		cookie = r.U64(32)
		q := Quorum{Quorate: r.U32(24) != 0}
		n := r.U32(40)
		if n > uint32(len(b))/8 {
			r.Fail("%d nodes in %d bytes", n, len(b))
		}
		for list := r.U32s(48, 2*n); len(list) > 0; list = list[2:] {
			q.Nodes = append(q.Nodes, NodeState{Node: list[0], State: State(list[1])})
		}
		e = q
	case kindNodeList:
		cookie = r.U64(24)
		e = NodeList{
			Ring:    corosync.RingID{Node: r.U32(32), Seq: r.U64(32 + ringSeq(i386))},
			Members: r.U32s(56, r.U32(48)),
		}
	case kindExpectedVotes:
		cookie = r.U64(24)
		e = ExpectedVotes{Votes: r.U32(32)}
	}
	if r.Err() != nil {
		return 0, nil, r.Err()
	}
	return cookie, e, nil
}

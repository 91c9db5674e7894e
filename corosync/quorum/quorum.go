// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package quorum

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

// service is the name in errors, and that of the socket.
const service = "quorum"

// Kinds of requests, and of the answers where they differ.
const (
	kindQuorate     = 0
	kindTrack       = 1
	kindType        = 3
	kindTypeAnswer  = 4
	kindModel       = 4
	kindModelAnswer = 5
)

// Kinds of events.
const (
	kindOldQuorum = 3 // before a model was chosen
	kindQuorum    = 6
	kindNodeList  = 7
)

// Event is a notification: a NodeList or a Quorum.
type Event interface{ event() }

// NodeList says that a new membership has been agreed on. It comes before the
// [Quorum] that belongs to it.
type NodeList struct {
	Ring    corosync.RingID // of the new membership
	Members []uint32        // IDs of all its nodes
	Joined  []uint32        // since the last one; none in the first event
	Left    []uint32        // since the last one; none in the first event
}

// Quorum says whether the partition is quorate.
type Quorum struct {
	Quorate bool            // this node's partition may act
	Ring    corosync.RingID // its Node is 0 before Corosync 3.1.0
	Members []uint32        // IDs of the partition's nodes
}

func (NodeList) event() {}
func (Quorum) event()   {}

// Client is a connection to quorum.
type Client struct {
	conn     *qb.Conn
	feed     *qb.Feed[Event]
	provided bool
	tracked  atomic.Bool
}

// Dial connects to quorum.
func Dial(ctx context.Context, o qb.Options) (*Client, error) {
	c := &Client{feed: qb.NewFeed[Event](64)}
	var err error
	c.conn, err = qb.Dial(ctx, service, o, qb.Handler{Event: c.event, End: c.feed.Close})
	if err != nil {
		return nil, err
	}
	if err := c.choose(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// choose asks for the events of Corosync 3.1.0, and is content with older ones.
func (c *Client) choose(ctx context.Context) error {
	m := qb.NewMessage(kindModel, 24)
	m.U32(16, 1)
	r, err := c.conn.Call(ctx, "connect", m, kindModelAnswer)
	if errors.Is(err, corosync.ErrInvalidParam) {
		r, err = c.conn.Call(ctx, "connect", qb.NewMessage(kindType, qb.RequestHeader), kindTypeAnswer)
	}
	if err != nil {
		return err
	}
	c.provided = r.U32(24) != 0
	return r.Err()
}

// Close closes the connection.
func (c *Client) Close() error { return c.conn.Close() }

// Done is closed when the connection is over.
func (c *Client) Done() <-chan struct{} { return c.conn.Done() }

// Err returns nil while the connection lasts, and then why it is over.
func (c *Client) Err() error { return c.conn.Err() }

// Provided reports whether there is a provider of quorum. Without one every
// partition is quorate.
func (c *Client) Provided() bool { return c.provided }

// Quorate reports whether this node's partition is quorate.
func (c *Client) Quorate(ctx context.Context) (bool, error) {
	r, err := c.conn.Call(ctx, "quorate", qb.NewMessage(kindQuorate, qb.RequestHeader), kindQuorate)
	if err != nil {
		return false, err
	}
	q := r.U32(24) != 0
	return q, r.Err()
}

// Track tells the present state, a [NodeList] and a [Quorum], and from then on
// each event, until the connection is over: then the channel is closed. A client
// tracks once: a second time is [corosync.ErrExist].
func (c *Client) Track(ctx context.Context) (<-chan Event, error) {
	if !c.tracked.CompareAndSwap(false, true) {
		return nil, &corosync.Error{Service: service, Call: "track", Code: corosync.ErrExist}
	}
	m := qb.NewMessage(kindTrack, 24)
	m.U32(16, uint32(corosync.TrackCurrent|corosync.TrackChanges))
	if _, err := c.conn.Call(ctx, "track", m, kindTrack); err != nil {
		c.tracked.Store(false)
		return nil, err
	}
	return c.feed.C(), nil
}

// event hands on a notification.
func (c *Client) event(b []byte, stop <-chan struct{}) error {
	e, err := parseEvent(b)
	if err == nil && e != nil {
		c.feed.Put(e, stop)
	}
	return err
}

// parseEvent reads an event. It is nil if it is of a kind that is not known.
func parseEvent(b []byte) (e Event, err error) {
	r := qb.NewReader(service, "notification", b)
	switch r.ID() {
	case kindOldQuorum:
		e = Quorum{Quorate: r.U32(24) != 0, Ring: corosync.RingID{Seq: r.U64(32)}, Members: r.U32s(44, r.U32(40))}
	case kindQuorum:
		e = Quorum{
			Quorate: r.U32(24) != 0, Ring: corosync.RingID{Node: r.U32(32), Seq: r.U64(40)},
			Members: r.U32s(52, r.U32(48)),
		}
	case kindNodeList:
		members, joined, left := r.U32(40), r.U32(48), r.U32(56)
		n := NodeList{Ring: corosync.RingID{Node: r.U32(24), Seq: r.U64(32)}, Members: r.U32s(60, members)}
		if r.Err() == nil {
			n.Joined = r.U32s(60+4*int(members), joined)
		}
		if r.Err() == nil {
			n.Left = r.U32s(60+4*int(members)+4*int(joined), left)
		}
		e = n
	}
	if r.Err() != nil {
		return nil, r.Err()
	}
	return e, nil
}

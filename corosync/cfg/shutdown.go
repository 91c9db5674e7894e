// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cfg

import (
	"context"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

// Mode is how a shutdown is asked for.
type Mode uint32

// The modes.
const (
	Ask        Mode = 0 // if everybody agrees
	Regardless Mode = 1 // everybody is asked, and their answers are ignored
	Immediate  Mode = 2 // nobody is asked
)

// String names the mode.
func (m Mode) String() string {
	switch m {
	case Ask:
		return "ask"
	case Regardless:
		return "regardless"
	case Immediate:
		return "immediate"
	}
	return "unknown"
}

// Request asks this client whether the node may be shut down. Its answer is [Client.Reply].
type Request struct {
	Mode Mode // how it was asked for

	// Late says that nothing is asked any more: somebody's answer did not come in
	// time, and the shutdown was called off.
	Late bool
}

// Shutdown asks for the end of this node's Corosync, and returns when it is
// decided. It is [corosync.ErrBusy] if somebody has refused or not answered, and
// [corosync.ErrExist] if a shutdown is being decided already.
func (c *Client) Shutdown(ctx context.Context, mode Mode) error {
	m := qb.NewMessage(kindShutdown, 24)
	m.U32(16, uint32(mode))
	_, err := c.conn.Call(ctx, "shutdown", m, kindShutdownAnswer)
	return err
}

// Track makes this client one that is asked before a shutdown, until the
// connection is over: then the channel is closed. A client tracks once: a second time is
// [corosync.ErrExist].
func (c *Client) Track(ctx context.Context) (<-chan Request, error) {
	if !c.tracked.CompareAndSwap(false, true) {
		return nil, &corosync.Error{Service: service, Call: "track", Code: corosync.ErrExist}
	}
	m := qb.NewMessage(kindTrack, 24)
	if _, err := c.conn.Call(ctx, "track", m, kindTrackAnswer); err != nil {
		c.tracked.Store(false)
		return nil, err
	}
	return c.feed.C(), nil
}

// Reply answers the last [Request]. It is [corosync.ErrAccess] if nobody asks
// any more.
func (c *Client) Reply(ctx context.Context, agree bool) error {
	m := qb.NewMessage(kindReply, 24)
	if agree {
		m.U32(16, 1)
	}
	_, err := c.conn.Call(ctx, "reply to shutdown", m, kindReplyAnswer)
	return err
}

// event hands on a request.
func (c *Client) event(b []byte, stop <-chan struct{}) error {
	q, ok, err := parseRequest(b)
	if ok {
		c.feed.Put(q, stop)
	}
	return err
}

// parseRequest reads an event; false if it is of a kind that is not known.
func parseRequest(b []byte) (q Request, ok bool, err error) {
	r := qb.NewReader(service, "notification", b)
	if r.ID() == kindRequest {
		q = Request{Mode: Mode(r.U32(24)), Late: r.Code() != corosync.OK}
		ok = r.Err() == nil
	}
	return q, ok, r.Err()
}

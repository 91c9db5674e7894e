// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cpg

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

var errNoGroup = errors.New("in no group")

// agreed is the only order that Corosync gives to messages.
const agreed = 2

// Lengths in bytes of what stands before the data.
const (
	sendHeader    = 40
	partialHeader = 56
)

// pause is how long a fragment waits for room, as in the C library.
const pause = 10 * time.Millisecond

// Send sends a message to all members of the group, this one included. It returns
// when the daemon has it: it is in its place in the order when it comes back.
// Data of more than 1 MiB, or 64 KiB where Corosync uses datagrams, goes in fragments,
// one such message at a time.
//
// It is [corosync.ErrTryAgain] while the cluster synchronises or has more to send
// than it can: nothing was sent. Later fragments wait until there is room, or ctx
// ends. [corosync.ErrInterrupt] says that the membership has changed in the middle
// of a long message, which nobody gets: it may be sent again. [corosync.ErrTooBig] is
// for more than [MaxMessage], [corosync.ErrNotExist] for a client that is in no group.
func (c *Client) Send(ctx context.Context, data []byte) error {
	if _, _, err := c.member("send"); err != nil {
		return err
	}
	if len(data) > MaxMessage {
		err := fmt.Errorf("message of %d bytes, can be %d", len(data), MaxMessage)
		return &corosync.Error{Service: service, Call: "send", Code: corosync.ErrTooBig, Err: err}
	}
	if len(data) > c.piece {
		return c.sendLong(ctx, data)
	}
	m := qb.NewMessage(kindSend, sendHeader+len(data))
	m.U32(24, agreed)
	m.U32(32, uint32(len(data)))
	m.Bytes(sendHeader, data)
	return c.conn.Send(ctx, "send", m)
}

// sendLong sends a message in fragments.
func (c *Client) sendLong(ctx context.Context, data []byte) error {
	select {
	case c.long <- struct{}{}:
		defer func() { <-c.long }()
	case <-ctx.Done():
		return c.conn.Fault("send", ctx.Err())
	case <-c.conn.Done():
		return c.conn.Err()
	}
	part := uint32(first)
	for rest := data; len(rest) > 0; {
		n := min(len(rest), c.piece)
		if n == len(rest) {
			part = last
		}
		m := qb.NewMessage(kindPartial, partialHeader+n)
		m.U32(24, agreed)
		m.U32(32, uint32(len(data)))
		m.U32(40, uint32(n))
		m.U32(48, part)
		m.Bytes(partialHeader, rest[:n])
		if err := c.sendPart(ctx, m, part); err != nil {
			return err
		}
		rest, part = rest[n:], middle
	}
	return nil
}

// sendPart sends a fragment. All but the first wait for room.
func (c *Client) sendPart(ctx context.Context, m qb.Message, part uint32) error {
	for {
		_, err := c.conn.Call(ctx, "send", m, kindPartialAnswer)
		if part == first || !errors.Is(err, corosync.ErrTryAgain) {
			return err
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return c.conn.Fault("send", ctx.Err())
		}
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cfg

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

// service is the name in errors, and that of the socket.
const service = "cfg"

// Kinds of requests, and of the answers where they differ.
const (
	kindLinks           = 0
	kindKill            = 2
	kindTrackAnswer     = 2
	kindShutdown        = 3
	kindReply           = 4
	kindAddresses       = 5
	kindLocalNode       = 6
	kindReload          = 7
	kindReopenLogs      = 8
	kindKillAnswer      = 8
	kindNodeStatus      = 9
	kindShutdownAnswer  = 9
	kindTrack           = 10
	kindRequest         = 10 // an event
	kindAddressesAnswer = 11
	kindLocalNodeAnswer = 12
	kindReplyAnswer     = 13
	kindReloadAnswer    = 14
	kindReopenAnswer    = 15
	kindNodeAnswer      = 16
)

// MaxReason is the length of the longest reason for killing a node, in bytes.
const MaxReason = 255

// Client is a connection to cfg.
type Client struct {
	conn    *qb.Conn
	feed    *qb.Feed[Request]
	tracked atomic.Bool
}

// Dial connects to cfg. The context covers the connecting alone.
func Dial(ctx context.Context, o qb.Options) (*Client, error) {
	c := &Client{feed: qb.NewFeed[Request](16)}
	var err error
	c.conn, err = qb.Dial(ctx, service, o, qb.Handler{Event: c.event, End: c.feed.Close})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Close closes the connection.
func (c *Client) Close() error { return c.conn.Close() }

// Done is closed when the connection is over.
func (c *Client) Done() <-chan struct{} { return c.conn.Done() }

// Err returns nil while the connection lasts, and then why it is over.
func (c *Client) Err() error { return c.conn.Err() }

// Reload makes all nodes of the cluster read their corosync.conf again. It
// returns when this node has done so, and is [corosync.ErrInvalidParam] if its
// file can't be used: the log says why. What other nodes made of theirs is in cmap's
// config.reload_status of each.
func (c *Client) Reload(ctx context.Context) error {
	_, err := c.conn.Call(ctx, "reload", qb.NewMessage(kindReload, qb.RequestHeader), kindReloadAnswer)
	return err
}

// ReopenLogs closes this node's log files and opens them again.
func (c *Client) ReopenLogs(ctx context.Context) error {
	_, err := c.conn.Call(ctx, "reopen logs", qb.NewMessage(kindReopenLogs, qb.RequestHeader), kindReopenAnswer)
	return err
}

// LocalNode returns this node's ID.
func (c *Client) LocalNode(ctx context.Context) (uint32, error) {
	r, err := c.conn.Call(ctx, "local node", qb.NewMessage(kindLocalNode, qb.RequestHeader), kindLocalNodeAnswer)
	if err != nil {
		return 0, err
	}
	id := r.U32(24)
	return id, r.Err()
}

// address is the room for an address in an answer.
const address = 16

// Addresses returns the addresses of a node, one for each link; 0 is this node. It is
// [corosync.ErrNotExist] for a node that is not known.
func (c *Client) Addresses(ctx context.Context, node uint32) ([]netip.Addr, error) {
	m := qb.NewMessage(kindAddresses, 24)
	m.U32(16, node)
	r, err := c.conn.Call(ctx, fmt.Sprint("addresses of node ", node), m, kindAddressesAnswer)
	if err != nil {
		return nil, err
	}
	return parseAddresses(r)
}

// parseAddresses reads an answer. The family is that of all of them.
func parseAddresses(r *qb.Reader) ([]netip.Addr, error) {
	family, n := r.U32(24), r.U32(28)
	if int64(n)*address > int64(r.Len()) {
		r.Fail("%d addresses in %d bytes", n, r.Len())
	}
	var list []netip.Addr
	for i := 0; r.Err() == nil && i < int(n); i++ {
		b := r.Bytes(32+address*i, address)
		if b == nil {
			break
		}
		switch family {
		case 2: // AF_INET
			list = append(list, netip.AddrFrom4([4]byte(b)))
		case 10: // AF_INET6
			list = append(list, netip.AddrFrom16([16]byte(b)))
		default:
			r.Fail("addresses of family %d", family)
		}
	}
	if r.Err() != nil {
		return nil, r.Err()
	}
	return list, nil
}

// KillNode makes a member end its Corosync at once. It is
// [corosync.ErrNotExist] for a node that is no member. The reason, 0 to [MaxReason] bytes,
// goes to the log there.
func (c *Client) KillNode(ctx context.Context, node uint32, reason string) error {
	call := fmt.Sprint("kill node ", node)
	if len(reason) > MaxReason || strings.ContainsRune(reason, 0) {
		return &corosync.Error{
			Service: service, Call: call, Code: corosync.ErrInvalidParam,
			Err: fmt.Errorf("reason of %d bytes, can be %d without a zero", len(reason), MaxReason),
		}
	}
	m := qb.NewMessage(kindKill, 288)
	m.U32(16, node)
	m.U16(24, uint16(len(reason)+1))
	m.Text(26, reason)
	_, err := c.conn.Call(ctx, call, m, kindKillAnswer)
	return err
}

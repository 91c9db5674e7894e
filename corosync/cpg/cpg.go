// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cpg

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

// service is the name in errors, and that of the socket.
const service = "cpg"

// Kinds of requests, and of the answers where they differ.
const (
	kindJoin            = 0
	kindLeave           = 1
	kindSend            = 2
	kindMembers         = 3
	kindMembersAnswer   = 3
	kindLocalNode       = 4
	kindIterate         = 5
	kindNext            = 6
	kindFinish          = 7
	kindLocalNodeAnswer = 7
	kindIterateAnswer   = 9
	kindNextAnswer      = 10
	kindFinishAnswer    = 11
	kindPartial         = 12
	kindPartialAnswer   = 18
)

// Limits in bytes.
const (
	MaxGroup   = 128      // of the name of a group; the shortest is 1
	MaxMessage = 64 << 20 // of a message
)

// Lengths in bytes. A message that is longer than a member's connection allows
// would jam that for good, and one that is longer than Totem's 1 MiB ends the daemon. So
// connections have what those of the C library have, and more is never sent in
// one piece. Of a datagram, the kernel takes less unless it was told otherwise.
const (
	connection = 1 << 20
	piece      = connection - 1024
	datagram   = 64 << 10
)

// Client is a connection to cpg.
type Client struct {
	conn      *qb.Conn
	feed      *qb.Feed[Event]
	assembler *assembler
	piece     int           // length of the longest piece that is sent, in bytes
	long      chan struct{} // holds a token while a long message is sent

	mu    sync.Mutex
	state state
	group string
	self  Address
}

type state uint8

const (
	fresh  state = iota
	joined       // or about to be
	left
)

// Dial connects to cpg. The context covers the connecting alone. Options with
// messages of less than 1 MiB get 1 MiB.
func Dial(ctx context.Context, o qb.Options) (*Client, error) {
	o.MaxMessage = max(o.MaxMessage, connection)
	c := &Client{feed: qb.NewFeed[Event](64), assembler: newAssembler(), long: make(chan struct{}, 1)}
	var err error
	c.conn, err = qb.Dial(ctx, service, o, qb.Handler{Event: c.event, End: c.feed.Close})
	if err != nil {
		return nil, err
	}
	if c.piece = piece; c.conn.Transport() == qb.Socket {
		c.piece = datagram
	}
	return c, nil
}

// Close closes the connection. The other members of the group see a [ProcDown]
// if it has not left.
func (c *Client) Close() error { return c.conn.Close() }

// Done is closed when the connection is over.
func (c *Client) Done() <-chan struct{} { return c.conn.Done() }

// Err returns nil while the connection lasts, and then why it is over.
func (c *Client) Err() error { return c.conn.Err() }

// Join joins a group, with this process's ID. The name is any 1 to [MaxGroup]
// bytes. The channel gets all events; it is closed behind the [Membership] that
// tells of the client's own leaving, or when the connection is over. It is
// [corosync.ErrTryAgain] while an earlier member with the same process ID on this node
// is still leaving, and [corosync.ErrExist] if there is one, or if the client has joined
// already.
func (c *Client) Join(ctx context.Context, group string) (<-chan Event, error) {
	return c.JoinAs(ctx, group, uint32(os.Getpid()))
}

// JoinAs is Join with a process ID of the caller's choice, for a process that has
// several members in one group.
func (c *Client) JoinAs(ctx context.Context, group string, pid uint32) (<-chan Event, error) {
	if err := checkGroup("join", group); err != nil {
		return nil, err
	}
	node, err := c.LocalNode(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	if c.state != fresh {
		c.mu.Unlock()
		return nil, &corosync.Error{Service: service, Call: "join", Code: corosync.ErrExist}
	}
	c.state, c.group, c.self = joined, group, Address{Node: node, PID: pid}
	c.mu.Unlock()
	m := qb.NewMessage(kindJoin, 168)
	putName(m, 16, group)
	m.U32(152, pid)
	m.U32(160, 1) // tell the ring at once
	if _, err := c.conn.Call(ctx, "join", m, kindJoin); err != nil {
		c.mu.Lock()
		c.state = fresh
		c.mu.Unlock()
		return nil, err
	}
	return c.feed.C(), nil
}

// Leave leaves the group. Messages still come until the [Membership] that tells of it.
func (c *Client) Leave(ctx context.Context) error {
	group, self, err := c.member("leave")
	if err != nil {
		return err
	}
	m := qb.NewMessage(kindLeave, 160)
	putName(m, 16, group)
	m.U32(152, self.PID)
	if _, err := c.conn.Call(ctx, "leave", m, kindLeave); err != nil {
		return err
	}
	c.mu.Lock()
	c.state = left
	c.mu.Unlock()
	return nil
}

// member returns the group, and who this client is in it; an error if it is in none.
func (c *Client) member(call string) (string, Address, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != joined {
		return "", Address{}, &corosync.Error{Service: service, Call: call, Code: corosync.ErrNotExist, Err: errNoGroup}
	}
	return c.group, c.self, nil
}

// Self returns the client's own address. It is zero before Join.
func (c *Client) Self() Address {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.self
}

// event hands on what came, once the client has joined.
func (c *Client) event(b []byte, stop <-chan struct{}) error {
	e, err := parseEvent(b)
	if err != nil || e == nil {
		return err
	}
	c.mu.Lock()
	state, self := c.state, c.self
	c.mu.Unlock()
	if state == fresh {
		return nil
	}
	switch x := e.(type) {
	case Message:
		x.Data = slices.Clone(x.Data)
		e = x
	case Membership:
		c.assembler.change(x)
		c.feed.Put(e, stop)
		if slices.ContainsFunc(x.Left, func(g Change) bool { return g.Address == self }) {
			c.feed.Close()
		}
		return nil
	case fragment:
		m, complete, err := c.assembler.add(x)
		if err != nil || !complete {
			return err
		}
		e = m
	}
	c.feed.Put(e, stop)
	return nil
}

// putName puts the name of a group.
func putName(m qb.Message, off int, group string) {
	m.U32(off, uint32(len(group)))
	m.Text(off+8, group)
}

func checkGroup(call, group string) error {
	if group != "" && len(group) <= MaxGroup {
		return nil
	}
	return &corosync.Error{
		Service: service, Call: call, Code: corosync.ErrInvalidParam,
		Err: fmt.Errorf("group name of %d bytes, can be 1 to %d", len(group), MaxGroup),
	}
}

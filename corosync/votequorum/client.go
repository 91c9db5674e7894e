// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum

import (
	"context"
	"fmt"
	"sync"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

// service is the name in errors, and that of the socket.
const service = "votequorum"

// Kinds of requests.
const (
	kindInfo        = 0
	kindSetExpected = 1
	kindSetVotes    = 2
	kindTrack       = 3
	kindTrackStop   = 4
	kindRegister    = 5
	kindUnregister  = 6
	kindRename      = 7
	kindPoll        = 8
	kindMasterWins  = 9
)

// Kinds of answers and events.
const (
	kindStatus        = 0 // the answer to all but kindInfo
	kindInfoAnswer    = 1
	kindQuorum        = 3
	kindExpectedVotes = 4
	kindNodeList      = 5
)

// MaxName is the length of the longest name of a device, in bytes. The shortest is 1.
const MaxName = 254

// nameRoom is the room for a device's name in a message, with the zero at its end.
const nameRoom = MaxName + 1

// Client is a connection to votequorum.
type Client struct {
	conn *qb.Conn
	i386 bool // the daemon's ring IDs have no gap

	mu      sync.Mutex
	tracker *Tracker // nil if there is none
	cookie  uint64   // of the last tracker
	ended   bool
}

// Dial connects to votequorum. The context covers the connecting alone. It is
// [corosync.ErrLibrary] if Corosync does not run, or runs without votequorum.
func Dial(ctx context.Context, o qb.Options) (*Client, error) {
	c := &Client{}
	ready := make(chan struct{}) // no event comes before a call, but who knows what listens
	var err error
	c.conn, err = qb.Dial(ctx, service, o, qb.Handler{
		Event: func(b []byte, stop <-chan struct{}) error { <-ready; return c.event(b, stop) },
		End:   c.end,
	})
	if err != nil {
		return nil, err
	}
	c.i386 = c.conn.Layout().I386()
	close(ready)
	return c, nil
}

// Close closes the connection; its tracker ends. What is registered stays registered.
func (c *Client) Close() error { return c.conn.Close() }

// Done is closed when the connection is over.
func (c *Client) Done() <-chan struct{} { return c.conn.Done() }

// Err returns nil while the connection lasts, and then why it is over.
func (c *Client) Err() error { return c.conn.Err() }

// status makes a call that is answered with a code alone.
func (c *Client) status(ctx context.Context, call string, m qb.Message) error {
	_, err := c.conn.Call(ctx, call, m, kindStatus)
	return err
}

// Info tells what is known of a node; 0 is this one. It is
// [corosync.ErrNotExist] for a node that Corosync has not heard of since it started.
func (c *Client) Info(ctx context.Context, node uint32) (Info, error) {
	m := qb.NewMessage(kindInfo, 24)
	m.U32(16, node)
	call := "info"
	if node != 0 {
		call = fmt.Sprint("info of node ", node)
	}
	r, err := c.conn.Call(ctx, call, m, kindInfoAnswer)
	if err != nil {
		return Info{}, err
	}
	i := Info{
		Node: r.U32(24), State: State(r.U32(28)), Votes: r.U32(32), Expected: r.U32(36), HighestExpected: r.U32(40),
		Total: r.U32(44), Quorum: r.U32(48), Flags: Flags(r.U32(52)), DeviceVotes: r.U32(56), DeviceName: r.Text(60, nameRoom),
	}
	if r.Err() != nil {
		return Info{}, r.Err()
	}
	return i, nil
}

// SetExpected sets the expected votes of all nodes, which may lower the quorum.
// It is [corosync.ErrInvalidParam] for fewer than there are votes in this
// partition, and for so many that it would not be quorate any more. Corosync raises
// what is below the votes of the members and the device, cast or not. A reload
// of the configuration undoes it.
func (c *Client) SetExpected(ctx context.Context, votes uint32) error {
	m := qb.NewMessage(kindSetExpected, 24)
	m.U32(16, votes)
	return c.status(ctx, fmt.Sprint("set expected votes to ", votes), m)
}

// SetVotes sets the votes of a node; 0 is the quorum device, not this node. It is
// [corosync.ErrInvalidParam] for votes with which this partition would not be
// quorate, [corosync.ErrNameNotFound] for a node that is not known.
func (c *Client) SetVotes(ctx context.Context, node, votes uint32) error {
	m := qb.NewMessage(kindSetVotes, 24)
	m.U32(16, votes)
	m.U32(20, node)
	return c.status(ctx, fmt.Sprintf("set votes of node %d to %d", node, votes), m)
}

// Register registers the quorum device under a name of 1 to [MaxName] bytes. Again
// under the same name is no error, from whatever connection. Another name
// is [corosync.ErrExist]; [corosync.ErrAccess] means that corosync.conf is such that there
// can be no device (its log says why), and [corosync.ErrTryAgain] that
// somebody else is registering.
//
// The answer comes through the cluster: while it is in sync, it waits.
func (c *Client) Register(ctx context.Context, name string) error {
	return c.named(ctx, "register", kindRegister, 272, name, nil)
}

// Unregister takes the quorum device back, and its vote with it. It is
// [corosync.ErrNotExist] if none is registered, and [corosync.ErrInvalidParam] if it has
// another name.
func (c *Client) Unregister(ctx context.Context, name string) error {
	return c.named(ctx, "unregister", kindUnregister, 272, name, nil)
}

// Rename renames the quorum device. The answer comes before the new name counts,
// which [Client.Info] shows. The errors are those of Unregister.
func (c *Client) Rename(ctx context.Context, from, to string) error {
	if err := checkName("rename", to); err != nil {
		return err
	}
	return c.named(ctx, "rename", kindRename, 528, from, func(m qb.Message) { m.Text(16+nameRoom, to) })
}

// Poll says that the device lives, and whether it casts its vote in this ring: that
// of the last [NodeList]. It is answered also during a sync, which the first poll
// with its ring lets go on. An old ring is [corosync.ErrMessage]: a newer NodeList
// is on its way. [corosync.ErrNotExist] and [corosync.ErrInvalidParam] are as with
// Unregister.
func (c *Client) Poll(ctx context.Context, name string, cast bool, ring corosync.RingID) error {
	return c.named(ctx, "poll", kindPoll, 296, name, func(m qb.Message) {
		if cast {
			m.U32(272, 1)
		}
		m.U32(280, ring.Node)
		m.U64(280+ringSeq(c.i386), ring.Seq)
	})
}

// MasterWins says whether a partition that holds the device's vote is quorate
// whatever its other votes. The errors are those of Unregister.
func (c *Client) MasterWins(ctx context.Context, name string, allow bool) error {
	return c.named(ctx, "master wins", kindMasterWins, 280, name, func(m qb.Message) {
		if allow {
			m.U32(272, 1)
		}
	})
}

// named makes a call that begins with the device's name.
func (c *Client) named(ctx context.Context, call string, kind int32, size int, name string, more func(qb.Message)) error {
	if err := checkName(call, name); err != nil {
		return err
	}
	m := qb.NewMessage(kind, size)
	m.Text(16, name)
	if more != nil {
		more(m)
	}
	return c.status(ctx, call, m)
}

// checkName refuses names that the C library refuses, and those that would be cut.
func checkName(call, name string) error {
	bad := name == "" || len(name) > MaxName
	for i := 0; i < len(name) && !bad; i++ {
		bad = name[i] == 0
	}
	if !bad {
		return nil
	}
	return &corosync.Error{
		Service: service, Call: call, Code: corosync.ErrInvalidParam,
		Err: fmt.Errorf("device name of %d bytes, can be 1 to %d without a zero", len(name), MaxName),
	}
}

// ringSeq returns where in a ring ID its number is.
func ringSeq(i386 bool) int {
	if i386 {
		return 4
	}
	return 8
}

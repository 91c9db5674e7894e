// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cpg

import (
	"context"
	"errors"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

// What an iteration tells.
const (
	names     = 1
	processes = 3
)

// maxMembers is how many members an answer has room for.
const maxMembers = 384

// LocalNode returns this node's ID.
func (c *Client) LocalNode(ctx context.Context) (uint32, error) {
	r, err := c.conn.Call(ctx, "local node", qb.NewMessage(kindLocalNode, qb.RequestHeader), kindLocalNodeAnswer)
	if err != nil {
		return 0, err
	}
	id := r.U32(24)
	return id, r.Err()
}

// Members returns the members of a group, which the client need not be in; none
// for a group that does not exist. Corosync tells at most 384.
func (c *Client) Members(ctx context.Context, group string) ([]Address, error) {
	if err := checkGroup("members", group); err != nil {
		return nil, err
	}
	m := qb.NewMessage(kindMembers, 152)
	putName(m, 16, group)
	r, err := c.conn.Call(ctx, "members", m, kindMembersAnswer)
	if err != nil {
		return nil, err
	}
	return parseMembers(r)
}

// parseMembers reads an answer.
func parseMembers(r *qb.Reader) ([]Address, error) {
	n := r.U32(24)
	if n > maxMembers {
		r.Fail("%d members", n)
	}
	var list []Address
	for i := 0; r.Err() == nil && i < int(n); i++ {
		list = append(list, Address{Node: r.U32(32 + addressLength*i), PID: r.U32(40 + addressLength*i)})
	}
	if r.Err() != nil {
		return nil, r.Err()
	}
	return list, nil
}

// Process is a member of a group.
type Process struct {
	Group string // the group's name; a process in two groups is listed twice
	Address
}

// Groups returns the names of all groups in the partition.
func (c *Client) Groups(ctx context.Context) ([]string, error) {
	all, err := c.iterate(ctx, names)
	var list []string
	for _, p := range all {
		list = append(list, p.Group)
	}
	return list, err
}

// Processes returns the members of all groups in the partition, group by group.
func (c *Client) Processes(ctx context.Context) ([]Process, error) { return c.iterate(ctx, processes) }

// iterate makes the daemon list what it has, and takes it piece by piece.
func (c *Client) iterate(ctx context.Context, what uint32) (list []Process, err error) {
	m := qb.NewMessage(kindIterate, 160)
	m.U32(152, what)
	r, err := c.conn.Call(ctx, "list", m, kindIterateAnswer)
	if err != nil {
		return nil, err
	}
	handle := r.U64(24)
	if r.Err() != nil {
		return nil, r.Err()
	}
	for err == nil {
		var p Process
		if p, err = c.next(ctx, handle); err == nil {
			list = append(list, p)
		}
	}
	if !errors.Is(err, corosync.ErrNoSections) {
		return nil, err
	}
	m = qb.NewMessage(kindFinish, 24)
	m.U64(16, handle)
	_, err = c.conn.Call(ctx, "list", m, kindFinishAnswer)
	return list, err
}

func (c *Client) next(ctx context.Context, handle uint64) (Process, error) {
	m := qb.NewMessage(kindNext, 24)
	m.U64(16, handle)
	r, err := c.conn.Call(ctx, "list", m, kindNextAnswer)
	if err != nil {
		return Process{}, err
	}
	return parseProcess(r)
}

// parseProcess reads an answer.
func parseProcess(r *qb.Reader) (Process, error) {
	n := r.U32(24)
	if n > MaxGroup {
		r.Fail("group name of %d bytes", n)
		return Process{}, r.Err()
	}
	p := Process{Group: string(r.Bytes(32, int(n))), Address: Address{Node: r.U32(160), PID: r.U32(164)}}
	return p, r.Err()
}

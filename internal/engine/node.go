// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/quorate/quorate/corosync"
	vqlib "github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/engine/core"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/votequorum"
)

// Node is a client's connection to a node. It does for a node daemon what a
// connection to Corosync does; its errors are those of package corosync.
type Node struct {
	c       *Cluster
	id      qnet.NodeID
	events  chan vqlib.Event
	changes chan struct{}
	done    chan struct{} // closed when the connection is lost or closed
	ended   chan struct{} // closed when the pump has ended

	mu    sync.Mutex
	queue []vqlib.Event
	more  chan struct{} // there may be something in the queue
	err   error
}

// Open connects to a node that is up.
func (c *Cluster) Open(id qnet.NodeID) (*Node, error) {
	n := &Node{
		c: c, id: id, events: make(chan vqlib.Event), changes: make(chan struct{}, 1),
		done: make(chan struct{}), ended: make(chan struct{}), more: make(chan struct{}, 1),
	}
	up := false
	if err := c.run(context.Background(), func() {
		var tracked []votequorum.Output
		if tracked, up = c.machine.Tracked(id); up {
			c.clients = append(c.clients, n)
		}
		for _, o := range tracked {
			n.push(o)
		}
	}); err != nil {
		return nil, n.failed("connect", err)
	}
	if !up {
		return nil, n.failed("connect", corosync.ErrLibrary)
	}
	go n.pump()
	return n, nil
}

// push puts an event in the queue. Only the loop calls it.
func (n *Node) push(o votequorum.Output) {
	e := event(o)
	if e == nil {
		return
	}
	n.mu.Lock()
	n.queue = append(n.queue, e)
	n.mu.Unlock()
	select {
	case n.more <- struct{}{}:
	default:
	}
}

// pump hands the queue over to whoever reads the events: the loop must not wait
// for a client.
func (n *Node) pump() {
	defer close(n.ended)
	defer close(n.events)
	for {
		n.mu.Lock()
		queue := n.queue
		n.queue = nil
		n.mu.Unlock()
		for _, e := range queue {
			select {
			case n.events <- e:
			case <-n.done:
				return
			}
		}
		select {
		case <-n.more:
		case <-n.done:
			return
		}
	}
}

// event is a notice in the words of the client library, or nil.
func event(o votequorum.Output) vqlib.Event {
	switch o := o.(type) {
	case votequorum.NodeListNotice:
		e := vqlib.NodeList{Ring: ringID(o.Ring)}
		for _, id := range o.Members {
			e.Members = append(e.Members, uint32(id))
		}
		return e
	case votequorum.QuorumNotice:
		e := vqlib.Quorum{Quorate: o.Quorate}
		for _, n := range o.Nodes {
			e.Nodes = append(e.Nodes, vqlib.NodeState{Node: uint32(n.ID), State: vqlib.State(n.State)})
		}
		return e
	case votequorum.ExpectedVotesNotice:
		return vqlib.ExpectedVotes{Votes: o.Votes}
	}
	return nil
}

func ringID(r qnet.RingID) corosync.RingID {
	return corosync.RingID{Node: uint32(r.Node), Seq: r.Seq}
}

// lose ends the connection.
func (n *Node) lose(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err == nil {
		n.err = err
		close(n.done)
	}
}

// Keys returns the configuration keys below the prefixes, or all of them without
// any. It waits while the node is frozen, or in a sync that waits for the device.
func (n *Node) Keys(ctx context.Context, prefixes ...string) (map[string]string, error) {
	if err := n.ask(ctx, false); err != nil {
		return nil, n.failed("get", err)
	}
	found := map[string]string{}
	if err := n.c.run(ctx, func() {
		for k, v := range n.c.keys(n.id) {
			if below(k, prefixes) {
				found[k] = v
			}
		}
	}); err != nil {
		return nil, n.failed("get", err)
	}
	return found, nil
}

// Changes is sent to when the configuration has changed.
func (n *Node) Changes() <-chan struct{} { return n.changes }

// Events returns what votequorum tells, from the state at Open on. It is closed
// when the connection is lost.
func (n *Node) Events() <-chan vqlib.Event { return n.events }

// Register registers the quorum device; again under the same name is no error.
func (n *Node) Register(ctx context.Context, name string) error {
	return n.request(ctx, "register", func(call votequorum.Call) votequorum.Input {
		return votequorum.Register{Call: call, Name: name}
	})
}

// Unregister takes the device back.
func (n *Node) Unregister(ctx context.Context, name string) error {
	return n.request(ctx, "unregister", func(call votequorum.Call) votequorum.Input {
		return votequorum.Unregister{Call: call, Name: name}
	})
}

// Poll says that the device lives and whether it casts its vote for the ring. A
// ring that is not the last NodeList's is corosync.ErrMessage.
func (n *Node) Poll(ctx context.Context, name string, cast bool, ring corosync.RingID) error {
	return n.request(ctx, "poll", func(call votequorum.Call) votequorum.Input {
		return votequorum.Poll{Call: call, Name: name, Ring: qnet.RingID{Node: qnet.NodeID(ring.Node), Seq: ring.Seq}, Cast: cast}
	})
}

// MasterWins says whether the partition that casts the device's vote is quorate
// without a majority.
func (n *Node) MasterWins(ctx context.Context, name string, allow bool) error {
	return n.request(ctx, "master wins", func(call votequorum.Call) votequorum.Input {
		return votequorum.MasterWins{Call: call, Name: name, Allow: allow}
	})
}

// ask waits until the node serves this client.
func (n *Node) ask(ctx context.Context, inSync bool) error {
	a, err := n.c.call(ctx, n, func(call votequorum.Call) core.Input {
		return core.Ask{Node: n.id, Call: call, InSync: inSync}
	})
	return codeOf(a, err)
}

func codeOf(a core.Answer, err error) error {
	if err == nil && a.Code != votequorum.OK {
		return corosync.Code(a.Code)
	}
	return err
}

func (n *Node) request(ctx context.Context, what string, in func(votequorum.Call) votequorum.Input) error {
	a, err := n.c.call(ctx, n, func(call votequorum.Call) core.Input { return core.Call{Node: n.id, In: in(call)} })
	if err := codeOf(a, err); err != nil {
		return n.failed(what, err)
	}
	return nil
}

// Info tells of one node, 0 being this one. An unknown node is corosync.ErrNotExist.
func (n *Node) Info(ctx context.Context, node uint32) (vqlib.Info, error) {
	var v votequorum.NodeVotes
	known := false
	err := n.ask(ctx, true)
	if err == nil {
		err = n.c.run(ctx, func() { v, known = n.c.machine.Info(n.id, qnet.NodeID(node)) })
	}
	switch {
	case err == nil && n.Err() != nil:
		err = n.Err()
	case err == nil && !known:
		err = corosync.ErrNotExist
	}
	if err != nil {
		return vqlib.Info{}, n.failed("get info", err)
	}
	return vqlib.Info{
		Node: uint32(v.Node), State: vqlib.State(v.State), Votes: v.Votes, Expected: v.Expected, HighestExpected: v.HighestExpected,
		Total: v.Total, Quorum: v.Quorum, Flags: vqlib.Flags(v.Flags), DeviceVotes: v.DeviceVotes, DeviceName: v.DeviceName,
	}, nil
}

// failed is the error of a call, as a client of Corosync sees it.
func (n *Node) failed(call string, err error) error {
	e := &corosync.Error{Service: fmt.Sprintf("node %v of the laboratory", n.id), Call: call, Code: corosync.ErrLibrary}
	switch {
	case errors.As(err, &e.Code):
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e.Code, e.Err = corosync.ErrInterrupt, err
	default:
		e.Err = err
	}
	return e
}

// Err returns why the connection was lost, nil while it lasts.
func (n *Node) Err() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.err
}

// Close ends the connection. What is registered stays registered.
func (n *Node) Close() error {
	_ = n.c.run(context.Background(), func() {
		for i, o := range n.c.clients {
			if o == n {
				n.c.clients = append(n.c.clients[:i], n.c.clients[i+1:]...)
				break
			}
		}
	})
	n.lose(ErrClosed)
	<-n.ended
	return nil
}

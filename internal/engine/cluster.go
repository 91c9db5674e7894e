// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/internal/engine/core"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/votequorum"
)

// Config is what a Cluster is told at its start.
type Config struct {
	core.Config

	Keys Keys

	// OnEvent, if not nil, is called with every Log and Conflict of the machine, in
	// order. It must not call the Cluster.
	OnEvent func(core.Output)
}

// Keys are configuration keys that do not follow from the votes: those of the
// cluster ("totem.cluster_name") and those of single nodes, which a real
// cluster does not have.
type Keys struct {
	All map[string]string
	Of  map[qnet.NodeID]map[string]string
}

// Refused is the error of a Change on a node that is not quorate: the reason, in
// a sentence.
type Refused string

// Error returns the reason.
func (r Refused) Error() string { return string(r) }

// ErrClosed is returned by calls on a Cluster that was closed.
var ErrClosed = errors.New("the engine was closed")

// Cluster is a running cluster. Its methods may be called from several goroutines.
type Cluster struct {
	do      chan func()   // run by the loop
	quit    chan struct{} // closed by Close
	ended   chan struct{} // closed when the loop has ended
	once    sync.Once
	changed chan struct{}

	// What follows belongs to the loop.
	machine *core.Machine
	cfg     Config
	clients []*Node
	calls   votequorum.Call
	waiting map[votequorum.Call]chan<- core.Answer
}

// Start starts a cluster whose nodes are down.
func Start(cfg Config) (*Cluster, error) {
	m, err := core.New(cfg.Config, time.Now())
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		do: make(chan func()), quit: make(chan struct{}), ended: make(chan struct{}), changed: make(chan struct{}, 1),
		machine: m, cfg: cfg, waiting: map[votequorum.Call]chan<- core.Answer{},
	}
	go c.loop()
	return c, nil
}

// Close ends the cluster and all connections to its nodes.
func (c *Cluster) Close() {
	c.once.Do(func() { close(c.quit) })
	<-c.ended
}

// Changed is sent to when the status may have changed. Several changes may be one.
func (c *Cluster) Changed() <-chan struct{} { return c.changed }

func (c *Cluster) loop() {
	defer close(c.ended)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-c.quit:
			for _, n := range c.clients {
				n.lose(ErrClosed)
			}
			return
		case f := <-c.do:
			f()
		case <-timer.C:
			c.step(core.Tick{})
		}
		if at := c.machine.Deadline(); at.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(time.Until(at))
		}
	}
}

// run has f run by the loop, and waits for it.
func (c *Cluster) run(ctx context.Context, f func()) error {
	done := make(chan struct{})
	select {
	case c.do <- func() { f(); close(done) }:
		<-done
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.quit:
		return ErrClosed
	}
}

// step gives the machine an input and tells everybody what came of it.
func (c *Cluster) step(in core.Input) {
	outs := c.machine.Step(time.Now(), in)
	if _, tick := in.(core.Tick); tick && len(outs) == 0 {
		return // nothing has changed: whoever watches asks for the status with a tick
	}
	for _, o := range outs {
		switch o := o.(type) {
		case core.Event:
			for _, n := range c.clients {
				if n.id == o.Node {
					n.push(o.Notice)
				}
			}
		case core.Answer:
			if w := c.waiting[o.Call]; w != nil {
				delete(c.waiting, o.Call)
				w <- o
			}
		case core.Lost:
			c.lost(o.Node)
		default:
			if c.cfg.OnEvent != nil {
				c.cfg.OnEvent(o)
			}
		}
	}
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// lost ends the connections to a node that is down.
func (c *Cluster) lost(id qnet.NodeID) {
	rest := c.clients[:0]
	for _, n := range c.clients {
		if n.id == id {
			n.lose(corosync.ErrLibrary)
		} else {
			rest = append(rest, n)
		}
	}
	clear(c.clients[len(rest):])
	c.clients = rest
}

// Do gives the machine an input that is no call: Up, Down, Leave, Freeze, Thaw or
// SetLink.
func (c *Cluster) Do(ins ...core.Input) error {
	return c.run(context.Background(), func() {
		for _, in := range ins {
			c.step(in)
		}
	})
}

// Reload puts other votes and keys in force on every node, and tells those who
// watch Changes. An error says what is wrong with the votes, and nothing has changed.
func (c *Cluster) Reload(votes votequorum.Config, keys Keys) error {
	var err error
	rerr := c.run(context.Background(), func() {
		if err = c.machine.Check(votes); err != nil {
			return
		}
		c.cfg.Votes, c.cfg.Keys = votes, keys
		c.step(core.Reload{Votes: votes})
		for _, n := range c.clients {
			select {
			case n.changes <- struct{}{}:
			default:
			}
		}
	})
	return errors.Join(rerr, err)
}

// Status returns the present state.
func (c *Cluster) Status() (core.Status, error) {
	var s core.Status
	err := c.run(context.Background(), func() {
		c.step(core.Tick{})
		s = c.machine.Status()
	})
	return s, err
}

// Change sets one item of the shared data through a node, or removes it with an
// empty value. It waits until the node's ring is settled. A node that is not
// quorate answers with a [Refused]; one that is down with [corosync.ErrLibrary].
func (c *Cluster) Change(ctx context.Context, id qnet.NodeID, key, value string) error {
	a, err := c.call(ctx, nil, func(call votequorum.Call) core.Input {
		return core.Change{Node: id, Call: call, Key: key, Value: value}
	})
	switch {
	case err != nil:
		return err
	case a.Code == core.ErrDown:
		return fmt.Errorf("%s: %w", a.Why, corosync.ErrLibrary)
	case a.Code != votequorum.OK:
		return Refused(a.Why)
	}
	return nil
}

// call makes a call of a client, or of nobody's, and waits for its answer.
func (c *Cluster) call(ctx context.Context, n *Node, in func(votequorum.Call) core.Input) (core.Answer, error) {
	answer := make(chan core.Answer, 1)
	var call votequorum.Call
	var lost <-chan struct{}
	if n != nil {
		lost = n.done
	}
	if err := c.run(ctx, func() {
		if n != nil && n.Err() != nil {
			return // lost is closed
		}
		c.calls++
		call = c.calls
		c.waiting[call] = answer
		c.step(in(call))
	}); err != nil {
		return core.Answer{}, err
	}
	var err error
	select {
	case a := <-answer:
		return a, nil
	case <-lost:
		err = n.Err()
	case <-ctx.Done():
		err = ctx.Err()
	case <-c.ended:
		err = ErrClosed
	}
	_ = c.run(context.Background(), func() { delete(c.waiting, call) })
	return core.Answer{}, err
}

// keys returns the configuration of one node as Corosync's cmap has it.
func (c *Cluster) keys(id qnet.NodeID) map[string]string {
	v := c.cfg.Votes
	keys := map[string]string{"totem.version": "2", "quorum.provider": "corosync_votequorum"}
	for i, n := range v.Nodes {
		at := fmt.Sprintf("nodelist.node.%d.", i)
		keys[at+"nodeid"], keys[at+"name"], keys[at+"quorum_votes"] = n.ID.String(), n.Name, fmt.Sprint(n.Votes)
		keys[at+"ring0_addr"] = "127.0.0.1"
		if n.ID == id {
			keys["nodelist.local_node_pos"], keys["runtime.votequorum.this_node_id"] = fmt.Sprint(i), id.String()
		}
	}
	if v.WaitForAll == votequorum.On {
		keys["quorum.wait_for_all"] = "1"
	}
	if d := v.Device; d != nil {
		keys["quorum.device.timeout"] = fmt.Sprint(d.Timeout.Milliseconds())
		keys["quorum.device.sync_timeout"] = fmt.Sprint(d.SyncTimeout.Milliseconds())
		if d.Votes != votequorum.AutoVotes {
			keys["quorum.device.votes"] = fmt.Sprint(d.Votes)
		}
	}
	maps.Copy(keys, c.cfg.Keys.All)
	maps.Copy(keys, c.cfg.Keys.Of[id])
	return keys
}

func below(key string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(key, p) {
			return true
		}
	}
	return len(prefixes) == 0
}

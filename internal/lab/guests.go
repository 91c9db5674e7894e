// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/engine/core"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
)

// guestPrefix begins the keys of guests in the shared data.
const guestPrefix = "guest/"

// guestsOf reads the guests that a node knows of.
func guestsOf(n *core.NodeStatus) []GuestView {
	var list []GuestView
	for _, it := range n.Data {
		name, ok := strings.CutPrefix(it.Key, guestPrefix)
		if !ok {
			continue
		}
		where, state, _ := strings.Cut(it.Value, " ")
		id, err := strconv.ParseUint(where, 10, 32)
		if err == nil {
			list = append(list, GuestView{Name: name, Node: qnet.NodeID(id), Running: state == "running"})
		}
	}
	return list
}

// patience is how long a change may wait for its node's sync.
const patience = time.Minute

// guest does a command on a guest: a change of the shared data, made on the node
// that it is about.
func (l *Lab) guest(ctx context.Context, c scenario.Command) ([]string, error) {
	st, err := l.engine.Status()
	if err != nil {
		return nil, err
	}
	known := guestsOf(newest(st))
	var g *GuestView
	for i := range known {
		if known[i].Name == c.Name {
			g = &known[i]
		}
	}
	switch {
	case g == nil && c.Word != "create":
		return nil, fmt.Errorf("there is no guest %s: guest create %s on NODE", c.Name, c.Name)
	case g != nil && c.Word == "create":
		return nil, fmt.Errorf("guest %s exists already, on node %v", g.Name, g.Node)
	case g == nil && len(known) == maxGuests:
		return nil, fmt.Errorf("there are %d guests already", maxGuests)
	}
	to := GuestView{Name: c.Name, Node: nodeOf(c), Running: c.Word == "start"}
	if g != nil && to.Node == 0 {
		to.Node = g.Node
	}
	var elsewhere string
	if g != nil {
		if elsewhere, err = l.mayMove(st, g, to); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	err = l.plan.reaches(to.Node)
	l.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("%w; guest start %s on NODE starts it elsewhere", err, c.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := l.engine.Change(ctx, to.Node, guestPrefix+to.Name, to.value()); err != nil {
		return nil, fmt.Errorf("refused: %w", err)
	}
	l.watch.poke()
	return []string{"done: " + to.text() + elsewhere}, nil
}

// mayMove says what is in the way of starting a guest on another node than it is
// on, and what a real cluster would do first.
func (l *Lab) mayMove(st core.Status, g *GuestView, to GuestView) (note string, err error) {
	if to.Node == g.Node || !g.Running {
		return "", nil
	}
	old, target := &st.Nodes[g.Node-1], &st.Nodes[to.Node-1]
	switch {
	case !old.Up:
		return "", nil
	case old.Ring == target.Ring:
		return "", fmt.Errorf("guest %s runs on node %v: stop it first", g.Name, g.Node)
	}
	return fmt.Sprintf(" (node %v is alive somewhere: a real cluster fences it first)", g.Node), nil
}

func (g *GuestView) value() string {
	if g.Running {
		return g.Node.String() + " running"
	}
	return g.Node.String() + " stopped"
}

func (g *GuestView) text() string {
	if g.Running {
		return fmt.Sprintf("%s runs on node %v", g.Name, g.Node)
	}
	return fmt.Sprintf("%s is stopped, on node %v", g.Name, g.Node)
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"fmt"
	"slices"

	"github.com/quorate/quorate/internal/qnet"
)

// Plan is what is up and what is not: enough to say of a command that it can't be
// done, without doing it. What depends on quorum is not in it.
type Plan struct {
	nodes   []power // node 1 first
	device  bool
	arbiter bool
	guests  []string // names that were created, or tried to be
}

// power is whether a node is up.
type power uint8

const (
	off power = iota
	on
	frozen
)

// NewPlan returns the plan of a laboratory that has just started: all nodes are
// up and, with a device, so is the arbiter.
func NewPlan(nodes int, device bool) *Plan {
	p := &Plan{nodes: make([]power, nodes), device: device, arbiter: device}
	for i := range p.nodes {
		p.nodes[i] = on
	}
	return p
}

// Take notes that the command is done, or says why it can't be, and then nothing
// has changed.
func (p *Plan) Take(c Command) error {
	switch c.Verb {
	case Up, Down, Leave, Freeze, Thaw:
		return p.power(c)
	case Serve:
		switch {
		case !p.device:
			return fmt.Errorf("there is no arbiter: device on adds one")
		case c.On && p.arbiter:
			return fmt.Errorf("the arbiter runs already")
		case !c.On && !p.arbiter:
			return fmt.Errorf("the arbiter does not run")
		}
		p.arbiter = c.On
	case Device:
		return p.setDevice(c.On)
	case Cut, Drop, Heal:
		if !p.device && (slices.Contains(c.A, Arbiter) || slices.Contains(c.B, Arbiter)) {
			return fmt.Errorf("there is no arbiter: device on adds one")
		}
	case Losses:
		if c.Node != 0 {
			return p.reaches(c.Node)
		}
	case Guest:
		return p.guest(c)
	}
	return nil
}

// power applies a verb that switches nodes.
func (p *Plan) power(c Command) error {
	to := map[Verb]power{Up: on, Down: off, Leave: off, Freeze: frozen, Thaw: on}[c.Verb]
	for _, id := range c.Nodes {
		switch was := p.nodes[id-1]; {
		case c.Verb == Thaw && was != frozen:
			return fmt.Errorf("node %v is not frozen", id)
		case c.Verb == Up && was != off:
			return fmt.Errorf("node %v is up already", id)
		case c.Verb != Up && was == off:
			return fmt.Errorf("node %v is down already", id)
		case c.Verb == Freeze && was == frozen:
			return fmt.Errorf("node %v is frozen already", id)
		case c.Verb == Leave && was == frozen:
			return fmt.Errorf("node %v is frozen: thaw it, or take its power away (down)", id)
		}
	}
	for _, id := range c.Nodes {
		p.nodes[id-1] = to
	}
	return nil
}

func (p *Plan) setDevice(on bool) error {
	switch {
	case on && p.device:
		return fmt.Errorf("the cluster has a quorum device already")
	case !on && !p.device:
		return fmt.Errorf("the cluster has no quorum device")
	}
	if i := slices.Index(p.nodes, frozen); i >= 0 {
		return fmt.Errorf("node %d is frozen and would not take up the new configuration: thaw it first", i+1)
	}
	p.device, p.arbiter = on, on
	return nil
}

// guest checks a guest's name and its node. Whether a creation was refused is
// not known here, so a name may be created again.
func (p *Plan) guest(c Command) error {
	if c.Act != "create" && !slices.Contains(p.guests, c.Name) {
		return fmt.Errorf("there is no guest %s: guest create %s on NODE", c.Name, c.Name)
	}
	if c.Node != 0 {
		if err := p.reaches(c.Node); err != nil {
			return err
		}
	}
	if c.Act == "create" && !slices.Contains(p.guests, c.Name) {
		if len(p.guests) == maxGuests {
			return fmt.Errorf("there are %d guests already", maxGuests)
		}
		p.guests = append(p.guests, c.Name)
	}
	return nil
}

// maxGuests is the most guests that a laboratory has.
const maxGuests = 20

// reaches says why nobody can work on a node.
func (p *Plan) reaches(id qnet.NodeID) error {
	switch p.nodes[id-1] {
	case off:
		return fmt.Errorf("node %v is down", id)
	case frozen:
		return fmt.Errorf("node %v is frozen", id)
	}
	return nil
}

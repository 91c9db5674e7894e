// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"errors"
	"fmt"
	"slices"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
)

// plan is what is up and what is not: enough to say of a command that it can't be
// done, without doing it. What depends on quorum is not in it.
type plan struct {
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

// newPlan returns the plan of a laboratory that has just started: with a device, its
// arbiter is up, and all nodes are unless it starts without them.
func newPlan(cfg *Config) *plan {
	p := &plan{nodes: make([]power, cfg.Nodes), device: cfg.Device, arbiter: cfg.Device}
	for i := range p.nodes {
		if !cfg.Down {
			p.nodes[i] = on
		}
	}
	return p
}

// apply notes that the command is done, or says why it can't be, and then nothing
// has changed. It returns what is left to do of the command: a scenario may ask for
// what is so already, and a script may not.
func (p *plan) apply(c scenario.Command) (scenario.Command, error) {
	switch c.Verb {
	case scenario.Up, scenario.Down, scenario.Kill, scenario.Leave, scenario.Pause, scenario.Resume:
		return p.power(c)
	case scenario.Server:
		return c, p.setArbiter(c)
	case scenario.Device:
		return c, p.setDevice(c.Word == "on")
	case scenario.Cut, scenario.Drop, scenario.Heal:
		if !p.device && (slices.Contains(c.A, Arbiter) || slices.Contains(c.B, Arbiter)) {
			return c, errNoArbiter
		}
	case scenario.Calm:
		p.arbiter = p.device
		for i, was := range p.nodes {
			if was == frozen {
				p.nodes[i] = on
			}
		}
	case scenario.Losses:
		if id := nodeOf(c); id != 0 {
			return c, p.reaches(id)
		}
	case scenario.Guest:
		return c, p.guest(c)
	}
	return c, nil
}

var errNoArbiter = errors.New("there is no arbiter: device on adds one")

func (p *plan) setArbiter(c scenario.Command) error {
	start := c.Word == "start"
	switch {
	case !p.device:
		return errNoArbiter
	case start && p.arbiter && c.Flat:
		return fmt.Errorf("the arbiter runs already")
	case !start && !p.arbiter && c.Flat:
		return fmt.Errorf("the arbiter does not run")
	}
	p.arbiter = start
	return nil
}

// power applies a verb that switches nodes.
func (p *plan) power(c scenario.Command) (scenario.Command, error) {
	to := map[scenario.Verb]power{scenario.Up: on, scenario.Resume: on, scenario.Pause: frozen}[c.Verb] // else off
	var left []scenario.Host
	for _, id := range c.Hosts {
		err := p.cantSwitch(c.Verb, id)
		switch {
		case err == nil:
			left = append(left, id)
		case c.Flat:
			return c, err
		}
	}
	for _, id := range left {
		p.nodes[id-1] = to
	}
	c.Hosts = left
	return c, nil
}

// cantSwitch says why a verb does nothing to a node.
func (p *plan) cantSwitch(v scenario.Verb, id qnet.NodeID) error {
	switch was := p.nodes[id-1]; {
	case v == scenario.Resume && was != frozen:
		return fmt.Errorf("node %v is not frozen", id)
	case v == scenario.Up && was != off:
		return fmt.Errorf("node %v is up already", id)
	case v != scenario.Up && was == off:
		return fmt.Errorf("node %v is down already", id)
	case v == scenario.Pause && was == frozen:
		return fmt.Errorf("node %v is frozen already", id)
	case v == scenario.Leave && was == frozen:
		return fmt.Errorf("node %v is frozen: thaw it, or take its power away (down)", id)
	}
	return nil
}

func (p *plan) setDevice(on bool) error {
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
func (p *plan) guest(c scenario.Command) error {
	if c.Word != "create" && !slices.Contains(p.guests, c.Name) {
		return fmt.Errorf("there is no guest %s: guest create %s on NODE", c.Name, c.Name)
	}
	if id := nodeOf(c); id != 0 {
		if err := p.reaches(id); err != nil {
			return err
		}
	}
	if c.Word == "create" && !slices.Contains(p.guests, c.Name) {
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
func (p *plan) reaches(id qnet.NodeID) error {
	switch p.nodes[id-1] {
	case off:
		return fmt.Errorf("node %v is down", id)
	case frozen:
		return fmt.Errorf("node %v is frozen", id)
	}
	return nil
}

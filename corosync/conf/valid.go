// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"math"
	"strconv"
)

const (
	minTimer = 30 // ms, as Corosync has it for a clock of 100 Hz
	minHold  = 14 // ms

	defaultToken       = 3000
	defaultCoefficient = 650
	defaultRetransmits = 4
	defaultJoin        = 50
)

// validLinks checks each link that is configured.
func (c *checker) validLinks() *Error {
	found := false
	for n, l := range c.links {
		if !l.configured {
			continue
		}
		found = true
		if err := c.validLink("totem.interface."+strconv.Itoa(n)+".", l); err != nil {
			return err
		}
	}
	if !found {
		return errorf(0, "no links: neither nodes with addresses nor interface sections")
	}
	return nil
}

func (c *checker) validLink(path string, l linkState) *Error {
	switch {
	case c.mode == udp && !l.hasMcast:
		return c.bad(path+"mcastaddr", "missing: udp needs one, or a totem.cluster_name to make one from")
	case l.port == 0:
		return c.bad(path+"mcastport", "must not be 0, and each node needs an address of that link")
	case c.mode != udp && l.ttl != 1:
		return c.bad(path+"ttl", "can be set for udp only")
	case c.mode != knet && l.priority != 1:
		return c.bad(path+"knet_link_priority", "can be set for knet only")
	case l.mcast.Is6() && c.id == 0:
		return c.bad(path+"mcastaddr", "with IPv6 a node needs an ID")
	}
	if c.mode != udp || c.broadcast || !l.mcast.IsValid() || !l.bindnet.IsValid() {
		return nil
	}
	if l.mcast.Is4() != l.bindnet.Is4() {
		return c.bad(path+"mcastaddr", "%s is not of the same family as %s", l.mcast, l.bindnet)
	}
	if !l.mcast.IsMulticast() {
		return c.bad(path+"mcastaddr", "%s is not a multicast address", l.mcast)
	}
	return nil
}

// multiLink holds what several links need, and one family for each link.
func (c *checker) multiLink() *Error {
	count, members := 0, 0
	for _, l := range c.links {
		if l.configured {
			if count++; count == 1 {
				members = len(l.members)
			}
		}
	}
	for i := 0; count > 1 && i < members; i++ {
		if name := "nodelist.node." + strconv.Itoa(i) + ".name"; c.f.keys[name].Type != String {
			return errorf(0, "%s: missing: with several links each node needs a name", name)
		}
	}
	for n, l := range c.links {
		if l.configured && count > 1 && len(l.members) != members {
			return errorf(0, "link %d has %s and another has %d: each node needs an address of each link",
				n, plural(len(l.members), "address"), members)
		}
	}
	for n, l := range c.links {
		for _, a := range l.members {
			if first := l.members[0]; l.configured && a.IsValid() && first.IsValid() && a.Is4() != first.Is4() {
				return errorf(0, "link %d: %s and %s are of different families", n, a, first)
			}
		}
	}
	return nil
}

// A timing is the timers of Totem that count, in ms.
type timing struct {
	token, retransmit, hold, join, consensus uint32
}

// nonzero returns a number, or what counts if it is not given or 0.
func (c *checker) nonzero(name string, otherwise uint32) uint32 {
	if n := c.u32(name, otherwise); n != 0 {
		return n
	}
	return otherwise
}

// timing computes the timers as Corosync does, for a number of nodes.
func (c *checker) timing(nodes int) timing {
	t := timing{token: c.nonzero("totem.token", defaultToken)}
	if nodes > 2 {
		t.token += uint32(nodes-2) * c.u32("totem.token_coefficient", defaultCoefficient)
	}
	loss := c.nonzero("totem.token_retransmits_before_loss_const", defaultRetransmits)
	t.retransmit = c.nonzero("totem.token_retransmit", toInt(float64(t.token)/(float64(loss)+0.2)))
	t.hold = c.nonzero("totem.hold", toInt(float64(t.retransmit)*0.8-10))
	t.join = c.nonzero("totem.join", defaultJoin)
	t.consensus = c.nonzero("totem.consensus", toInt(float64(float32(1.2*float64(t.token)))))
	return t
}

// toInt turns a number into C's int, whose overflow gives the smallest one, and
// that into the unsigned one where it is kept.
func toInt(f float64) uint32 {
	if f >= math.MaxInt32+1.0 {
		return 1 << 31
	}
	return uint32(int32(f))
}

// timers checks the timers that must not be too short.
func (c *checker) timers() *Error {
	t := c.timing(len(c.links[0].members))
	for _, timer := range []struct {
		name      string
		is, least uint32
	}{
		{"totem.max_network_delay", c.nonzero("totem.max_network_delay", 50), minTimer},
		{"totem.token", t.token, minTimer},
		{"totem.token_retransmit", t.retransmit, minTimer},
		{"totem.hold", t.hold, minHold},
		{"totem.join", t.join, minTimer},
		{"totem.consensus", t.consensus, minTimer},
		{"totem.consensus", t.consensus, t.join},
		{"totem.merge", c.nonzero("totem.merge", 200), minTimer},
		{"totem.downcheck", c.nonzero("totem.downcheck", 1000), minTimer},
	} {
		if timer.is < timer.least {
			return c.bad(timer.name, "%d ms are less than %d", timer.is, timer.least)
		}
	}
	if w := c.u32("totem.token_warning", 75); w > 100 {
		return c.bad("totem.token_warning", "%d is more than 100 %%", w)
	}
	return nil
}

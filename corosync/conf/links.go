// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
)

const (
	maxMembers  = 384
	defaultPort = 5405
)

// A linkState is what Corosync knows of a link after it has read the file.
type linkState struct {
	configured    bool
	bindnet       netip.Addr // not valid if it was not given or could not be asked for
	mcast         netip.Addr
	hasMcast      bool
	port          uint16
	ttl, priority uint8
	members       []netip.Addr
}

// scanUint reads a number as C's sscanf does with %u: a sign may come first, and
// of what is too large the lower 32 bits count.
func scanUint(text string) (n uint64, rest string, ok bool) {
	digits, negative := strings.CutPrefix(text, "-")
	rest = strings.TrimLeft(digits, "0123456789")
	digits = digits[:len(digits)-len(rest)]
	n, err := strconv.ParseUint(digits, 10, 64)
	if negative && err == nil {
		n = -n
	}
	return n & math.MaxUint32, rest, digits != ""
}

// ring takes the key of a node's address apart: nodelist.node.0.ring1_addr.
func ring(name string) (pos int, link uint64, ok bool) {
	pos, key, ok := nodeKey(name)
	digits, isRing := strings.CutPrefix(key, "ring")
	if !ok || !isRing {
		return 0, 0, false
	}
	link, rest, ok := scanUint(digits)
	return pos, link, ok && rest == "_addr"
}

// binds returns the bindnetaddr of each link, by the text of its number: those
// of the interface sections, or the local node's own addresses.
func (c *checker) binds() map[string]string {
	binds := map[string]string{}
	_, bound := c.text("totem.interface.0.bindnetaddr")
	_, ring0 := c.text("nodelist.node.0.ring0_addr")
	if !bound || ring0 {
		for _, k := range c.f.sorted {
			if pos, link, ok := ring(k.Name); ok && pos == c.local {
				binds[strconv.FormatUint(link, 10)] = k.Value
			}
		}
	}
	return binds
}

// interfaces reads the interface sections, and those that the local node's
// addresses stand for.
func (c *checker) interfaces() *Error {
	const prefix = "totem.interface."
	binds := c.binds()
	for _, k := range c.f.sorted {
		rest, ok := strings.CutPrefix(k.Name, prefix)
		number, key, more := strings.Cut(rest, ".")
		if !ok || !more || number == "" || key == "" || c.mode == udp && key != "bindnetaddr" {
			continue
		}
		if err := c.readLink(atoi(number), k.Name, binds); err != nil {
			return err
		}
	}
	for link := range uint64(maxLinks) { // in order: link 0 decides on the family of the others
		if _, ok := binds[strconv.FormatUint(link, 10)]; ok {
			if err := c.readLink(link, "", binds); err != nil {
				return err
			}
		}
	}
	for _, k := range c.f.sorted {
		if pos, link, ok := ring(k.Name); ok && link >= maxLinks && (pos == c.local && len(binds) > 0) {
			return c.bad(k.Name, "at most %d links are allowed", maxLinks)
		}
	}
	for n, l := range c.links {
		if v, _ := c.text(prefix + strconv.Itoa(n) + ".broadcast"); l.configured && v == "yes" {
			c.broadcast = true
			c.links[0].mcast, c.links[0].hasMcast = netip.AddrFrom4([4]byte{255, 255, 255, 255}), true
		}
	}
	return nil
}

// atoi reads a number as C does: what is none is 0.
func atoi(text string) uint64 {
	n, _, _ := scanUint(text)
	return n
}

// readLink reads the section of one link.
func (c *checker) readLink(n uint64, name string, binds map[string]string) *Error {
	if n >= maxLinks {
		return c.bad(name, "at most %d links are allowed", maxLinks)
	}
	l := &c.links[n]
	if l.configured {
		return nil // by another of its keys
	}
	number := strconv.FormatUint(n, 10)
	path := "totem.interface." + number + "."
	bind, ok := binds[number]
	if !ok {
		bind, ok = c.text(path + "bindnetaddr")
	}
	if ok {
		if l.bindnet, ok = c.family(bind); !ok {
			blamed := path + "bindnetaddr"
			if binds[number] != "" { // the node's address stands for it
				blamed = "nodelist.node." + strconv.Itoa(c.local) + ".ring" + number + "_addr"
			}
			return c.noAddr(blamed, bind)
		}
	}
	if err := c.readMcast(l, path); err != nil {
		return err
	}
	if v, ok := c.text(path + "knet_transport"); ok && v != "udp" && v != "sctp" {
		return c.bad(path+"knet_transport", "%q is neither udp nor sctp", v)
	}
	l.configured, l.port, l.ttl, l.priority = true, defaultPort, 1, 1
	if v, ok := c.uint(path+"mcastport", Uint16); ok {
		l.port = uint16(v)
	}
	if v, ok := c.uint(path+"ttl", Uint8); ok {
		l.ttl = uint8(v)
	}
	if v, ok := c.uint(path+"knet_link_priority", Uint8); ok {
		l.priority = uint8(v)
	}
	return c.readMembers(l, path)
}

// readMcast reads the multicast address, or makes one of the cluster's name.
func (c *checker) readMcast(l *linkState, path string) *Error {
	if v, ok := c.text(path + "mcastaddr"); ok {
		if l.mcast, l.hasMcast = c.family(v); !l.hasMcast {
			return c.noAddr(path+"mcastaddr", v)
		}
	} else if _, named := c.text("totem.cluster_name"); named && c.mode == udp {
		l.mcast, l.hasMcast = netip.AddrFrom4([4]byte{239, 192}), true
		if c.links[0].bindnet.Is6() {
			l.mcast = netip.MustParseAddr("ff15::")
		}
	}
	return nil
}

// readMembers reads the member sections of a link, which Corosync ignores if
// there is a nodelist.
func (c *checker) readMembers(l *linkState, path string) *Error {
	l.members = nil
	if _, ok := c.text("nodelist.node.0.ring0_addr"); ok {
		return nil
	}
	for _, k := range c.f.sorted {
		if !strings.HasPrefix(k.Name, path+"member.") || k.Type != String {
			continue
		}
		a, ok := c.family(k.Value)
		if !ok {
			return c.noAddr(k.Name, k.Value)
		}
		l.members = append(l.members, a)
	}
	return nil
}

// members reads the nodelist.
func (c *checker) members() *Error {
	if !c.listed() {
		return nil
	}
	for i := range c.links {
		c.links[i].members = nil
	}
	for _, k := range c.f.sorted {
		pos, link, ok := ring(k.Name)
		if !ok {
			continue
		}
		if link >= maxLinks {
			return c.bad(k.Name, "at most %d links are allowed", maxLinks)
		}
		if err := c.memberID(pos, k); err != nil {
			return err
		}
		a, ok := c.family(k.Value)
		if !ok {
			return c.noAddr(k.Name, k.Value)
		}
		l := &c.links[link]
		l.configured, l.members = true, append(l.members, a)
		if c.madeTwice(pos) {
			l.members = append(l.members, a)
		}
		if len(l.members) > maxMembers {
			return c.bad(k.Name, "more than %d nodes", maxMembers)
		}
	}
	c.localLinks()
	return nil
}

// madeTwice tells whether Corosync counts a node twice, which makes its token
// timeout longer: it puts the ID that it makes into cmap while it walks over the
// node's keys, and meets the only one again.
func (c *checker) madeTwice(pos int) bool {
	keys := 0
	prefix := "nodelist.node." + strconv.Itoa(pos) + "."
	for name := range c.f.keys {
		if strings.HasPrefix(name, prefix) {
			keys++
		}
	}
	return c.mode != knet && keys == 1
}

// memberID checks the ID of a node that has an address.
func (c *checker) memberID(pos int, addr Key) *Error {
	prefix := "nodelist.node." + strconv.Itoa(pos) + "."
	id, _ := c.uint(prefix+"nodeid", Uint32)
	switch {
	case c.mode == knet && id == 0:
		return errorf(addr.Line, "%snodeid: knet needs an ID for each node", prefix)
	case c.mode == knet && id >= maxKnetID:
		return c.bad(prefix+"nodeid", "with knet a node ID is below %d", maxKnetID)
	case c.mode != knet && id == 0:
		first, ok := c.text(prefix + "ring0_addr")
		if !ok {
			break
		}
		if _, known, err := c.madeID(first); known && err != nil {
			return errorf(addr.Line, "%snodeid: needed, because %q is not an IPv4 address", prefix, first)
		}
	}
	return nil
}

// localLinks gives the links of the local node what was not given.
func (c *checker) localLinks() {
	for n := range c.links {
		l := &c.links[n]
		addr, ok := c.text("nodelist.node." + strconv.Itoa(c.local) + ".ring" + strconv.Itoa(n) + "_addr")
		if !l.configured || !ok {
			continue
		}
		if _, ok := c.family(addr); !ok {
			continue
		}
		if l.priority == 0 {
			l.priority = 1
		}
		if l.port == 0 {
			l.port = defaultPort
		}
	}
}

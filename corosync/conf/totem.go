// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// A transport is a value of totem.transport.
type transport string

const (
	knet transport = "knet"
	udp  transport = "udp" // multicast
	udpu transport = "udpu"
)

const maxKnetID = 65536 // node IDs of knet are below

// uint returns a key that cmap holds as a number of that type.
func (c *checker) uint(name string, t Type) (uint64, bool) {
	k, ok := c.f.keys[name]
	if !ok || k.Type != t {
		return 0, false
	}
	return k.number(), true
}

// u32 returns a number, or what counts if it is not given.
func (c *checker) u32(name string, otherwise uint32) uint32 {
	if n, ok := c.uint(name, Uint32); ok {
		return uint32(n)
	}
	return otherwise
}

// transport returns totem.transport, which may be none that Corosync knows.
func (c *checker) transport() transport {
	if v, ok := c.text("totem.transport"); ok {
		return transport(v)
	}
	return knet
}

// totem checks what Corosync needs to form a ring.
func (c *checker) totem() *Error {
	c.mode = c.transport()
	if c.mode != knet && c.mode != udp && c.mode != udpu {
		return c.bad("totem.transport", "%q is not one of: knet, udpu, udp", string(c.mode))
	}
	for _, check := range []func() *Error{
		c.crypto, c.linkMode, c.findLocal, c.interfaces, c.localNode, c.members, c.validLinks,
		c.version, c.timers, c.multiLink, c.duplicates, c.single,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// cipher returns the cipher and the hash that count.
func (c *checker) cipher() (cipher, hash string) {
	cipher, hash = "none", "none"
	if v, _ := c.text("totem.secauth"); v == "on" {
		cipher, hash = "aes256", "sha256"
	}
	// Outside a totem section the values are not checked, and the wrong ones
	// count for nothing.
	if v, ok := c.text("totem.crypto_cipher"); ok && known(enum{totem, "totem.crypto_cipher"}, v) {
		cipher = v
	}
	if v, ok := c.text("totem.crypto_hash"); ok && known(enum{totem, "totem.crypto_hash"}, v) {
		hash = v
	}
	return cipher, hash
}

func (c *checker) crypto() *Error {
	cipher, hash := c.cipher()
	if cipher != "none" && hash == "none" {
		if _, given := c.f.keys["totem.crypto_cipher"]; !given {
			return c.bad("totem.crypto_hash", "none does not go with totem.secauth: on, which means the cipher %s", cipher)
		}
		return c.bad("totem.crypto_cipher", "%s needs a totem.crypto_hash other than none", cipher)
	}
	if v, _ := c.text("totem.crypto_model"); v == "none" {
		return c.bad("totem.crypto_model", "none is no model")
	}
	if cipher == "none" && hash == "none" {
		return nil
	}
	name, path := "totem.keyfile", keyFile
	if v, ok := c.text(name); ok {
		path = v
	} else if v, ok := c.text("totem.key"); ok {
		if len(v)+1 < minKeyFile {
			return c.bad("totem.key", "a key has at least %d bytes", minKeyFile)
		}
		return nil
	}
	return c.readKey(name, path)
}

func (c *checker) readKey(name, path string) *Error {
	if c.host.ReadFile == nil {
		return nil
	}
	if !strings.HasPrefix(path, "/") { // Corosync is in its state directory by now
		dir, ok := c.text("system.state_dir")
		if !ok {
			dir = stateDir
		}
		path = dir + "/" + path
	}
	key, err := c.host.ReadFile(path)
	var bad *Error
	switch {
	case err != nil:
		bad = c.bad(name, "the key %s", unreadable(path, err))
	case len(key) < minKeyFile:
		bad = c.bad(name, "%s has %d bytes: a key has at least %d", path, len(key), minKeyFile)
	default:
		return nil
	}
	bad.WhatToDo = "copy it from another node of the cluster, which all have the same one; if none has it, " +
		"make one with `corosync-keygen -k " + path + "` and copy that to all of them"
	if errors.Is(err, fs.ErrPermission) {
		bad.WhatToDo = "run this as root"
	}
	return bad
}

func (c *checker) linkMode() *Error {
	if v, ok := c.text("totem.link_mode"); ok && v != "active" && v != "passive" && v != "rr" {
		return c.bad("totem.link_mode", "%q is not one of: active, passive, rr", v)
	}
	return nil
}

func (c *checker) version() *Error {
	if n, _ := c.uint("totem.version", Uint32); n != 2 {
		return c.bad("totem.version", "must be 2")
	}
	return nil
}

// localNode finds the node's own ID. Without the name or the address of a first
// node Corosync does not read the list.
func (c *checker) localNode() *Error {
	if !c.listed() {
		return nil
	}
	pos := "nodelist.node." + strconv.Itoa(c.local) + "."
	id, _ := c.uint(pos+"nodeid", Uint32)
	c.id = uint32(id)
	if c.id != 0 {
		return nil
	}
	if c.mode == knet {
		return c.bad(pos+"nodeid", "%s must have an ID", c.whose())
	}
	addr, ok := c.text(pos + "ring0_addr")
	if !ok {
		return errorf(0, "%s: %s", pos+"ring0_addr", noAddr)
	}
	id32, _, err := c.madeID(addr)
	if err != nil {
		return c.bad(pos+"ring0_addr", "%q gives no node ID: only an IPv4 address does", addr)
	}
	c.id = id32
	return nil
}

// listed tells whether Corosync reads the nodelist.
func (c *checker) listed() bool {
	_, name := c.text("nodelist.node.0.name")
	_, addr := c.text("nodelist.node.0.ring0_addr")
	return name || addr
}

// noAddr is said of a local node for which Corosync reads freed memory: what it
// then does is anybody's guess.
const noAddr = "the local node must have an ID or an address"

// whose is the node that is taken for the local one: of no host in particular it is
// any.
func (c *checker) whose() string {
	if c.host.Name == "" {
		return "each node"
	}
	return "the local node"
}

// errNoID is the error of an address that gives no node ID.
var errNoID = errors.New("only an IPv4 address gives a node ID")

// madeID returns the node ID that Corosync makes of an IPv4 address where none is
// given. It is not known where nobody can be asked for the address of a name.
func (c *checker) madeID(addr string) (id uint32, known bool, err error) {
	addrs, err := c.host.resolve(addr)
	if err != nil {
		return 0, true, err
	}
	for _, a := range addrs {
		if !a.Is4() {
			continue
		}
		b := a.As4()
		id := binary.BigEndian.Uint32(b[:])
		if v, _ := c.text("totem.clear_node_high_bit"); v == "yes" {
			id &= 1<<31 - 1
		}
		return id, true, nil
	}
	if len(addrs) == 0 {
		return 0, false, nil
	}
	return 0, true, errNoID
}

// duplicates looks for node IDs that are given twice, as Corosync does: it goes
// through the nodes in the order of their positions as text, and compares each
// with those that come first until one's number is not lower. With more than ten
// nodes it does not see them all; Lint does.
func (c *checker) duplicates() *Error {
	order, ids := c.ids()
	first := map[uint32]int{} // where in the order an ID comes first
	highest := make([]int, len(order))
	for i, pos := range order {
		if id, ok := ids[pos]; ok && c.keepsID(pos) {
			if _, seen := first[id]; !seen {
				first[id] = i
			}
		}
		highest[i] = pos
		if i > 0 {
			highest[i] = max(pos, highest[i-1])
		}
	}
	for _, pos := range order {
		id, ok := ids[pos]
		at, seen := first[id]
		end, _ := slices.BinarySearch(highest, pos)
		if ok && seen && at < end {
			return c.bad("nodelist.node."+strconv.Itoa(pos)+".nodeid", "node ID %d is used twice", id)
		}
	}
	return nil
}

// ids returns the positions of the nodes in Corosync's order, and their IDs,
// given or made.
func (c *checker) ids() (order []int, ids map[int]uint32) {
	ids = map[int]uint32{}
	for _, k := range c.f.sorted {
		pos, _, ok := nodeKey(k.Name)
		if !ok || len(order) > 0 && order[len(order)-1] == pos {
			continue
		}
		order = append(order, pos)
		prefix := "nodelist.node." + strconv.Itoa(pos) + "."
		if id, ok := c.uint(prefix+"nodeid", Uint32); ok {
			ids[pos] = uint32(id)
		} else if addr, ok := c.text(prefix + "ring0_addr"); ok {
			if id, known, err := c.madeID(addr); known && err == nil {
				ids[pos] = id
			}
		}
	}
	return order, ids
}

// keepsID tells whether a node's ID is in cmap: it was given, or Corosync made
// it and put it there.
func (c *checker) keepsID(pos int) bool {
	prefix := "nodelist.node." + strconv.Itoa(pos) + "."
	if _, ok := c.f.keys[prefix+"nodeid"]; ok {
		return true
	}
	return c.mode != knet && c.listed()
}

// single holds what only knet can do.
func (c *checker) single() *Error {
	if c.mode == knet {
		return nil
	}
	n := 0
	for _, l := range c.links {
		if l.configured {
			n++
		}
	}
	if n > 1 {
		return c.bad("totem.transport", "%d links are too many for %s, which has one", n, c.mode)
	}
	if cipher, hash := c.cipher(); cipher != "none" || hash != "none" {
		return c.bad("totem.transport", "%s can't encrypt: %s is for knet", c.mode, c.cryptoKeys())
	}
	return nil
}

// cryptoKeys names the keys of the file that turn encryption on.
func (c *checker) cryptoKeys() string {
	var names []string
	for _, key := range []string{"secauth", "crypto_cipher", "crypto_hash"} {
		if v, ok := c.text("totem." + key); ok && v != "none" && v != "off" {
			names = append(names, key+": "+v)
		}
	}
	return strings.Join(names, ", ")
}

// families says which addresses totem.ip_version allows, and which comes first.
func (c *checker) families() (four, six, sixFirst bool) {
	v, ok := c.text("totem.ip_version")
	if !ok && c.mode == udp {
		v = "ipv4"
	}
	switch v {
	case "ipv4":
		return true, false, false
	case "ipv6":
		return false, true, true
	case "ipv4-6":
		return true, true, false
	}
	if c.mode == udp && !known(enum{totem, "totem.ip_version"}, v) {
		return true, false, false
	}
	return true, true, true
}

// family resolves an address as one of the families that may be used. An
// address of no family could not be asked for.
func (c *checker) family(name string) (netip.Addr, bool) {
	addrs, err := c.host.resolve(name)
	if err != nil {
		return netip.Addr{}, false
	}
	if len(addrs) == 0 {
		return netip.Addr{}, true
	}
	four, six, sixFirst := c.families()
	var found netip.Addr
	for _, a := range addrs {
		if a.Is4() && !four || !a.Is4() && !six {
			continue
		}
		if !found.IsValid() || found.Is4() != a.Is4() && sixFirst != a.Is4() {
			found = a
		}
	}
	return found, found.IsValid()
}

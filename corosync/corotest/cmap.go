// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corotest

import (
	"slices"
	"strings"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/qb"
)

// Cmap is a [Service] that plays cmap. A test changes its keys with [Cmap.Set] and
// [Cmap.Delete] while the server's Stall holds the lock, or through a client.
type Cmap struct {
	values   map[string]cmap.Value
	readOnly map[string]bool
	trackers []*cmapTracker
	lists    map[uint64][]string // what iterations have still to tell
	handle   uint64
}

// cmapTracker is one tracking of a client.
type cmapTracker struct {
	peer   *Peer
	handle uint64
	cookie uint64
	key    string
	flags  int32
}

// cmapPrefix asks for keys that start with the tracker's.
const cmapPrefix = 8

// NewCmap makes a map without keys.
func NewCmap() *Cmap {
	return &Cmap{values: map[string]cmap.Value{}, readOnly: map[string]bool{}, lists: map[uint64][]string{}}
}

// ReadOnly lets clients read a key but not change it.
func (c *Cmap) ReadOnly(key string) { c.readOnly[key] = true }

// Get returns a key's value; of type None if there is none.
func (c *Cmap) Get(key string) cmap.Value { return c.values[key] }

// Set sets a key and tells those who track it, unless the value is the old one.
func (c *Cmap) Set(key string, v cmap.Value) {
	old, ok := c.values[key]
	if ok && old == v {
		return
	}
	c.values[key] = v
	event := cmap.Added
	if ok {
		event = cmap.Modified
	}
	c.notify(key, event, old, v)
}

// Delete deletes a key and tells those who track it.
func (c *Cmap) Delete(key string) {
	old, ok := c.values[key]
	if !ok {
		return
	}
	delete(c.values, key)
	c.notify(key, cmap.Deleted, old, cmap.Value{})
}

// Tracked returns to how many trackings any change of a key is told.
func (c *Cmap) Tracked(key string) int {
	n := 0
	for _, t := range c.trackers {
		if t.wants(key, cmap.Any) {
			n++
		}
	}
	return n
}

func (t *cmapTracker) wants(key string, events cmap.Event) bool {
	return t.flags&int32(events) != 0 && (t.key == key || t.flags&cmapPrefix != 0 && strings.HasPrefix(key, t.key))
}

func (c *Cmap) notify(key string, event cmap.Event, old, now cmap.Value) {
	for _, t := range c.trackers {
		if !t.wants(key, event) {
			continue
		}
		a, b := stored(now), stored(old)
		m := qb.NewAnswer(9, 336+len(a)+len(b), corosync.OK)
		m.U64(24, t.cookie)
		m.Name(32, key)
		m.U32(296, uint32(event))
		m.U8(304, uint8(now.Type()))
		m.U8(312, uint8(old.Type()))
		m.U64(320, uint64(len(a)))
		m.U64(328, uint64(len(b)))
		m.Bytes(336, a)
		m.Bytes(336+len(a), b)
		t.peer.Event(m)
	}
}

// stored returns a value as Corosync stores it: strings with their zero.
func stored(v cmap.Value) []byte {
	b := v.Append(nil)
	if v.Type() == cmap.String {
		b = append(b, 0)
	}
	return b
}

// Serve handles a request.
func (c *Cmap) Serve(p *Peer, r *qb.Reader) {
	switch r.ID() {
	case 0:
		c.serveSet(p, r)
	case 1:
		key := r.Name(16)
		p.Status(1, c.writable(key, true))
		if !c.readOnly[key] {
			c.Delete(key)
		}
	case 2:
		c.serveGet(p, r)
	case 3:
		c.adjust(p, r.Name(16), r.I32(280))
	case 4, 5, 6:
		c.serveList(p, r)
	case 7:
		c.handle++
		c.trackers = append(c.trackers, &cmapTracker{peer: p, handle: c.handle, key: r.Name(16), flags: r.I32(280), cookie: r.U64(288)})
		m := qb.NewAnswer(7, 32, corosync.OK)
		m.U64(24, c.handle)
		p.Answer(m)
	case 8:
		handle := r.U64(16)
		c.trackers = slices.DeleteFunc(c.trackers, func(t *cmapTracker) bool { return t.peer == p && t.handle == handle })
		p.Answer(qb.NewAnswer(8, 32, corosync.OK))
	case 9:
		p.Status(10, corosync.OK)
	default:
		p.Status(0, corosync.ErrInvalidParam)
	}
}

// writable returns the code for changing a key, which has to exist if must is set.
func (c *Cmap) writable(key string, must bool) corosync.Code {
	_, ok := c.values[key]
	switch {
	case c.readOnly[key]:
		return corosync.ErrAccess
	case must && !ok:
		return corosync.ErrNotExist
	case len(key) < cmap.MinKey:
		return corosync.ErrNameTooLong
	}
	return corosync.OK
}

func (c *Cmap) serveSet(p *Peer, r *qb.Reader) {
	key, n := r.Name(16), r.U64(280)
	v, err := cmap.ParseValue(cmap.Type(r.U8(288)), r.Bytes(296, int(min(n, cmap.MaxValue))))
	code := c.writable(key, false)
	if err != nil || n > cmap.MaxValue {
		code = corosync.ErrInvalidParam
	}
	if code == corosync.OK {
		c.Set(key, v)
	}
	p.Status(0, code)
}

func (c *Cmap) serveGet(p *Peer, r *qb.Reader) {
	key, room := r.Name(16), int(min(r.U64(280), cmap.MaxValue+1))
	v, ok := c.values[key]
	b := stored(v)
	code := corosync.OK
	switch {
	case !ok:
		code = corosync.ErrNotExist
	case room > 0 && len(b) > room:
		code = corosync.ErrInvalidParam
	}
	if code != corosync.OK {
		p.Answer(qb.NewAnswer(2, 40, code))
		return
	}
	m := qb.NewAnswer(2, 40+room, corosync.OK)
	m.U64(24, uint64(len(b)))
	m.U8(32, uint8(v.Type()))
	if room > 0 {
		m.Bytes(40, b)
	}
	p.Answer(m)
}

// adjust knows 32-bit integers, which are what such keys are in practice.
func (c *Cmap) adjust(p *Peer, key string, step int32) {
	v, code := c.values[key], c.writable(key, true)
	if code == corosync.OK {
		if n, ok := v.Int(); ok && v.Type() == cmap.Uint32 {
			c.Set(key, cmap.Uint32Value(uint32(n)+uint32(step)))
		} else if ok && v.Type() == cmap.Int32 {
			c.Set(key, cmap.Int32Value(int32(n)+step))
		} else {
			code = corosync.ErrInvalidParam
		}
	}
	p.Status(3, code)
}

func (c *Cmap) serveList(p *Peer, r *qb.Reader) {
	if r.ID() == 4 {
		c.handle++
		for key := range c.values {
			if strings.HasPrefix(key, r.Name(16)) {
				c.lists[c.handle] = append(c.lists[c.handle], key)
			}
		}
		slices.Sort(c.lists[c.handle])
		m := qb.NewAnswer(4, 32, corosync.OK)
		m.U64(24, c.handle)
		p.Answer(m)
		return
	}
	handle := r.U64(16)
	if r.ID() == 6 {
		delete(c.lists, handle)
		p.Status(6, corosync.OK)
		return
	}
	for list := c.lists[handle]; len(list) > 0; list = list[1:] {
		v, ok := c.values[list[0]]
		if !ok { // deleted meanwhile
			continue
		}
		m := qb.NewAnswer(5, 304, corosync.OK)
		m.Name(24, list[0])
		m.U64(288, uint64(len(stored(v))))
		m.U8(296, uint8(v.Type()))
		c.lists[handle] = list[1:]
		p.Answer(m)
		return
	}
	p.Answer(qb.NewAnswer(5, 304, corosync.ErrNoSections))
}

// Leave ends a client's trackings.
func (c *Cmap) Leave(p *Peer) {
	c.trackers = slices.DeleteFunc(c.trackers, func(t *cmapTracker) bool { return t.peer == p })
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cmap

import (
	"context"
	"errors"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

// Event is what happened to a key.
type Event int32

// The events, which are also what a tracker can ask for, joined with |.
const (
	Deleted  Event = 1
	Modified Event = 2
	Added    Event = 4

	// Any is all of them.
	Any = Deleted | Modified | Added
)

// prefixFlag asks for all keys that start with the given one.
const prefixFlag = 8

// String names the event as corosync-cmapctl does.
func (e Event) String() string {
	switch e {
	case Deleted:
		return "deleted"
	case Modified:
		return "modified"
	case Added:
		return "added"
	}
	return "event"
}

// Change is a change of one key.
type Change struct {
	Key   string // its name
	Event Event  // one of Deleted, Modified and Added
	Old   Value  // of type None if the key was added
	New   Value  // of type None if the key was deleted
}

// Tracker tells changes. They come in the order in which they happened.
type Tracker struct {
	client *Client
	cookie uint64
	feed   *qb.Feed[Change]

	handles []uint64 // of the daemon, one for each prefix
}

// Track tells the changes of one key, which need not exist yet.
func (c *Client) Track(ctx context.Context, key string, events Event) (*Tracker, error) {
	return c.track(ctx, int32(events&Any), key)
}

// TrackPrefix tells the changes of all keys that start with prefix; of all keys
// if it is empty.
func (c *Client) TrackPrefix(ctx context.Context, prefix string, events Event) (*Tracker, error) {
	return c.TrackPrefixes(ctx, events, prefix)
}

// TrackPrefixes tells, in the order in which they happen, the changes of all keys that
// start with one of the prefixes; twice, if with two of them. Corosync counts every
// message in some keys, so that whoever asks for all keys is told of each.
func (c *Client) TrackPrefixes(ctx context.Context, events Event, prefixes ...string) (*Tracker, error) {
	return c.track(ctx, int32(events&Any)|prefixFlag, prefixes...)
}

func (c *Client) track(ctx context.Context, flags int32, keys ...string) (*Tracker, error) {
	for _, key := range keys {
		if err := checkKey("track", key, 0); err != nil {
			return nil, err
		}
	}
	t := &Tracker{client: c, feed: qb.NewFeed[Change](64)}
	if !c.add(t) {
		return nil, c.conn.Err()
	}
	for _, key := range keys {
		m := qb.NewMessage(kindTrackAdd, 296)
		m.Name(16, key)
		m.U32(280, uint32(flags))
		m.U64(288, t.cookie)
		r, err := c.conn.Call(ctx, "track "+key, m, kindTrackAdd)
		if err == nil {
			t.handles = append(t.handles, r.U64(24))
			err = r.Err()
		}
		if err != nil {
			return nil, errors.Join(err, t.Stop(context.WithoutCancel(ctx)))
		}
	}
	return t, nil
}

// add makes the tracker known before it can be told anything.
func (c *Client) add(t *Tracker) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	c.cookie++
	t.cookie = c.cookie
	c.trackers[t.cookie] = t
	return true
}

func (c *Client) remove(t *Tracker) {
	c.mu.Lock()
	delete(c.trackers, t.cookie)
	c.mu.Unlock()
	t.feed.Close()
}

// Changes returns the channel of changes. It is closed by Stop and when the
// connection is over. Whoever does not read it holds up all trackers of the client.
func (t *Tracker) Changes() <-chan Change { return t.feed.C() }

// Stop ends the tracker.
func (t *Tracker) Stop(ctx context.Context) error {
	t.client.remove(t)
	var errs []error
	for _, handle := range t.handles {
		m := qb.NewMessage(kindTrackDelete, 24)
		m.U64(16, handle)
		_, err := t.client.conn.Call(ctx, "end of tracking", m, kindTrackDelete)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// event hands a notification to its tracker. One for a tracker that has ended is dropped.
func (c *Client) event(b []byte, stop <-chan struct{}) error {
	cookie, change, err := parseNotify(b)
	if err != nil || change == nil {
		return err
	}
	c.mu.Lock()
	t := c.trackers[cookie]
	c.mu.Unlock()
	if t != nil {
		t.feed.Put(*change, stop)
	}
	return nil
}

// end closes all channels.
func (c *Client) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	for _, t := range c.trackers {
		t.feed.Close()
	}
	clear(c.trackers)
}

// parseNotify reads an event. It is nil if it is of a kind that is not known.
func parseNotify(b []byte) (cookie uint64, change *Change, err error) {
	r := qb.NewReader(service, "notification", b)
	if r.ID() != kindNotify {
		return 0, nil, r.Err()
	}
	ch := &Change{Key: r.Name(32), Event: Event(r.I32(296))}
	newLen, oldLen := r.U64(320), r.U64(328)
	if newLen > MaxValue+1 {
		r.Fail("value of %d bytes", newLen)
		return 0, nil, r.Err()
	}
	ch.New = value(r, r.U8(304), 336, newLen)
	ch.Old = value(r, r.U8(312), 336+int(newLen), oldLen)
	cookie = r.U64(24)
	if r.Err() != nil {
		return 0, nil, r.Err()
	}
	if ch.Event != Deleted && ch.Event != Modified && ch.Event != Added {
		return 0, nil, &corosync.Error{Service: service, Call: "notification", Code: corosync.ErrMessage}
	}
	return cookie, ch, nil
}

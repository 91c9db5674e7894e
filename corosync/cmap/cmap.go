// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cmap

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

// service is the name in errors, and that of the socket.
const service = "cmap"

// Kinds of requests. Answers have the same number but for setMap's.
const (
	kindSet          = 0
	kindDelete       = 1
	kindGet          = 2
	kindAdjust       = 3
	kindIterInit     = 4
	kindIterNext     = 5
	kindIterFinalize = 6
	kindTrackAdd     = 7
	kindTrackDelete  = 8
	kindSetMap       = 9
	kindNotify       = 9 // an event
	kindSetMapAnswer = 10
)

// Limits of Corosync on keys, in characters, and on values, in bytes.
const (
	MinKey   = 3
	MaxKey   = 255
	MaxValue = 16384
)

// usualValue is the room that Get gives to a value at first, in bytes.
const usualValue = 256

// Map is one of the maps of the daemon.
type Map int32

// The maps of Corosync.
const (
	Config Map = 0 // configuration and runtime, the usual one
	Stats  Map = 1 // statistics of Totem, knet and of IPC; read only
)

// Client is a connection to cmap.
type Client struct {
	conn *qb.Conn

	mu       sync.Mutex
	trackers map[uint64]*Tracker // by the cookie that their notifications have
	cookie   uint64
	ended    bool
}

// Dial connects to the configuration map. The context covers the connecting alone.
func Dial(ctx context.Context, o qb.Options) (*Client, error) {
	c := &Client{trackers: map[uint64]*Tracker{}}
	var err error
	c.conn, err = qb.Dial(ctx, service, o, qb.Handler{Event: c.event, End: c.end})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// DialMap connects to one of the maps.
func DialMap(ctx context.Context, m Map, o qb.Options) (*Client, error) {
	c, err := Dial(ctx, o)
	if err != nil || m == Config {
		return c, err
	}
	req := qb.NewMessage(kindSetMap, 24)
	req.U32(16, uint32(m))
	if _, err := c.conn.Call(ctx, "set map", req, kindSetMapAnswer); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Close closes the connection; its trackers end.
func (c *Client) Close() error { return c.conn.Close() }

// Done is closed when the connection is over.
func (c *Client) Done() <-chan struct{} { return c.conn.Done() }

// Err returns nil while the connection lasts, and then why it is over.
func (c *Client) Err() error { return c.conn.Err() }

// checkKey refuses keys that can't be sent or are never there.
func checkKey(call, key string, least int) error {
	if len(key) >= least && len(key) <= MaxKey {
		return nil
	}
	return &corosync.Error{
		Service: service, Call: call, Code: corosync.ErrInvalidParam,
		Err: fmt.Errorf("key of %d characters, can be %d to %d", len(key), least, MaxKey),
	}
}

// Get returns the value of a key.
func (c *Client) Get(ctx context.Context, key string) (Value, error) {
	call := "get " + key
	if err := checkKey("get", key, 1); err != nil {
		return Value{}, err
	}
	v, err := c.get(ctx, call, key, usualValue)
	if errors.Is(err, corosync.ErrInvalidParam) { // longer than that
		v, err = c.get(ctx, call, key, MaxValue+1)
	}
	return v, err
}

// get reads a value of at most room bytes.
func (c *Client) get(ctx context.Context, call, key string, room int) (Value, error) {
	m := qb.NewMessage(kindGet, 288)
	m.Name(16, key)
	m.U64(280, uint64(room))
	r, err := c.conn.Call(ctx, call, m, kindGet)
	if err != nil {
		return Value{}, err
	}
	v := value(r, r.U8(32), 40, r.U64(24))
	return v, r.Err()
}

// value reads a value of n bytes.
func value(r *qb.Reader, typ uint8, off int, n uint64) Value {
	if n > MaxValue+1 {
		r.Fail("value of %d bytes", n)
		return Value{}
	}
	b := r.Bytes(off, int(n))
	if r.Err() != nil {
		return Value{}
	}
	v, err := ParseValue(Type(typ), b)
	if err != nil {
		r.Fail("%w", err)
	}
	return v
}

// Uint returns the value of a key of any integer type. A value of another type or
// a negative one is [corosync.ErrInvalidParam].
func (c *Client) Uint(ctx context.Context, key string) (uint64, error) {
	return typed(ctx, c, key, "an integer that is not negative", Value.Uint)
}

// Int returns the value of a key of any integer type. A value of another type or
// one above 2^63-1 is [corosync.ErrInvalidParam].
func (c *Client) Int(ctx context.Context, key string) (int64, error) {
	return typed(ctx, c, key, "a signed integer", Value.Int)
}

// Float returns the value of a key of type Float or Double. A value of another
// type is [corosync.ErrInvalidParam].
func (c *Client) Float(ctx context.Context, key string) (float64, error) {
	return typed(ctx, c, key, "a float", Value.Float)
}

// Text returns the value of a key of type String. A value of another type is
// [corosync.ErrInvalidParam].
func (c *Client) Text(ctx context.Context, key string) (string, error) {
	return typed(ctx, c, key, "a string", Value.Text)
}

func typed[T any](ctx context.Context, c *Client, key, what string, get func(Value) (T, bool)) (T, error) {
	var zero T
	v, err := c.Get(ctx, key)
	if err != nil {
		return zero, err
	}
	t, ok := get(v)
	if !ok {
		return zero, &corosync.Error{
			Service: service, Call: "get " + key, Code: corosync.ErrInvalidParam,
			Err: fmt.Errorf("value %q of type %s is not %s", v, v.Type(), what),
		}
	}
	return t, nil
}

// Set sets a key, new or old. Equal values raise no notification.
func (c *Client) Set(ctx context.Context, key string, v Value) error {
	if err := checkKey("set", key, MinKey); err != nil {
		return err
	}
	b := v.Append(nil)
	if len(b) > MaxValue || v.typ == None {
		return &corosync.Error{
			Service: service, Call: "set " + key, Code: corosync.ErrInvalidParam,
			Err: fmt.Errorf("value of type %s with %d bytes", v.typ, len(b)),
		}
	}
	m := qb.NewMessage(kindSet, 296+len(b))
	m.Name(16, key)
	m.U64(280, uint64(len(b)))
	m.U8(288, uint8(v.typ))
	m.Bytes(296, b)
	_, err := c.conn.Call(ctx, "set "+key, m, kindSet)
	return err
}

// Delete deletes a key.
func (c *Client) Delete(ctx context.Context, key string) error {
	if err := checkKey("delete", key, 1); err != nil {
		return err
	}
	m := qb.NewMessage(kindDelete, 280)
	m.Name(16, key)
	_, err := c.conn.Call(ctx, "delete "+key, m, kindDelete)
	return err
}

// Adjust adds step to an integer, whatever its type. What does not fit wraps around.
func (c *Client) Adjust(ctx context.Context, key string, step int32) error {
	if err := checkKey("adjust", key, 1); err != nil {
		return err
	}
	m := qb.NewMessage(kindAdjust, 288)
	m.Name(16, key)
	m.U32(280, uint32(step))
	_, err := c.conn.Call(ctx, "adjust "+key, m, kindAdjust)
	return err
}

// Entry is a key without its value.
type Entry struct {
	Key    string // its name, of 3 to 255 bytes
	Type   Type   // of its value
	Length int    // of the value in bytes; a string's includes the zero at its end
}

// Keys lists the keys that start with prefix, all of them if it is empty, in the
// daemon's order. An error ends the list. Keys that come and go meanwhile may be
// in it or not. Other calls may be made in between.
func (c *Client) Keys(ctx context.Context, prefix string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		handle, err := c.iterate(ctx, prefix)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for {
			e, err := c.next(ctx, prefix, handle)
			if errors.Is(err, corosync.ErrNoSections) {
				break
			}
			if err != nil {
				yield(Entry{}, err)
				break
			}
			if !yield(e, nil) {
				break
			}
		}
		m := qb.NewMessage(kindIterFinalize, 24)
		m.U64(16, handle)
		_, _ = c.conn.Call(ctx, "end of list", m, kindIterFinalize) // it ends with the connection, too
	}
}

// Item is a key and its value.
type Item struct {
	Key   string // its name, of 3 to 255 bytes
	Value Value  // as it was when it was read
}

// Items is [Client.Keys] with the values. A key that goes away before its value was
// read is left out.
func (c *Client) Items(ctx context.Context, prefix string) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for e, err := range c.Keys(ctx, prefix) {
			if err != nil {
				yield(Item{}, err)
				return
			}
			v, err := c.Get(ctx, e.Key)
			switch {
			case errors.Is(err, corosync.ErrNotExist): // deleted meanwhile
			case err != nil:
				yield(Item{}, err)
				return
			case !yield(Item{e.Key, v}, nil):
				return
			}
		}
	}
}

// Texts reads all keys that start with one of the prefixes, whatever their types, and
// returns their values as [Value.String] words them, by key.
func (c *Client) Texts(ctx context.Context, prefixes ...string) (map[string]string, error) {
	texts := map[string]string{}
	for _, p := range prefixes {
		for item, err := range c.Items(ctx, p) {
			if err != nil {
				return nil, err
			}
			texts[item.Key] = item.Value.String()
		}
	}
	return texts, nil
}

func (c *Client) iterate(ctx context.Context, prefix string) (handle uint64, err error) {
	if err := checkKey("list", prefix, 0); err != nil {
		return 0, err
	}
	m := qb.NewMessage(kindIterInit, 280)
	m.Name(16, prefix)
	r, err := c.conn.Call(ctx, "list "+prefix, m, kindIterInit)
	if err != nil {
		return 0, err
	}
	handle = r.U64(24)
	return handle, r.Err()
}

func (c *Client) next(ctx context.Context, prefix string, handle uint64) (Entry, error) {
	m := qb.NewMessage(kindIterNext, 24)
	m.U64(16, handle)
	r, err := c.conn.Call(ctx, "list "+prefix, m, kindIterNext)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Key: r.Name(24), Type: Type(r.U8(296)), Length: int(min(r.U64(288), MaxValue+1))}
	return e, r.Err()
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cmap_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/qb"
)

func TestMain(m *testing.M) { os.Exit(corotest.Main(m)) }

// each runs a test against fakes and a real Corosync.
func each(t *testing.T, f func(t *testing.T, o qb.Options)) {
	corotest.Each(t, func(s *corotest.Server) {
		svc := corotest.NewCmap()
		svc.Set("totem.cluster_name", cmap.StringValue("fake"))
		svc.Set("totem.version", cmap.Uint32Value(2))
		svc.ReadOnly("totem.version")
		s.Handle("cmap", svc)
	}, f)
}

func dial(t *testing.T, o qb.Options) *cmap.Client {
	t.Helper()
	return corotest.Dial(t, cmap.Dial, o)
}

// values are one of each type, and lengths around the first room of Get.
var values = []cmap.Value{
	cmap.Int8Value(-8), cmap.Uint8Value(200), cmap.Int16Value(-1600), cmap.Uint16Value(60000), cmap.Int32Value(math.MinInt32),
	cmap.Uint32Value(math.MaxUint32), cmap.Int64Value(math.MinInt64), cmap.Uint64Value(math.MaxUint64),
	cmap.FloatValue(1.5), cmap.DoubleValue(-math.Pi), cmap.StringValue("text"), cmap.StringValue(strings.Repeat("x", 255)),
	cmap.StringValue(strings.Repeat("x", 256)), cmap.BinaryValue([]byte{0, 1, 0, 255}), cmap.BinaryValue(make([]byte, cmap.MaxValue)),
	cmap.StringValue(strings.Repeat("y", cmap.MaxValue)),
}

func TestSetGet(t *testing.T) {
	each(t, func(t *testing.T, o qb.Options) {
		c := dial(t, o)
		for i, v := range values {
			key := fmt.Sprint("test.v", i)
			if err := c.Set(t.Context(), key, v); err != nil {
				t.Fatal(err)
			}
			if got, err := c.Get(t.Context(), key); err != nil || got != v {
				t.Errorf("%s: set %.40s, got %.40s, %v", v.Type(), v, got, err)
			}
		}
		if s, err := c.Text(t.Context(), "totem.cluster_name"); err != nil || s != "fake" {
			t.Errorf("got %q, %v", s, err)
		}
		if n, err := c.Uint(t.Context(), "test.v1"); err != nil || n != 200 {
			t.Errorf("got %d, %v", n, err)
		}
		if n, err := c.Int(t.Context(), "test.v0"); err != nil || n != -8 {
			t.Errorf("got %d, %v", n, err)
		}
		if f, err := c.Float(t.Context(), "test.v8"); err != nil || f != 1.5 {
			t.Errorf("got %g, %v", f, err)
		}
		if err := errors.Join(c.Set(t.Context(), "test.n", cmap.Uint32Value(5)), c.Adjust(t.Context(), "test.n", -2)); err != nil {
			t.Error(err)
		}
		if n, err := c.Int(t.Context(), "test.n"); err != nil || n != 3 {
			t.Errorf("adjusted: %d, %v", n, err)
		}
	})
}

// TestErrors compares the codes of what can't be done.
func TestErrors(t *testing.T) {
	each(t, func(t *testing.T, o qb.Options) {
		c := dial(t, o)
		get := func(key string) error { _, err := c.Get(t.Context(), key); return err }
		text := func(key string) error { _, err := c.Text(t.Context(), key); return err }
		for _, x := range []struct {
			err  error
			code corosync.Code
			call string
		}{
			{get("no.such.key"), corosync.ErrNotExist, "get no.such.key"},
			{text("totem.version"), corosync.ErrInvalidParam, "get totem.version"},
			{get(strings.Repeat("x", 256)), corosync.ErrInvalidParam, "get"},
			{c.Delete(t.Context(), "no.such.key"), corosync.ErrNotExist, "delete no.such.key"},
			{c.Set(t.Context(), "totem.version", cmap.Uint32Value(3)), corosync.ErrAccess, "set totem.version"},
			{c.Set(t.Context(), "a", cmap.Uint32Value(3)), corosync.ErrInvalidParam, "set"},
			{c.Set(t.Context(), "test.x", cmap.BinaryValue(make([]byte, cmap.MaxValue+1))), corosync.ErrInvalidParam, "set test.x"},
			{c.Set(t.Context(), "test.x", cmap.Value{}), corosync.ErrInvalidParam, "set test.x"},
		} {
			corotest.Refused(t, x.err, "cmap", x.call, x.code)
		}
		if c.Err() != nil {
			t.Errorf("the connection is over: %v", c.Err())
		}
	})
}

func TestKeys(t *testing.T) {
	each(t, func(t *testing.T, o qb.Options) {
		c := dial(t, o)
		want := map[string]cmap.Type{}
		for i, v := range values {
			key := fmt.Sprint("list.v", i)
			want[key] = v.Type()
			if err := c.Set(t.Context(), key, v); err != nil {
				t.Fatal(err)
			}
		}
		for e, err := range c.Keys(t.Context(), "list.") {
			if err != nil {
				t.Fatal(err)
			}
			if want[e.Key] != e.Type {
				t.Errorf("%s is of type %s", e.Key, e.Type)
			}
			if _, err := c.Get(t.Context(), e.Key); err != nil { // in between
				t.Error(err)
			}
			delete(want, e.Key)
		}
		if len(want) != 0 {
			t.Errorf("not listed: %v", want)
		}
		n := 0
		for range c.Keys(t.Context(), "") {
			if n++; n == 5 {
				break
			}
		}
		for range c.Keys(t.Context(), "no.such.") {
			t.Error("something is listed")
		}
	})
}

// TestItems reads keys with their values while one of them goes away.
func TestItems(t *testing.T) {
	each(t, func(t *testing.T, o qb.Options) {
		c := dial(t, o)
		for i, key := range []string{"items.a", "items.b", "items.c", "other.d"} {
			if err := c.Set(t.Context(), key, cmap.Uint32Value(uint32(i))); err != nil {
				t.Fatal(err)
			}
		}
		got := map[string]string{}
		for item, err := range c.Items(t.Context(), "items.") {
			if err != nil {
				t.Fatal(err)
			}
			got[item.Key] = item.Value.String()
			if len(got) == 2 {
				for _, key := range []string{"items.a", "items.b", "items.c"} {
					if _, read := got[key]; !read {
						if err := c.Delete(t.Context(), key); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
		}
		texts, err := c.Texts(t.Context(), "other.", "items.")
		if err != nil || len(got) != 2 || len(texts) != 3 || texts["other.d"] != "3" {
			t.Errorf("%v, %v, %v", got, texts, err)
		}
		for key, text := range got {
			if texts[key] != text {
				t.Errorf("%s is %q and %q", key, text, texts[key])
			}
		}
		for range c.Items(t.Context(), "items.") {
			break
		}
		if _, err := c.Texts(t.Context(), strings.Repeat("x", 256)); !errors.Is(err, corosync.ErrInvalidParam) {
			t.Errorf("a long prefix: %v", err)
		}
	})
}

// TestTrack sees what another client does, with old and new values.
func TestTrack(t *testing.T) {
	each(t, func(t *testing.T, o qb.Options) {
		c, other := dial(t, o), dial(t, o)
		prefix, err := c.TrackPrefix(t.Context(), "track.", cmap.Any)
		if err != nil {
			t.Fatal(err)
		}
		both, err := c.TrackPrefixes(t.Context(), cmap.Added|cmap.Deleted, "trackless", "track.")
		if err != nil {
			t.Fatal(err)
		}
		deleted, err := c.Track(t.Context(), "track.a", cmap.Deleted)
		if err != nil {
			t.Fatal(err)
		}
		one, two, long := cmap.Uint8Value(1), cmap.StringValue("two"), cmap.BinaryValue(make([]byte, cmap.MaxValue))
		err = errors.Join(
			other.Set(t.Context(), "track.a", one), other.Set(t.Context(), "track.a", one),
			other.Set(t.Context(), "trackless", one), other.Set(t.Context(), "track.a", two),
			other.Set(t.Context(), "track.b", long), other.Delete(t.Context(), "track.a"))
		if err != nil {
			t.Fatal(err)
		}
		gone := cmap.Change{Key: "track.a", Event: cmap.Deleted, Old: two}
		for _, want := range []cmap.Change{
			{Key: "track.a", Event: cmap.Added, New: one}, {Key: "track.a", Event: cmap.Modified, Old: one, New: two},
			{Key: "track.b", Event: cmap.Added, New: long}, gone,
		} {
			if got := corotest.Next(t, prefix.Changes()); got != want {
				t.Errorf("got %s %s %.20s -> %.20s, want %s %s", got.Event, got.Key, got.Old, got.New, want.Event, want.Key)
			}
		}
		for _, want := range []cmap.Change{ // in the order in which they happened, whatever their prefix
			{Key: "track.a", Event: cmap.Added, New: one}, {Key: "trackless", Event: cmap.Added, New: one},
			{Key: "track.b", Event: cmap.Added, New: long}, gone,
		} {
			if got := corotest.Next(t, both.Changes()); got != want {
				t.Errorf("got %s %s, want %s %s", got.Event, got.Key, want.Event, want.Key)
			}
		}
		if err := both.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if got := corotest.Next(t, deleted.Changes()); got != gone {
			t.Errorf("got %+v", got)
		}
		if err := prefix.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if _, ok := <-prefix.Changes(); ok {
			t.Error("the channel stays open")
		}
		if err := other.Delete(t.Context(), "track.b"); err != nil {
			t.Error(err)
		}
		c.Close()
		if _, ok := <-deleted.Changes(); ok {
			t.Error("the channel stays open")
		}
		if _, err := c.Track(t.Context(), "track.a", cmap.Any); !errors.Is(err, qb.ErrClosed) {
			t.Errorf("tracking when closed: %v", err)
		}
	})
}

// TestManyChanges makes more changes than the connection holds before reading one.
func TestManyChanges(t *testing.T) {
	each(t, func(t *testing.T, o qb.Options) {
		c, other := dial(t, o), dial(t, o)
		tr, err := c.Track(t.Context(), "many.n", cmap.Any)
		if err != nil {
			t.Fatal(err)
		}
		const n = 2000
		for i := range n {
			if err := other.Set(t.Context(), "many.n", cmap.Uint32Value(uint32(i))); err != nil {
				t.Fatal(err)
			}
		}
		for i := range n {
			if got, _ := corotest.Next(t, tr.Changes()).New.Uint(); got != uint64(i) {
				t.Fatalf("change %d has %d", i, got)
			}
		}
	})
}

// TestDeath: trackers learn of the daemon's end.
func TestDeath(t *testing.T) {
	d := corotest.Real(t, "")
	c := dial(t, qb.Options{})
	tr, err := c.TrackPrefix(t.Context(), "", cmap.Any)
	if err != nil {
		t.Fatal(err)
	}
	d.Kill()
	corotest.Lost(t, tr.Changes(), c.Err)
}

// TestStats reads the daemon's statistics.
func TestStats(t *testing.T) {
	corotest.Real(t, "")
	c, err := cmap.DialMap(t.Context(), cmap.Stats, qb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var keys []string
	for e, err := range c.Keys(t.Context(), "stats.") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, e.Key)
	}
	if !slices.Contains(keys, "stats.srp.gather_entered") {
		t.Errorf("got %v", keys)
	}
}

func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, err := corotest.Start(corotest.Config{}) // without these lines: the machine's Corosync
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	fake := corotest.NewCmap()
	fake.Set("totem.cluster_name", cmap.StringValue("pve"))
	server.Handle("cmap", fake)

	client, err := cmap.Dial(ctx, server.Options())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	name, err := client.Text(ctx, "totem.cluster_name")
	fmt.Println(name, err)
	_, err = client.Get(ctx, "totem.token")
	fmt.Println(err)
	// Output:
	// pve <nil>
	// cmap get totem.token: does not exist (12)
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/leak"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
)

// TestDayOfJoinsAndLeaves: for a day nodes, their daemons and their connections leave
// and join again, twice a minute. What the arbiter, and the machines of a node that
// stays up, hold then is what they held after the first hour.
func TestDayOfJoinsAndLeaves(t *testing.T) {
	for _, words := range []string{"nodes=2", "nodes=4", "nodes=4 daemons=go,c,go,c", "nodes=3 algorithm=lms heuristics=on"} {
		t.Run(words, func(t *testing.T) {
			d := newDay(t, words)
			joins := d.until(time.Hour)
			early := d.look()
			joins = d.until(24*time.Hour) - joins
			late := d.look()
			t.Logf("%d joins, %d rings; held after 1 h %+v, after 24 h %+v", joins, d.w.stats.Rings, early, late)
			// Of rings that nobody is in any more up to 64 are kept, with their members and
			// reporters, and how many there are at a given moment is chance.
			room := maxOldRings * (1 + 2*len(d.w.nodes))
			if joins < 3*room || d.w.stats.Rings < joins {
				t.Fatalf("%d joins and %d rings prove nothing", joins, d.w.stats.Rings)
			}
			if late.server > early.server+room || late.node > early.node+fewEntries || late.votequorum > early.votequorum+fewEntries || late.conns != early.conns || late.goroutines > early.goroutines {
				t.Errorf("held after 1 h %+v, after 24 h %+v", early, late)
			}
			if late.heap > early.heap+heapRoom {
				t.Errorf("the heap has grown from %d to %d bytes", early.heap, late.heap)
			}
		})
	}
}

const (
	maxOldRings = 64       // what qnetd keeps of them
	fewEntries  = 20       // what one more output of the last step may make
	heapRoom    = 64 << 10 // bytes: 23 for each join of the day
)

// day is a cluster whose node 1 stays up.
type day struct {
	t *testing.T
	w *World
	n int // of the cycle
}

func newDay(t *testing.T, words string) *day {
	t.Helper()
	f, err := scenario.Parse("", "cluster "+words, scenario.Cluster{})
	if err != nil {
		t.Fatal(err)
	}
	d := &day{t: t, w: New(f.Cluster)}
	for _, id := range f.Cluster.IDs() {
		d.do("up " + id.String())
	}
	d.do("wait 1m")
	return d
}

func (d *day) do(text string) {
	d.t.Helper()
	c, err := d.w.cfg.Command(text)
	if err != nil {
		d.t.Fatal(err)
	}
	d.w.Do(c)
	if v := d.w.Violation(); v != nil {
		d.t.Fatal(v)
	}
}

// partings are what leaves, and how it comes back. N is a node.
var partings = [][2]string{
	{"leave N", "up N"}, {"split PARTS", "join"}, {"kill N", "up N"}, {"daemon kill N", "daemon start N"}, {"down N", "up N"},
	{"daemon stop N", "daemon start N"}, {"drop N arbiter", "heal N arbiter"}, {"cut N arbiter", "heal N arbiter"},
	{"split PARTS", "join"}, {"drop 1 arbiter", "heal 1 arbiter"}, {"cut 1 arbiter", "heal 1 arbiter"},
}

// until has nodes leave and join until that time, and waits until the cluster is
// whole again. It returns how often that was so far.
func (d *day) until(end time.Duration) int {
	d.t.Helper()
	for ; d.w.Now() < end-3*time.Minute; d.n++ {
		id := qnet.NodeID(2 + d.n%(len(d.w.nodes)-1))
		words := strings.NewReplacer("N", id.String(), "PARTS", d.parts(id))
		p := partings[d.n%len(partings)]
		d.do(words.Replace(p[0]))
		d.do("wait 13s")
		d.do(words.Replace(p[1]))
		d.do("wait 16s")
	}
	d.do("wait 3m") // longer than any hold
	for _, n := range d.w.Nodes() {
		if !n.Active || !n.Counts || len(n.Members) != len(d.w.nodes) {
			d.t.Fatalf("at %s the cluster is not whole: %+v", d.w.Now(), n)
		}
	}
	return d.n
}

// parts are the parts of a cluster that one node has left, as split takes them.
func (d *day) parts(id qnet.NodeID) string {
	rest := slices.DeleteFunc(d.w.cfg.IDs(), func(o qnet.NodeID) bool { return o == id })
	return strings.ReplaceAll(qnet.FormatIDs(rest), ", ", ",") + " " + id.String()
}

// held is what is held at a moment.
type held struct {
	server, node, votequorum int // entries of the arbiter's machine and of those of node 1
	conns                    int
	goroutines               int
	heap                     int64 // bytes
}

func (d *day) look() held {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	one := d.w.nodes[0]
	return held{
		server: entries(d.w.arbiter.server), node: entries(one.daemon.prog.(*goDaemon).node), votequorum: entries(one.vq),
		conns: len(d.w.conns), goroutines: leak.Goroutines(), heap: int64(m.HeapAlloc),
	}
}

// entries counts the elements of all maps, slices and channels that can be reached.
func entries(v any) int {
	seen := map[uintptr]bool{}
	var count func(reflect.Value) int
	count = func(v reflect.Value) (n int) {
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() || seen[v.Pointer()] {
				return 0
			}
			seen[v.Pointer()] = true
			return count(v.Elem())
		case reflect.Interface:
			return count(v.Elem())
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[time.Time]() {
				return 0
			}
			for i := range v.NumField() {
				n += count(v.Field(i))
			}
		case reflect.Map:
			n = v.Len()
			for i := v.MapRange(); i.Next(); {
				n += count(i.Key()) + count(i.Value())
			}
		case reflect.Slice:
			n = v.Len()
			for i := range v.Len() {
				n += count(v.Index(i))
			}
		case reflect.Array:
			for i := range v.Len() {
				n += count(v.Index(i))
			}
		case reflect.Chan:
			n = v.Len()
		}
		return n
	}
	return count(reflect.ValueOf(v))
}

// TestEntries: whatever holds it, an entry is counted.
func TestEntries(t *testing.T) {
	type box struct {
		list []int
		m    map[string][]string
		next *box
		any  any
		pair [2][]byte
		ch   chan int
	}
	b := &box{list: []int{1, 2}, m: map[string][]string{"a": {"x"}, "b": nil}, any: []any{1}, pair: [2][]byte{{1}, {2, 3}}, ch: make(chan int, 3)}
	b.ch <- 1
	b.next = &box{list: []int{3}, next: b}
	if got := entries(b); got != 2+3+1+3+1+1 {
		t.Errorf("%d entries", got)
	}
}

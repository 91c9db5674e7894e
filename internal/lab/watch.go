// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/quorate/quorate/internal/engine/core"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
)

// Event is a line of what has happened.
type Event struct {
	At   time.Duration // since the start
	Who  string        // "nodes 1, 2", "arbiter", "cluster", "alarm", "machine"
	Text string
	Tone Tone
}

// The rhythm of a watcher.
const (
	askEvery    = 100 * time.Millisecond // the arbiter
	quietAfter  = 250 * time.Millisecond // what has not changed for so long is an event
	reportAfter = 2 * time.Second        // and what does not come to rest is one after this
	stillFor    = 300 * time.Millisecond // a machine that is so late is too busy for the timers
	keepEvents  = 500
)

// watcher looks at a laboratory, and tells what has changed once that has come to
// rest: what happens together is told together, and in one order.
type watcher struct {
	l       *Lab
	task    *task
	pokes   chan struct{}
	updates chan struct{}

	mu     sync.Mutex
	view   View
	events []Event
	first  int     // number of events[0]
	alarms []Event // to be told with the next view

	// What follows belongs to the goroutine.
	cluster  *status.Cluster
	asked    time.Time
	now      []fact
	since    time.Time         // since when now is as it is
	sinceAt  time.Duration     // the same, since the start
	changed  time.Time         // since when it differs from reported
	reported map[string]string // by who
}

// fact is what can be said of somebody now.
type fact struct {
	node      qnet.NodeID // 0: nobody's in particular
	who, text string
	tone      Tone
}

func newWatcher(l *Lab) *watcher {
	return &watcher{l: l, pokes: make(chan struct{}, 1), updates: make(chan struct{}, 1), reported: map[string]string{}}
}

// start makes the first view and goes on from there.
func (w *watcher) start() {
	w.look(context.Background())
	w.task = spawn(w.run)
}

func (w *watcher) stop() {
	if w.task != nil {
		_ = w.task.stop()
	}
}

// poke asks for a look at once.
func (w *watcher) poke() {
	select {
	case w.pokes <- struct{}{}:
	default:
	}
}

func (w *watcher) run(ctx context.Context) error {
	tick := time.NewTicker(askEvery / 2)
	defer tick.Stop()
	for {
		idle := time.Now()
		select {
		case <-ctx.Done():
			return nil
		case <-w.l.engine.Changed():
		case <-w.pokes:
			w.asked = time.Time{}
		case <-tick.C:
		}
		if d := time.Since(idle); d > askEvery/2+stillFor {
			w.alarm(Event{Who: "machine", Text: "it stood still for " + short(d) + ": what follows may come of that", Tone: Odd})
		}
		w.look(ctx)
	}
}

// look makes a view.
func (w *watcher) look(ctx context.Context) {
	asOf := time.Since(w.l.started)
	links, arbiter, device, ok := w.l.state()
	if !ok {
		return // a command is being done: what it leads to is looked at after it
	}
	switch {
	case !arbiter:
		w.cluster = nil
	case time.Since(w.asked) >= askEvery:
		w.asked = time.Now()
		w.cluster = w.l.askArbiter(ctx)
	}
	if arbiter {
		asOf = min(asOf, w.asked.Sub(w.l.started))
	}
	st, err := w.l.engine.Status()
	if err != nil {
		return
	}
	v := w.l.view(st, w.cluster, links, arbiter, device)
	v.asOf = asOf
	events := w.compare(&v)
	v.Calm = v.Calm && w.changed.IsZero() && time.Since(w.since) >= quietAfter
	w.mu.Lock()
	for _, a := range w.alarms {
		a.At = v.At
		events = append([]Event{a}, events...)
	}
	w.alarms = nil
	w.view = v
	w.events = append(w.events, events...)
	if over := len(w.events) - keepEvents; over > 0 {
		w.events = slices.Delete(w.events, 0, over)
		w.first += over
	}
	w.mu.Unlock()
	select {
	case w.updates <- struct{}{}:
	default:
	}
}

// state is what only the laboratory knows.
func (l *Lab) state() (links map[qnet.NodeID]core.Link, arbiter, device, ok bool) {
	if !l.mu.TryLock() {
		return nil, false, false, false
	}
	defer l.mu.Unlock()
	links = map[qnet.NodeID]core.Link{}
	for _, n := range l.nodes {
		links[n.id] = n.link
	}
	return links, l.arbiter != nil, l.device, true
}

// compare returns what is to be told now.
func (w *watcher) compare(v *View) []Event {
	facts := w.facts(v)
	now := time.Now()
	if !slices.EqualFunc(facts, w.now, func(a, b fact) bool { return a.who == b.who && a.text == b.text }) {
		w.since, w.sinceAt = now, v.At
	}
	w.now = slices.Clone(facts)
	news := slices.DeleteFunc(facts, func(f fact) bool { return w.reported[f.who] == f.text })
	if len(news) == 0 {
		w.changed = time.Time{}
		return nil
	}
	if w.changed.IsZero() {
		w.changed = now
	}
	if now.Sub(w.since) < quietAfter && now.Sub(w.changed) < reportAfter {
		return nil
	}
	for _, f := range news {
		w.reported[f.who] = f.text
	}
	return eventsOf(news, w.sinceAt)
}

// eventsOf makes events of facts. What holds for several nodes is told once.
func eventsOf(news []fact, at time.Duration) []Event {
	var events []Event
	for i, f := range news {
		same := func(o fact) bool { return f.node != 0 && o.node != 0 && o.text == f.text }
		if f.text == silence || slices.ContainsFunc(news[:i], same) {
			continue
		}
		who := f.who
		if f.node != 0 {
			var ids []qnet.NodeID
			for _, o := range news[i:] {
				if same(o) {
					ids = append(ids, o.node)
				}
			}
			who = nodesText(ids)
		}
		events = append(events, Event{At: at, Who: who, Text: f.text, Tone: f.tone})
	}
	return events
}

// silence is a fact that is noted and not told: a command has said it already.
const silence = "-"

// facts lists what can be said: of the arbiter first, for it is what decides.
// Of what is in between nothing new is said.
func (w *watcher) facts(v *View) []fact {
	var facts []fact
	add := func(node qnet.NodeID, text string, tone Tone) {
		who := "arbiter"
		if node != Arbiter {
			who = nodesText([]qnet.NodeID{node})
		}
		if text == "" {
			text = w.reported[who]
		}
		facts = append(facts, fact{node: node, who: who, text: text, tone: tone})
	}
	if v.Device {
		text := v.Arbiter.Text()
		tone := Plain
		switch {
		case !v.Arbiter.Running:
			text = silence
		case v.Arbiter.Blocked != "" || len(v.Arbiter.Winner) == 0:
			tone = Bad
		}
		add(Arbiter, text, tone)
	} else {
		add(Arbiter, silence, Plain)
	}
	end := fact{who: "cluster", text: silence}
	if !v.anyUp() {
		end = fact{who: "cluster", text: "all nodes are down: nothing runs any more", tone: Bad}
	}
	facts = append(facts, end)
	for i := range v.Nodes {
		n := &v.Nodes[i]
		switch {
		case !n.Up || n.Frozen:
			add(n.ID, silence, Plain)
		case !n.Settled:
			add(n.ID, "", Plain)
		case n.Quorate:
			add(n.ID, n.Text(), Good)
		default:
			add(n.ID, n.Text(), Bad)
		}
	}
	return facts
}

// alarm has an event told that is in no view.
func (w *watcher) alarm(e Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.alarms = append(w.alarms, e)
}

// View returns the last snapshot.
func (l *Lab) View() View {
	l.watch.mu.Lock()
	defer l.watch.mu.Unlock()
	return l.watch.view
}

// Updates is sent to when there is another View, or there are more Events.
func (l *Lab) Updates() <-chan struct{} { return l.watch.updates }

// Events returns what has happened since the event with that number, 0 being
// the first, and the number for the next call. Old events are forgotten.
func (l *Lab) Events(from int) ([]Event, int) {
	w := l.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	next := w.first + len(w.events)
	from = max(from, w.first)
	if from >= next {
		return nil, next
	}
	return slices.Clone(w.events[from-w.first:]), next
}

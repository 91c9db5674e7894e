// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/engine"
	"github.com/quorate/quorate/internal/engine/core"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
)

// Lab is a running laboratory. Its methods may be called from several goroutines;
// commands are done one after the other.
type Lab struct {
	cfg        Config
	dir        string
	started    time.Time
	logHandler slog.Handler
	engine     *engine.Cluster
	watch      *watcher

	mu      sync.Mutex // of what follows: one command at a time
	plan    *plan
	device  bool
	arbiter *task
	nodes   []*node // node 1 first
	ways    map[[2]qnet.NodeID]way
	closed  bool
}

// way is what is wrong between two, the lower or the arbiter first.
type way struct {
	link   core.Link
	parted bool // by split
}

// state is what that comes to.
func (w way) state() core.Link {
	if w.parted {
		return core.LinkCut
	}
	return w.link
}

// node is one node of the laboratory.
type node struct {
	id     qnet.NodeID
	proxy  *proxy
	daemon *task // nil while there is no device, or no power

	// What decides how the proxy behaves.
	link   core.Link // to the arbiter, as ways has it
	power  bool
	frozen bool
}

// Start starts a laboratory: all nodes are up, but not in one ring yet. ctx is
// for the start only.
func Start(ctx context.Context, cfg Config) (*Lab, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	w := cfg.Log
	if w == nil {
		w = io.Discard
	}
	l := &Lab{
		cfg: cfg, started: time.Now(), plan: newPlan(&cfg), device: cfg.Device,
		ways:       map[[2]qnet.NodeID]way{},
		logHandler: daemon.NewLogHandler(w, nil, slog.LevelDebug),
	}
	l.watch = newWatcher(l)
	if err := l.open(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Lab) open(ctx context.Context) (err error) {
	if l.dir, err = tempDir(l.cfg.TempDir); err != nil {
		return err
	}
	if err := enrol(l.arbiterDir(), l.nodeDir()); err != nil {
		return err
	}
	ports := map[qnet.NodeID]uint16{}
	for i := range qnet.NodeID(l.cfg.Nodes) {
		p, err := newProxy(ctx)
		if err != nil {
			return err
		}
		n := &node{id: i + 1, proxy: p, power: !l.cfg.Down}
		n.setProxy()
		l.nodes = append(l.nodes, n)
		ports[i+1] = p.port()
	}
	l.engine, err = engine.Start(engine.Config{
		Config:  core.Config{Votes: l.cfg.votes(l.device), Token: l.cfg.Timers.Token, Join: l.cfg.Timers.Join},
		Keys:    l.cfg.keys(l.device, ports),
		OnEvent: l.engineEvent,
	})
	if err != nil {
		return err
	}
	if l.device {
		if err := l.startArbiter(); err != nil {
			return err
		}
	}
	if !l.cfg.Down {
		if err := l.startNodes(); err != nil {
			return err
		}
	}
	l.watch.start()
	return nil
}

// startNodes starts all nodes at once.
func (l *Lab) startNodes() error {
	var ups []core.Input
	for _, n := range l.nodes {
		ups = append(ups, core.Up{Node: n.id})
	}
	if err := l.engine.Do(ups...); err != nil {
		return err
	}
	for _, n := range l.nodes {
		l.startDaemon(n)
	}
	return nil
}

// tempDir makes the laboratory's directory. In memory is better: the arbiter waits
// for its disk, and the laboratory's timers are short. A socket's path may have no
// more than 107 bytes.
func tempDir(asked string) (string, error) {
	places := []string{cmp.Or(asked, os.Getenv("TMPDIR"))}
	if places[0] == "" || asked == "" && len(places[0]) > 70 {
		places = []string{"/dev/shm", "/tmp"}
	}
	var errs []error
	for _, place := range places {
		dir, err := os.MkdirTemp(place, "quorate-lab-")
		if err == nil {
			return dir, nil
		}
		errs = append(errs, err)
	}
	if asked == "" && places[0] == os.Getenv("TMPDIR") {
		return "", fmt.Errorf("TMPDIR is not a directory for files: %w", errs[0])
	}
	return "", errors.Join(errs...)
}

// Close ends everything that the laboratory has started, and removes what it wrote.
func (l *Lab) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	l.watch.stop()
	var errs []error
	if l.engine != nil {
		l.engine.Close() // ends the daemons: nobody is left to whom a vote matters
	}
	for _, n := range l.nodes {
		l.stopDaemon(n)
	}
	errs = append(errs, l.stopArbiter())
	for _, n := range l.nodes {
		n.proxy.close()
	}
	if l.dir != "" {
		errs = append(errs, os.RemoveAll(l.dir))
	}
	return errors.Join(errs...)
}

// Nodes returns how many nodes there are.
func (l *Lab) Nodes() int { return l.cfg.Nodes }

// Headline says in two lines what the laboratory was started as, and its times.
func (l *Lab) Headline() []string { return l.cfg.Headline() }

// startDaemon starts a node's daemon, if there is something for it to do.
func (l *Lab) startDaemon(n *node) {
	if !l.device || !n.power || n.daemon != nil {
		return
	}
	n.daemon = spawn(func(ctx context.Context) error { return l.runDaemon(ctx, n.id) })
}

// stopDaemon ends a node's daemon and waits for it.
func (l *Lab) stopDaemon(n *node) {
	if n.daemon != nil {
		_ = n.daemon.stop() // runDaemon has logged it
		n.daemon = nil
	}
}

// setProxy lets the node's way to the arbiter follow what was done to it. A node
// without power and one that is frozen are silent.
func (n *node) setProxy() {
	to := n.link
	if !n.power || n.frozen {
		to = core.LinkDrop
	}
	n.proxy.set(to)
}

// Do does a command. What it has to say is returned line by line. An error says
// that nothing was done, and why. Wait, status, help and quit are not the
// laboratory's to do.
func (l *Lab) Do(ctx context.Context, c scenario.Command) ([]string, error) {
	switch c.Verb {
	case scenario.Guest:
		return l.guest(ctx, c)
	case scenario.Losses:
		return l.losses(ctx, c)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, errors.New("the laboratory has ended")
	}
	c, err := l.plan.apply(c)
	if err != nil {
		return nil, err
	}
	defer l.watch.poke()
	return nil, l.do(c)
}

// do does a command that the plan has no objection to.
func (l *Lab) do(c scenario.Command) error {
	switch c.Verb {
	case scenario.Up:
		return l.up(c.Hosts)
	case scenario.Down:
		return l.down(c.Hosts)
	case scenario.Kill:
		return l.kill(c.Hosts)
	case scenario.Leave:
		return l.leave(c.Hosts)
	case scenario.Pause, scenario.Resume:
		return l.freeze(c.Hosts, c.Verb == scenario.Pause)
	case scenario.Split, scenario.Join, scenario.Cut, scenario.Drop, scenario.Heal:
		return l.links(c)
	case scenario.Server:
		if c.Word == "start" {
			return l.startArbiter()
		}
		return l.stopArbiter()
	case scenario.Device:
		return l.setDevice(c.Word == "on")
	case scenario.Calm:
		return l.mend()
	}
	return fmt.Errorf("%s: not for the laboratory", c.Verb)
}

func (l *Lab) up(ids []qnet.NodeID) error {
	var ins []core.Input
	for _, id := range ids {
		n := l.nodes[id-1]
		n.power = true
		n.proxy.reset() // nothing is left of what it said before
		n.setProxy()
		ins = append(ins, core.Up{Node: id})
	}
	err := l.engine.Do(ins...)
	for _, id := range ids {
		l.startDaemon(l.nodes[id-1])
	}
	return err
}

// down takes the power away from all nodes at once: first the network, so that
// no daemon can say that it ends.
func (l *Lab) down(ids []qnet.NodeID) error {
	var ins []core.Input
	for _, id := range ids {
		n := l.nodes[id-1]
		n.power, n.frozen = false, false
		n.setProxy()
		ins = append(ins, core.Down{Node: id})
	}
	err := l.engine.Do(ins...)
	for _, id := range ids {
		l.stopDaemon(l.nodes[id-1])
	}
	return err
}

// kill ends Corosync on nodes, and with it their daemons; their hosts live.
func (l *Lab) kill(ids []qnet.NodeID) error {
	var ins []core.Input
	for _, id := range ids {
		ins = append(ins, core.Down{Node: id})
	}
	err := l.engine.Do(ins...)
	for _, id := range ids {
		n := l.nodes[id-1]
		l.stopDaemon(n)
		n.power, n.frozen = false, false
		n.proxy.reset()
		n.setProxy()
	}
	return err
}

func (l *Lab) leave(ids []qnet.NodeID) error {
	for _, id := range ids {
		n := l.nodes[id-1]
		l.stopDaemon(n)
		if err := l.engine.Do(core.Leave{Node: id}); err != nil {
			return err
		}
		n.power = false
		n.proxy.reset()
		n.setProxy()
	}
	return nil
}

func (l *Lab) freeze(ids []qnet.NodeID, frozen bool) error {
	var ins []core.Input
	for _, id := range ids {
		n := l.nodes[id-1]
		n.frozen = frozen
		if frozen {
			n.setProxy()
			ins = append(ins, core.Freeze{Node: id})
		} else {
			ins = append(ins, core.Thaw{Node: id})
		}
	}
	err := l.engine.Do(ins...)
	for _, id := range ids {
		l.nodes[id-1].setProxy()
	}
	return err
}

// setDevice adds the quorum device to the cluster's configuration, or removes it,
// with its daemons and its arbiter.
func (l *Lab) setDevice(on bool) error {
	ports := map[qnet.NodeID]uint16{}
	for _, n := range l.nodes {
		ports[n.id] = n.proxy.port()
		delete(l.ways, [2]qnet.NodeID{Arbiter, n.id})
		n.link = core.LinkUp
		n.setProxy()
	}
	if on {
		if err := l.startArbiter(); err != nil {
			return err
		}
	}
	l.device = on
	if !on {
		for _, n := range l.nodes {
			l.stopDaemon(n)
		}
	}
	if err := l.engine.Reload(l.cfg.votes(on), l.cfg.keys(on, ports)); err != nil {
		return err
	}
	if !on {
		return l.stopArbiter()
	}
	for _, n := range l.nodes {
		l.startDaemon(n)
	}
	return nil
}

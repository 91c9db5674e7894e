// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/engine"
	"github.com/quorate/quorate/internal/engine/core"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
	"github.com/quorate/quorate/internal/votequorum"
)

// Config is what a laboratory is told at its start.
type Config struct {
	Nodes      int            // 1 to core.MaxNodes; their IDs are 1, 2, 3 …
	Algorithm  qnet.Algorithm // any but Test
	TieBreaker qnet.TieBreaker
	WaitForAll bool
	Device     bool // whether the cluster has its quorum device, and its arbiter, from the start
	Down       bool // whether the nodes are down at the start

	Timers Timers

	// TempDir is where the laboratory's directory is made. Empty: in TMPDIR if that
	// is set, else in memory, else in /tmp.
	TempDir string

	// Log takes the log of every daemon, and of every node's engine; nil: nobody does.
	Log io.Writer
}

// Timers are the times that a laboratory runs on. A real cluster has ten times
// as long ones.
type Timers struct {
	Heartbeat time.Duration // between node and arbiter; the device timeout is 1.25 of it
	Sync      time.Duration // how long a sync waits for the device
	Token     time.Duration // a silent node is waited for so long
	Join      time.Duration // a ring forms in this time if nobody has to be waited for
}

// Defaults returns the laboratory of quorate lab without options.
func Defaults() Config {
	return Config{
		Nodes: 2, Algorithm: qnet.FFSplit, TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerLowest}, Device: true,
		Timers: Timers{Heartbeat: time.Second, Sync: 3 * time.Second, Token: 500 * time.Millisecond, Join: 100 * time.Millisecond},
	}
}

// use makes the laboratory that of a scenario's cluster: its nodes are down at the
// start, and its timers are not shortened.
func (c *Config) use(cl scenario.Cluster) {
	c.Nodes, c.Algorithm, c.TieBreaker, c.WaitForAll = cl.Nodes, cl.Algorithm, cl.TieBreaker, cl.WaitForAll
	c.Device, c.Down = true, true
	c.Timers.Heartbeat, c.Timers.Sync, c.Timers.Token = cl.Timeout*4/5, cl.SyncTimeout, cl.Token
	c.Timers.Join = min(c.Timers.Join, cl.Token)
}

// Check reports what can't be.
func (c *Config) Check() error {
	switch {
	case c.Nodes < 1 || c.Nodes > core.MaxNodes:
		return fmt.Errorf("%d nodes: want 1 to %d", c.Nodes, core.MaxNodes)
	case c.Algorithm == qnet.TwoNodeLMS && c.Nodes != 2:
		return fmt.Errorf("algorithm 2nodelms is for 2 nodes, not for %d", c.Nodes)
	case c.Algorithm == qnet.LMS && c.Nodes < 2:
		return errors.New("algorithm lms gives the device one vote less than there are nodes: want at least 2")
	case c.Algorithm == qnet.Test || !c.Algorithm.Known():
		return fmt.Errorf("algorithm %v is not for the laboratory", c.Algorithm)
	case c.TieBreaker.Mode == qnet.TieBreakerNode && (c.TieBreaker.ID < 1 || int64(c.TieBreaker.ID) > int64(c.Nodes)):
		return fmt.Errorf("tie-breaker node %v: nodes are 1 to %d", c.TieBreaker.ID, c.Nodes)
	case c.Timers.Heartbeat < 100*time.Millisecond:
		return fmt.Errorf("heartbeat %v: want at least 100ms", c.Timers.Heartbeat)
	}
	return nil
}

// Algorithms are those of the laboratory, by their names in corosync.conf.
func Algorithms() []string {
	return []string{qnet.FFSplit.Name(), qnet.LMS.Name(), qnet.TwoNodeLMS.Name()}
}

// ParseAlgorithm reads an algorithm by its name in corosync.conf.
func ParseAlgorithm(s string) (qnet.Algorithm, error) {
	if a, ok := qnet.AlgorithmNamed(s); ok && slices.Contains(Algorithms(), s) {
		return a, nil
	}
	return 0, fmt.Errorf("%q is not one of: %s", s, strings.Join(Algorithms(), ", "))
}

// ParseTieBreaker reads a tie-breaker as corosync.conf has it.
func ParseTieBreaker(s string) (qnet.TieBreaker, error) {
	if t, ok := qnet.TieBreakerNamed(s); ok {
		return t, nil
	}
	id, err := strconv.ParseUint(s, 10, 32)
	if err != nil || id == 0 {
		return qnet.TieBreaker{}, fmt.Errorf("%q is not %s", s, qnet.TieBreakerChoice())
	}
	return qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: qnet.NodeID(id)}, nil
}

// deviceTimeout is the timeout from which the node daemon gets its heartbeat.
func (t Timers) deviceTimeout() time.Duration { return t.Heartbeat * 5 / 4 }

// hold is how long the arbiter takes a silent node to be casting its vote:
// rule H2 of docs/decision.md.
func (t Timers) hold() time.Duration { return t.Heartbeat*13/4*105/100 + time.Second }

// settle is when all should be calm after the last fault: a silent node's vote is
// free, and the nodes have connected, asked and formed their rings again.
func (t Timers) settle() time.Duration { return 4*t.deviceTimeout() + 8*time.Second }

// clusterName is the cluster's name in every certificate and configuration.
const clusterName = "lab"

// votes is the cluster's quorum section.
func (c *Config) votes(device bool) votequorum.Config {
	var ids []qnet.NodeID
	for i := range qnet.NodeID(c.Nodes) {
		ids = append(ids, i+1)
	}
	v := votequorum.Config{Nodes: votequorum.OneVoteEach(ids...)}
	if c.WaitForAll {
		v.WaitForAll = votequorum.On
	}
	if device {
		v.Device = &votequorum.Device{Votes: int64(c.deviceVotes()), Timeout: c.Timers.deviceTimeout(), SyncTimeout: c.Timers.Sync}
	}
	return v
}

// deviceVotes is what the algorithm wants quorum.device.votes to be.
func (c *Config) deviceVotes() int {
	if c.Algorithm == qnet.LMS {
		return c.Nodes - 1
	}
	return 1
}

// keys are the configuration keys besides the votes. Each node reaches the
// arbiter by a port of its own: that of its proxy.
func (c *Config) keys(device bool, ports map[qnet.NodeID]uint16) engine.Keys {
	k := engine.Keys{All: map[string]string{"totem.cluster_name": clusterName}, Of: map[qnet.NodeID]map[string]string{}}
	if !device {
		return k
	}
	for name, value := range map[string]string{
		"model": "net", "net.host": "127.0.0.1", "net.algorithm": c.Algorithm.Name(),
		"net.tie_breaker": c.TieBreaker.Name(), "net.tls": "required",
		"net.connect_timeout": strconv.FormatInt((3 * c.Timers.Heartbeat).Milliseconds(), 10),
	} {
		k.All["quorum.device."+name] = value
	}
	for id, port := range ports {
		k.Of[id] = map[string]string{"quorum.device.net.port": strconv.Itoa(int(port))}
	}
	return k
}

// Headline says in a line or two what the laboratory is, and its times.
func (c *Config) Headline() []string {
	first := fmt.Sprintf("%d nodes", c.Nodes)
	if c.Nodes == 1 {
		first = "1 node"
	}
	if c.Device {
		first += ", algorithm " + c.Algorithm.Name() + ", tie-breaker " + c.TieBreaker.Name()
	} else {
		first += ", no device"
	}
	if c.WaitForAll {
		first += ", wait_for_all"
	}
	return []string{first, strings.Join([]string{
		"heartbeat " + short(c.Timers.Heartbeat) + " (usually 8s)",
		"token " + short(c.Timers.Token) + " (3s)",
		"vote of a silent node " + short(c.Timers.hold()) + " (28s)",
	}, ", ")}
}

// short prints a duration in tenths of a second: "0.5s", "1s".
func short(d time.Duration) string {
	return strconv.FormatFloat(d.Round(100*time.Millisecond).Seconds(), 'f', -1, 64) + "s"
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// MaxNodes is the most nodes that a scenario may have.
const MaxNodes = 16

// Defaults is a cluster of two nodes with everything that "cluster" does not say.
func Defaults() Cluster {
	return Cluster{
		Nodes: 2, Algorithm: qnet.FFSplit, TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerLowest}, KAP: true,
		Daemons: []Program{Ours, Ours}, Timeout: 10 * time.Second, HeartbeatMax: 2 * time.Minute, SyncTimeout: 30 * time.Second, Token: time.Second,
		Delay: time.Millisecond, Seed: 1,
	}
}

// modes are the modes of the heuristics.
var modes = []string{HeuristicsOff: "off", HeuristicsSync: "sync", HeuristicsOn: "on"}

// setting is one word of the command "cluster".
type setting struct {
	key string
	set func(*Cluster, string) error
	get func(*Cluster) string
}

var settings = []setting{
	{"nodes", func(c *Cluster, v string) (err error) { c.Nodes, err = within(v, 1, MaxNodes); return err },
		func(c *Cluster) string { return strconv.Itoa(c.Nodes) }},
	{"algorithm", func(c *Cluster, v string) (err error) {
		var ok bool
		if c.Algorithm, ok = qnet.AlgorithmNamed(v); !ok {
			err = fmt.Errorf("want one of %s", strings.Join(qnet.AlgorithmNames(), ", "))
		}
		return err
	}, func(c *Cluster) string { return c.Algorithm.Name() }},
	{"tie-breaker", setTieBreaker, func(c *Cluster) string { return c.TieBreaker.Name() }},
	{"kap", onOff(func(c *Cluster) *bool { return &c.KAP }), printOnOff(func(c *Cluster) bool { return c.KAP })},
	{"daemons", setDaemons, func(c *Cluster) string {
		if !slices.ContainsFunc(c.Daemons, func(p Program) bool { return p != c.Daemons[0] }) {
			return c.Daemons[0].String()
		}
		var words []string
		for _, p := range c.Daemons {
			words = append(words, p.String())
		}
		return strings.Join(words, ",")
	}},
	{"arbiter", func(c *Cluster, v string) (err error) { c.Arbiter, err = program(v); return err },
		func(c *Cluster) string { return c.Arbiter.String() }},
	{"wait-for-all", onOff(func(c *Cluster) *bool { return &c.WaitForAll }), printOnOff(func(c *Cluster) bool { return c.WaitForAll })},
	{"heuristics", func(c *Cluster, v string) error {
		i := slices.Index(modes, v)
		if i < 0 {
			return fmt.Errorf("want one of %s", strings.Join(modes, ", "))
		}
		c.Heuristics = Heuristics(i)
		return nil
	}, func(c *Cluster) string { return modes[c.Heuristics] }},
	duration("timeout", func(c *Cluster) *time.Duration { return &c.Timeout }),
	duration("heartbeat-max", func(c *Cluster) *time.Duration { return &c.HeartbeatMax }),
	duration("sync-timeout", func(c *Cluster) *time.Duration { return &c.SyncTimeout }),
	duration("token", func(c *Cluster) *time.Duration { return &c.Token }),
	duration("delay", func(c *Cluster) *time.Duration { return &c.Delay }),
	{"slow", onOff(func(c *Cluster) *bool { return &c.Slow }), printOnOff(func(c *Cluster) bool { return c.Slow })},
	{"drift", setDrift, func(c *Cluster) string {
		var words []string
		for _, d := range c.Drift {
			words = append(words, strconv.Itoa(d))
		}
		return strings.Join(words, ",")
	}},
	{"seed", func(c *Cluster, v string) (err error) { c.Seed, err = strconv.ParseUint(v, 10, 64); return err },
		func(c *Cluster) string { return strconv.FormatUint(c.Seed, 10) }},
}

// String prints the command "cluster": the number of nodes, and what differs
// from Defaults.
func (c Cluster) String() string {
	def := Defaults()
	words := []string{"cluster"}
	for _, s := range settings {
		if v := s.get(&c); v != s.get(&def) || s.key == "nodes" {
			words = append(words, s.key+"="+v)
		}
	}
	return strings.Join(words, " ")
}

// ParseCluster reads the words of the command "cluster", as nodes=4.
func ParseCluster(words []string) (Cluster, error) {
	c := Defaults()
	c.Daemons = c.Daemons[:1] // one word for all
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		i := slices.IndexFunc(settings, func(s setting) bool { return s.key == key })
		if i < 0 {
			return c, fmt.Errorf("a cluster has no setting %q", word)
		}
		if err := settings[i].set(&c, value); err != nil {
			return c, fmt.Errorf("%s: %w", word, err)
		}
	}
	switch {
	case len(c.Daemons) == 1:
		c.Daemons = slices.Repeat(c.Daemons, c.Nodes)
	case len(c.Daemons) != c.Nodes:
		return c, fmt.Errorf("%d daemons for %d nodes", len(c.Daemons), c.Nodes)
	}
	if len(c.Drift) > c.Nodes+1 {
		return c, fmt.Errorf("%d clocks for %d hosts", len(c.Drift), c.Nodes+1)
	}
	if c.Algorithm == qnet.TwoNodeLMS && c.Nodes != 2 {
		return c, fmt.Errorf("2nodelms is for 2 nodes, and here are %d", c.Nodes)
	}
	return c, nil
}

func setTieBreaker(c *Cluster, v string) error {
	var ok bool
	if c.TieBreaker, ok = qnet.TieBreakerNamed(v); ok {
		return nil
	}
	n, err := within(v, 1, MaxNodes)
	if err != nil {
		return fmt.Errorf("want %s", qnet.TieBreakerChoice())
	}
	c.TieBreaker = qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: qnet.NodeID(n)}
	return nil
}

func setDaemons(c *Cluster, v string) error {
	c.Daemons = nil
	for word := range strings.SplitSeq(v, ",") {
		p, err := program(word)
		if err != nil {
			return err
		}
		c.Daemons = append(c.Daemons, p)
	}
	return nil
}

// maxDrift is 10 %: twice of what the hold times cover.
const maxDrift = 100_000

func setDrift(c *Cluster, v string) error {
	c.Drift = nil
	for word := range strings.SplitSeq(v, ",") {
		n, err := within(word, -maxDrift, maxDrift)
		if err != nil {
			return err
		}
		c.Drift = append(c.Drift, n)
	}
	return nil
}

func program(v string) (Program, error) {
	switch v {
	case "go":
		return Ours, nil
	case "c":
		return C, nil
	}
	return Ours, fmt.Errorf("want go or c")
}

func within(v string, lo, hi int) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < lo || n > hi {
		return 0, fmt.Errorf("want a number from %d to %d", lo, hi)
	}
	return n, nil
}

func onOff(field func(*Cluster) *bool) func(*Cluster, string) error {
	return func(c *Cluster, v string) error {
		if v != "on" && v != "off" {
			return fmt.Errorf("want on or off")
		}
		*field(c) = v == "on"
		return nil
	}
}

func printOnOff(value func(*Cluster) bool) func(*Cluster) string {
	return func(c *Cluster) string {
		if value(c) {
			return "on"
		}
		return "off"
	}
}

// maxWait bounds every duration of a scenario.
const maxWait = 24 * time.Hour

func parseDuration(v string) (time.Duration, error) {
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 || d > maxWait {
		return 0, fmt.Errorf("want a duration as 400ms or 2m, up to %s", maxWait)
	}
	return d, nil
}

func duration(key string, field func(*Cluster) *time.Duration) setting {
	return setting{key, func(c *Cluster, v string) error {
		d, err := parseDuration(v)
		if err == nil && d == 0 {
			return fmt.Errorf("want more than nothing")
		}
		*field(c) = d
		return err
	}, func(c *Cluster) string { return (*field(c)).String() }}
}

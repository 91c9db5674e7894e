// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package nodeconf

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// Prefixes are those of the keys that Parse looks at.
func Prefixes() []string {
	return []string{"totem.c", "quorum.", "nodelist.node.", "logging.", "runtime.votequorum.this_node_id"}
}

// Config is the configuration of a node daemon.
type Config struct {
	Machine qdevice.Config // all but its Seed

	Hosts     []string // names or addresses of the one arbiter, in the order of preference
	Port      uint16
	IPVersion int // 4 or 6; 0 takes both

	Commands []Command // heuristics, sorted by name; none if they are off

	Nodes   qnet.NodeList // configured nodes by ID
	Names   qnet.Names    // of those that have one that can be printed
	Version wire.Opt[uint64]

	DeviceVotes wire.Opt[uint32] // quorum.device.votes
	Debug       bool             // logging at level debug

	// Warnings are lines for the log.
	Warnings []string
}

// Command is one heuristics command.
type Command struct {
	Name string // of the key, without exec_
	Line string // the command line
}

// Lookup resolves the name of a node to its IPv4 address. It is asked only for
// nodes without a node ID.
type Lookup func(host string) (netip.Addr, error)

// SameArbiter reports whether c reaches its arbiter as o does, and tells it the
// same: if not, a new connection is needed.
func (c *Config) SameArbiter(o *Config) bool {
	return slices.Equal(c.Hosts, o.Hosts) && c.Port == o.Port && c.IPVersion == o.IPVersion
}

// OwnVotes says why this node's own configuration does not go with the algorithm,
// in the C daemon's words; nil if it does.
func (c *Config) OwnVotes() error {
	if c.Machine.Algorithm == qnet.FFSplit && (!c.DeviceVotes.Set || c.DeviceVotes.V != 1) {
		return errors.New("50:50 split algorithm works only if quorum.device.votes configuration key is set to 1!") //nolint:staticcheck // the C daemon's words
	}
	return nil
}

// Parse reads the configuration of a daemon that starts. The error joins all that
// is wrong.
func Parse(keys map[string]string, s Settings, lookup Lookup) (*Config, error) {
	p := parser{keys: keys, s: s, lookup: lookup}
	c := p.parse()
	if err := errors.Join(p.errs...); err != nil {
		return nil, err
	}
	c.Warnings = p.warnings
	return c, nil
}

// Removed says what is gone from the configuration of a running daemon without which
// there is no quorum device, and no mistake either: quorum.device, or its only host.
// It is empty if nothing is.
func Removed(keys map[string]string) string {
	const model, host = "quorum.device.model", netKeys + "host"
	if keys[model] == "" {
		if slices.ContainsFunc(slices.Sorted(maps.Keys(keys)), func(key string) bool {
			return strings.HasPrefix(key, "quorum.device.") && key != model
		}) {
			return model
		}
		return "quorum.device"
	}
	if _, ok := keys[host]; !ok {
		return host
	}
	return ""
}

// Reload reads the configuration of a daemon that runs with old. What is wrong
// stays as it was, and is told in Warnings.
func Reload(old *Config, keys map[string]string, s Settings, lookup Lookup) *Config {
	p := parser{keys: keys, s: s, lookup: lookup, old: old}
	c := p.parse()
	c.Warnings = p.warnings
	return c
}

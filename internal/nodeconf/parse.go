// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package nodeconf

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/quorate/quorate/corosync/conf"
	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
	"github.com/quorate/quorate/internal/words"
)

// Defaults of Corosync and of the C daemon.
const (
	defaultPort        = 5403
	defaultTimeout     = 10000 // ms
	defaultSyncTimeout = 30000 // ms

	// leastTimeout, in ms: a shorter one would be polled without a pause.
	leastTimeout = 100
)

const netKeys = "quorum.device.net."

// parser reads keys one by one. With old set, what is wrong is a warning.
type parser struct {
	keys   map[string]string
	s      Settings
	lookup Lookup
	old    *Config

	errs     []error
	warnings []string
}

func (p *parser) warn(format string, args ...any) {
	p.warnings = append(p.warnings, fmt.Sprintf(format, args...))
}

// bad notes that a value can't be used.
func (p *parser) bad(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if p.old != nil {
		p.warnings = append(p.warnings, text+": keeping the value that was in use")
		return
	}
	p.errs = append(p.errs, errors.New(text))
}

// removed notes that something without a default is missing. In a reload it was removed,
// which is no mistake of a value: kept says what is used until the daemon starts again.
func (p *parser) removed(key, kept, refusal string) {
	if p.old != nil {
		p.warn("%s was removed from corosync.conf: this node goes on with %s until its daemon is restarted", key, kept)
		return
	}
	p.errs = append(p.errs, errors.New(refusal))
}

// keep returns what the running daemon uses in the place of a bad value.
func keep[T any](p *parser, get func(*Config) T) (v T) {
	if p.old != nil {
		v = get(p.old)
	}
	return v
}

func (p *parser) parse() *Config {
	c := &Config{}
	m := &c.Machine
	p.model()
	m.Node = p.nodeID()
	m.Timeout = p.wait("quorum.device.timeout", defaultTimeout, func(m *qdevice.Config) time.Duration { return m.Timeout })
	m.SyncTimeout = p.wait("quorum.device.sync_timeout", defaultSyncTimeout, func(m *qdevice.Config) time.Duration { return m.SyncTimeout })
	p.heuristics(c)
	p.nodes(c)
	m.TLS = p.tls()
	p.address(c)
	m.Cluster = p.cluster()
	m.Heartbeat = p.heartbeat(m.Timeout)
	m.Algorithm = p.algorithm()
	m.TieBreaker = p.tieBreaker()
	m.ConnectTimeout = p.connectTimeout(m.Heartbeat)
	m.KeepActivePartition = p.keepActivePartition()
	m.WaitForAll = p.keys["quorum.wait_for_all"] == "1" || p.keys["quorum.wait_for_all"] == "yes"
	m.WithdrawTime = p.s.WithdrawTime
	m.MinReplySize, m.MaxReplySize = p.s.MinSendSize, p.s.MaxReplySize
	p.manyHosts(c)
	if n, ok := words.Number(p.keys["quorum.device.votes"], 0, math.MaxUint32); ok {
		c.DeviceVotes = wire.Some(uint32(n))
	}
	c.Debug = p.debug("logging.logger_subsys.QDEVICE.debug", p.debug("logging.debug", false))
	return c
}

func (p *parser) model() {
	switch model, ok := p.keys["quorum.device.model"]; {
	case !ok:
		p.bad("Can't read quorum.device.model cmap key.")
	case model != "net":
		p.bad("Configured device model %s is not supported.", model)
	}
}

func (p *parser) nodeID() qnet.NodeID {
	n, ok := words.Number(p.keys["runtime.votequorum.this_node_id"], 1, math.MaxUint32)
	if !ok {
		p.bad("Unable to retrieve this node nodeid.")
		return keep(p, func(c *Config) qnet.NodeID { return c.Machine.Node })
	}
	return qnet.NodeID(n)
}

// wait reads how long Corosync waits for the device: it reads the same key itself.
func (p *parser) wait(key string, def int64, old func(*qdevice.Config) time.Duration) time.Duration {
	v, ok := p.keys[key]
	n, valid := words.Number(v, leastTimeout, math.MaxUint32)
	switch {
	case !ok:
		n = def
	case !valid:
		p.bad("%s is %q, must be a number of ms from %d", key, v, leastTimeout)
		return keep(p, func(c *Config) time.Duration { return old(&c.Machine) })
	}
	return time.Duration(n) * time.Millisecond
}

func (p *parser) tls() wire.TLSSupport {
	v, ok := p.keys[netKeys+"tls"]
	on, isBool := words.Switch(v)
	switch {
	case !ok, isBool && on:
		return wire.TLSSupported
	case isBool:
		return wire.TLSUnsupported
	case strings.EqualFold(v, "required"), strings.EqualFold(v, "req"):
		return wire.TLSRequired
	}
	p.bad("quorum.device.net.tls value is not valid.")
	return keep(p, func(c *Config) wire.TLSSupport { return c.Machine.TLS })
}

// address reads where the arbiter is. Several names or addresses of the one
// arbiter are separated by commas or blanks. If one of them can be no host, none is
// taken: the others may be words of a comment.
func (p *parser) address(c *Config) {
	v := p.keys[netKeys+"host"]
	hosts, err := conf.Hosts(v)
	switch {
	case err != nil:
		p.bad("quorum.device.net.host is %q: %v", v, err)
	case len(hosts) == 0:
		p.bad("Qdevice net daemon address is not defined (quorum.device.net.host)")
	}
	if c.Hosts = hosts; len(hosts) == 0 {
		c.Hosts = keep(p, func(c *Config) []string { return c.Hosts })
	}
	c.Port = defaultPort
	if v, ok := p.keys[netKeys+"port"]; ok {
		n, ok := words.Number(v, 1, math.MaxUint16)
		if c.Port = uint16(n); !ok {
			p.bad("quorum.device.net.port must be in range 1-65535")
			c.Port = keep(p, func(c *Config) uint16 { return c.Port })
		}
	}
	if v, ok := p.keys[netKeys+"force_ip_version"]; ok {
		n, ok := words.Number(v, 0, 6)
		if c.IPVersion = int(n); !ok || (n != 0 && n != 4 && n != 6) {
			p.bad("force_ip_version must be one of 0|4|6")
			c.IPVersion = keep(p, func(c *Config) int { return c.IPVersion })
		}
	}
}

// manyHosts looks after the rule that there is one arbiter. Without TLS nothing
// tells two names of one arbiter from two arbiters, which would give each half of
// a split cluster the vote.
func (p *parser) manyHosts(c *Config) {
	if len(c.Hosts) < 2 {
		return
	}
	switch c.Machine.TLS {
	case wire.TLSSupported:
		c.Machine.TLS = wire.TLSRequired
	case wire.TLSUnsupported:
		p.bad("quorum.device.net.host names %d addresses, which needs quorum.device.net.tls: on: "+
			"without it two arbiters can't be told from two addresses of one, and two would give the vote twice", len(c.Hosts))
		c.Hosts = keep(p, func(c *Config) []string { return c.Hosts })
		c.Machine.TLS = keep(p, func(c *Config) wire.TLSSupport { return c.Machine.TLS })
	}
}

func (p *parser) cluster() string {
	name := p.keys["totem.cluster_name"]
	if name == "" {
		old := keep(p, func(c *Config) string { return c.Machine.Cluster })
		const needed = "Cluster name (totem.cluster_name) has to be defined."
		if _, empty := p.keys["totem.cluster_name"]; empty {
			p.bad(needed)
		} else {
			p.removed("totem.cluster_name", strconv.Quote(old), needed)
		}
		return old
	}
	return name
}

// heartbeat is 0.8 of the device timeout, within the limits of the settings.
func (p *parser) heartbeat(timeout time.Duration) time.Duration {
	lo, hi := time.Duration(p.s.HeartbeatMin)*time.Millisecond, time.Duration(p.s.HeartbeatMax)*time.Millisecond
	exact := qdevice.Heartbeat(timeout, 0, timeout)
	switch h := qdevice.Heartbeat(timeout, lo, hi); {
	case exact < h:
		p.warn("Heartbeat interval too small %d. Adjusting to %d.", exact.Milliseconds(), h.Milliseconds())
		return h
	case exact > h:
		p.warn("Heartbeat interval too big %d. Adjusting to %d.", exact.Milliseconds(), h.Milliseconds())
		return h
	}
	return exact
}

func (p *parser) algorithm() qnet.Algorithm {
	v, ok := p.keys[netKeys+"algorithm"]
	if !ok {
		return qnet.FFSplit
	}
	switch a, known := qnet.AlgorithmNamed(v); {
	case !known:
		p.bad("Unknown decision algorithm %s", v)
	case a == qnet.Test && !p.s.TestAlgorithm:
		p.bad("Test algorithm is not enabled. You can force enable it by passing -S net_test_algorithm_enabled=on to corosync-qdevice command")
	default:
		return a
	}
	return keep(p, func(c *Config) qnet.Algorithm { return c.Machine.Algorithm })
}

func (p *parser) tieBreaker() qnet.TieBreaker {
	v, ok := p.keys[netKeys+"tie_breaker"]
	if !ok {
		return qnet.TieBreaker{Mode: qnet.TieBreakerLowest}
	}
	if t, ok := qnet.TieBreakerNamed(v); ok {
		return t
	}
	n, ok := words.Number(v, 1, math.MaxUint32)
	if !ok {
		p.bad("tie_breaker must be %s|valid_node_id", strings.Join(qnet.TieBreakerNames(), "|"))
		return keep(p, func(c *Config) qnet.TieBreaker { return c.Machine.TieBreaker })
	}
	return qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: qnet.NodeID(n)}
}

func (p *parser) connectTimeout(heartbeat time.Duration) time.Duration {
	v, ok := p.keys[netKeys+"connect_timeout"]
	if !ok {
		return heartbeat
	}
	lo, hi := p.s.ConnectTimeoutMin, p.s.ConnectTimeoutMax
	n, ok := words.Number(v, int64(lo), int64(hi))
	if !ok {
		p.bad("connect_timeout must be valid number in range <%d,%d>", lo, hi)
		return keep(p, func(c *Config) time.Duration { return c.Machine.ConnectTimeout })
	}
	return time.Duration(n) * time.Millisecond
}

func (p *parser) keepActivePartition() bool {
	v, ok := p.keys[netKeys+"keep_active_partition_tie_breaker"]
	if !ok {
		return true
	}
	on, ok := words.Switch(v)
	if !ok {
		p.bad("quorum.device.net.keep_active_partition_tie_breaker value is not valid.")
		return keep(p, func(c *Config) bool { return c.Machine.KeepActivePartition })
	}
	return on
}

// debug reads a switch of logging, which takes trace, too. A bad one is never
// fatal.
func (p *parser) debug(key string, fallback bool) bool {
	v, ok := p.keys[key]
	if !ok {
		return fallback
	}
	on, ok := words.Switch(v)
	if !ok && !strings.EqualFold(v, "trace") {
		p.warn("%s value is not valid", key)
		return fallback
	}
	return on || !ok
}

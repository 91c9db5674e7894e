// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package nodeconf

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/words"
)

const heuristicsKeys = "quorum.device.heuristics."

// heuristics reads the mode, the times and the commands.
func (p *parser) heuristics(c *Config) {
	m := &c.Machine
	lo, hi := p.s.HeuristicsTimeoutMin, p.s.HeuristicsTimeoutMax
	m.HeuristicsTimeout = p.heuristicsTime("timeout", lo, hi, m.Timeout/2, func(m *qdevice.Config) time.Duration { return m.HeuristicsTimeout })
	m.HeuristicsSync = p.heuristicsTime("sync_timeout", lo, hi, m.SyncTimeout/2, func(m *qdevice.Config) time.Duration { return m.HeuristicsSync })
	lo, hi = p.s.HeuristicsIntervalMin, p.s.HeuristicsIntervalMax
	m.HeuristicsInterval = p.heuristicsTime("interval", lo, hi, 3*m.Timeout, func(m *qdevice.Config) time.Duration { return m.HeuristicsInterval })
	if m.Heuristics = p.heuristicsMode(); m.Heuristics == qdevice.HeuristicsOff {
		return
	}
	c.Commands = p.commands()
	switch n := len(c.Commands); {
	case n == 0:
		p.warn("No valid heuristics execs defined. Disabling heuristics.")
	case n > p.s.HeuristicsMaxExecs:
		p.warn("Too much (%d) heuristics execs defined (max is %d). Disabling heuristics.", n, p.s.HeuristicsMaxExecs)
	default:
		return
	}
	m.Heuristics, c.Commands = qdevice.HeuristicsOff, nil
}

func (p *parser) heuristicsTime(name string, lo, hi uint32, def time.Duration, old func(*qdevice.Config) time.Duration) time.Duration {
	v, ok := p.keys[heuristicsKeys+name]
	if !ok {
		return def
	}
	n, ok := words.Number(v, int64(lo), int64(hi))
	if !ok {
		p.bad("heuristics.%s must be valid number in range <%d,%d>", name, lo, hi)
		return keep(p, func(c *Config) time.Duration { return old(&c.Machine) })
	}
	return time.Duration(n) * time.Millisecond
}

func (p *parser) heuristicsMode() qdevice.HeuristicsMode {
	v, ok := p.keys[heuristicsKeys+"mode"]
	on, isBool := words.Switch(v)
	switch {
	case !ok, isBool && !on:
		return qdevice.HeuristicsOff
	case isBool:
		return qdevice.HeuristicsOn
	case strings.EqualFold(v, "sync"):
		return qdevice.HeuristicsSync
	}
	p.bad("quorum.device.heuristics.mode value is not valid.")
	return keep(p, func(c *Config) qdevice.HeuristicsMode { return c.Machine.Heuristics })
}

// commands lists the exec_NAME keys, sorted.
func (p *parser) commands() (list []Command) {
	for _, key := range slices.Sorted(maps.Keys(p.keys)) {
		name, ok := strings.CutPrefix(key, heuristicsKeys+"exec_")
		if !ok {
			continue
		}
		if name == "" || strings.Contains(name, ".") {
			p.warn("%s key is not correct heuristics exec name. Ignoring", key)
			continue
		}
		if strings.TrimSpace(p.keys[key]) == "" {
			p.warn("Can't store value of %s key into list. Ignoring", key)
			continue
		}
		list = append(list, Command{Name: name, Line: p.keys[key]})
	}
	return list
}

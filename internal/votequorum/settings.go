// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum

import (
	"errors"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// settings is the part of the configuration that is in force.
type settings struct {
	twoNode         bool
	waitForAll      bool
	waitForAllAuto  bool // not set explicitly: follows twoNode
	lastManStanding bool
	window          time.Duration
	tie             TieBreak
	tieAtStart      TieBreak
	tieNodes        []qnet.NodeID
	allowDownscale  bool
	tracking        bool
	deviceAllowed   bool
	deviceTimeout   time.Duration
	syncTimeout     time.Duration
}

// reading is one pass over a configuration.
type reading struct {
	Config
	runtime  bool
	own, sum uint32 // votes of this node and of the node list
	listed   bool   // there is a node list with this node
	device   int64  // votes of the device, or AutoVotes; 0 without one
	refused  []string
}

var errNoVotes = errors.New("neither a node list nor expected_votes is configured")

// configure puts a configuration in force. What can't be combined is an error
// at the start and takes the device out of service at run time.
func (m *Machine) configure(cfg Config, runtime bool) error {
	r := &reading{Config: cfg, runtime: runtime}
	r.own, r.sum, r.listed = cfg.nodeVotes()
	if d := cfg.Device; d != nil {
		r.device = d.Votes
		m.set.deviceTimeout = orDefault(d.Timeout, DefaultDeviceTimeout)
		m.set.syncTimeout = orDefault(d.SyncTimeout, DefaultDeviceSyncTimeout)
		m.set.deviceAllowed = true
	}
	m.set.twoNode = cfg.TwoNode
	if runtime {
		m.set.tie = m.set.tieAtStart
	}
	if !r.listed && cfg.ExpectedVotes == 0 {
		if runtime {
			m.note(Error, "configuration refused, going on as before: "+errNoVotes.Error())
			return nil
		}
		return errNoVotes
	}
	if err := m.twoNodeDevice(r); err != nil {
		return err
	}
	if !runtime {
		m.features(cfg)
	}
	if m.set.waitForAllAuto {
		m.set.waitForAll = m.set.twoNode
	}
	if err := m.checkTieBreaker(r); err != nil {
		return err
	}
	if err := m.checkDevice(r); err != nil {
		return err
	}
	m.apply(r)
	return nil
}

// twoNodeDevice: two_node and a device exclude each other.
func (m *Machine) twoNodeDevice(r *reading) error {
	if !m.set.twoNode || r.Device == nil {
		return nil
	}
	const why = "two_node can't be combined with a quorum device"
	if !r.runtime {
		return errors.New(why)
	}
	if m.us.flags.has(nodeRegistered) {
		m.set.twoNode = false
		m.note(Error, "two_node disabled, as a device is registered: "+why)
		return nil
	}
	m.set.deviceAllowed = false
	m.note(Error, "quorum device disabled, as none is registered: "+why)
	return nil
}

// features are read at the start only.
func (m *Machine) features(cfg Config) {
	s := &m.set
	s.allowDownscale = cfg.AllowDownscale
	s.waitForAll, s.waitForAllAuto = cfg.WaitForAll == On, cfg.WaitForAll == Unset
	s.lastManStanding = cfg.LastManStanding
	s.window = orDefault(cfg.LastManStandingWindow, DefaultLastManStandingWindow)
	s.tracking = cfg.ExpectedVotesTracking || cfg.AllowDownscale
	if cfg.AutoTieBreaker {
		s.tie, s.tieNodes = ParseTieBreaker(cfg.AutoTieBreakerNode)
		if s.tie == TieNone {
			m.note(Warning, "auto_tie_breaker disabled: auto_tie_breaker_node is neither lowest nor highest nor a list of node IDs")
		}
	} else if cfg.AutoTieBreakerNode != "" {
		m.note(Warning, "auto_tie_breaker_node has no effect without auto_tie_breaker")
	}
	s.tieAtStart = s.tie
}

// checkTieBreaker: a tie-breaker excludes two_node, and with an odd number of
// votes it needs wait_for_all, as half a cluster less one could be quorate after
// a reboot without the tie-breaker node.
func (m *Machine) checkTieBreaker(r *reading) error {
	s := &m.set
	if s.tie == TieNone {
		return nil
	}
	if s.twoNode {
		s.twoNode = false
		m.note(Error, "two_node disabled: it can't be combined with auto_tie_breaker")
	}
	if r.sum%2 == 0 || s.waitForAll {
		return nil
	}
	if s.lastManStanding {
		return errors.New("auto_tie_breaker with an odd number of votes needs wait_for_all, and no last_man_standing")
	}
	s.tie = TieNone
	m.note(Error, "auto_tie_breaker disabled: with an odd number of votes it needs wait_for_all")
	return nil
}

// checkDevice refuses a device that can't be combined with the rest.
func (m *Machine) checkDevice(r *reading) error {
	r.againstDevice(&m.set)
	for _, why := range r.refused {
		if !r.runtime {
			return errors.New(why)
		}
		m.set.deviceAllowed = false
		m.note(Error, "quorum device disabled: "+why)
	}
	return nil
}

// againstDevice lists what speaks against a quorum device.
func (r *reading) againstDevice(s *settings) {
	if r.Device == nil {
		return
	}
	for _, f := range []struct {
		on   bool
		name string
	}{{s.lastManStanding, "last_man_standing"}, {s.tie != TieNone, "auto_tie_breaker"}, {s.allowDownscale, "allow_downscale"}} {
		if f.on {
			r.refused = append(r.refused, "a quorum device can't be combined with "+f.name)
		}
	}
	auto := r.device == AutoVotes
	if r.ExpectedVotes != 0 && auto {
		r.refused = append(r.refused, "expected_votes is set, so the device's votes must be too")
	}
	if auto && r.listed && uint32(len(r.Nodes)) != r.sum {
		r.refused = append(r.refused, "not every node has one vote, so the device's votes must be set")
	}
	if !auto && r.device > 0 && r.ExpectedVotes != 0 && int32(r.ExpectedVotes-uint32(r.device)) < 2 {
		r.refused = append(r.refused, "expected_votes leaves less than two votes to the nodes")
	}
}

// apply sets this node's votes, what it expects, and the device's votes.
func (m *Machine) apply(r *reading) {
	expected := r.ExpectedVotes
	if r.Device != nil && r.device == AutoVotes && expected == 0 && r.listed && uint32(len(r.Nodes)) == r.sum {
		r.device = int64(r.sum) - 1
		r.sum += uint32(r.device)
	}
	if m.set.tracking {
		expected = m.barrier
	}
	if r.listed {
		m.us.votes, m.us.expected = r.own, r.sum
	} else {
		m.us.votes = max(1, r.Votes)
	}
	if expected != 0 {
		m.us.expected = expected
	}
	if r.device != AutoVotes {
		m.device.votes = uint32(r.device)
	}
	m.floor = m.us.expected
	switch {
	case m.set.waitForAll && !r.runtime:
		m.setWaiting(true)
	case !m.set.waitForAll && m.set.waitForAllAuto && m.waiting:
		m.setWaiting(false)
	}
	m.names = append(m.names[:0], r.Nodes...)
}

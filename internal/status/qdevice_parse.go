// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// ParseQDevice reads what a node daemon, C's or ours, answers to "status verbose",
// with times in loc. A C daemon gives nothing better. Lines that it does not know
// are passed over, so that a newer daemon can be asked; a value that it can't read is
// an error that names the line.
func ParseQDevice(text string, loc *time.Location) (*QDevice, error) {
	p := deviceParser{s: &QDevice{HeuristicsMode: HeuristicsDisabled}, loc: loc}
	first := true
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if first && line != "Qdevice information" {
			return nil, fmt.Errorf("not the status of a node daemon: %q", line)
		}
		first = false
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("status of the node daemon: line %q: %w", line, err)
		}
	}
	if p.s.Model == "" || p.s.State == "" {
		return nil, errors.New("status of the node daemon: cut off")
	}
	return p.s, nil
}

type deviceParser struct {
	s   *QDevice
	loc *time.Location
	net bool   // in the second half
	in  string // the list whose entries follow
}

func (p *deviceParser) line(line string) error {
	if strings.HasPrefix(line, "    ") {
		return p.entry(line)
	}
	p.in = ""
	key, value, ok := strings.Cut(line, ":")
	if !ok {
		p.net = p.net || line == "Qdevice-net information"
		return nil
	}
	value = strings.TrimLeft(value, " \t")
	if p.net {
		return p.netValue(key, value)
	}
	return p.value(key, value)
}

// entry reads "    0\tNode ID = 1, State = member" and the like.
func (p *deviceParser) entry(line string) error {
	_, text, _ := strings.Cut(line, "\t")
	var n qnet.Node
	for part := range strings.SplitSeq(text, ", ") {
		key, value, _ := strings.Cut(part, " = ")
		var err error
		switch key {
		case "Node ID":
			n.ID, err = parseNumber[qnet.NodeID](value)
		case "Data center ID":
			n.DataCenter, err = parseNumber[uint32](value)
		case "State":
			n.State = qnet.ParseNodeState(value)
		}
		if err != nil {
			return err
		}
	}
	switch p.in {
	case "Configured node list":
		p.s.Config = append(p.s.Config, n)
	case "Quorum node list":
		p.s.Quorum = append(p.s.Quorum, NodeState{n.ID, n.State})
	}
	return nil
}

// value reads a line of the first half.
func (p *deviceParser) value(key, value string) (err error) {
	s := p.s
	switch key {
	case "Model":
		s.Model = value
	case "Node ID":
		s.NodeID, err = parseNumber[qnet.NodeID](value)
	case "HB interval":
		s.Timeout, err = parseMS(value)
	case "Sync HB interval":
		s.SyncTimeout, err = parseMS(value)
	case "Configuration version":
		var version uint64
		version, err = strconv.ParseUint(value, 10, 64)
		s.ConfigVersion = &version
	case "Configured node list", "Quorum node list":
		p.in = key
	case "Heuristics":
		s.HeuristicsMode = value
	case "Ring ID":
		err = s.Ring.UnmarshalText([]byte(value))
	case "Membership node list":
		s.Members, err = parseIDs(value)
	case "Quorate":
		s.Quorate = value == "Yes"
	case "Expected votes":
		s.ExpectedVotes, err = parseNumber[uint32](value)
	case "Last poll call":
		if value != "Never" {
			value, s.LastPollCast = strings.CutSuffix(value, castVote)
			s.LastPoll, err = time.ParseInLocation(isoTime, value, p.loc)
		}
	}
	return err
}

// netValue reads a line of the second half.
func (p *deviceParser) netValue(key, value string) (err error) {
	s := p.s
	switch key {
	case "Cluster name":
		s.Cluster = value
	case "QNetd host":
		at := max(0, strings.LastIndexByte(value, ':'))
		s.Host = value[:at]
		s.Port, err = parseNumber[uint16](strings.TrimPrefix(value[at:], ":"))
	case "Force IP version":
		s.IPVersion, err = strconv.Atoi(value)
	case "Connect timeout":
		s.ConnectTimeout, err = parseMS(value)
	case "HB interval":
		s.Heartbeat, err = parseMS(value)
	case "VQ vote timer interval":
		s.VoteInterval, err = parseMS(value)
	case "TLS":
		s.TLS = value
	case "Algorithm":
		const unknown = 0xffff
		var ok bool
		if s.Algorithm, ok = qnet.AlgorithmPrinted(value); !ok {
			s.Algorithm = unknown
		}
	case "Tie-breaker":
		s.TieBreaker, err = parseTieBreakerText(value)
	case "KAP Tie-breaker":
		s.KAP, s.KAPUnknown = value == kapEnabled || value == kapUnknown, value == kapUnknown
	case "Poll timer running":
		value, s.PollingCast = strings.CutSuffix(value, castVote)
		s.Polling = value == "Yes"
	case "State":
		s.State = value
	case "Heuristics result":
		p.heuristics(value)
	case "TLS active":
		value, s.CertSent = strings.CutSuffix(value, certSent)
		s.TLSActive = value == "Yes"
	case "Connected since":
		s.Connected, err = time.ParseInLocation(isoTime, value, p.loc)
	case "Echo reply received":
		s.Echoed, err = time.ParseInLocation(isoTime, value, p.loc)
	}
	return err
}

// heuristics reads "Pass (regular: Pass, membership: Undefined, connect: Undefined)".
func (p *deviceParser) heuristics(value string) {
	latest, rest, _ := strings.Cut(value, " (")
	p.s.Heuristics = qnet.ParseHeuristics(latest)
	for part := range strings.SplitSeq(strings.TrimSuffix(rest, ")"), ", ") {
		kind, result, _ := strings.Cut(part, ": ")
		switch kind {
		case "regular":
			p.s.RegularHeur = qnet.ParseHeuristics(result)
		case "membership":
			p.s.MembershipHeur = qnet.ParseHeuristics(result)
		case "connect":
			p.s.ConnectHeur = qnet.ParseHeuristics(result)
		}
	}
}

// parseTieBreakerText reads a tie-breaker; one that is not known is none.
func parseTieBreakerText(value string) (qnet.TieBreaker, error) {
	t, id, ok := qnet.TieBreakerPrinted(value)
	if !ok || t.Mode != qnet.TieBreakerNode {
		return t, nil
	}
	var err error
	t.ID, err = parseNumber[qnet.NodeID](id)
	return t, err
}

func parseIDs(value string) ([]qnet.NodeID, error) {
	if value == "" {
		return nil, nil
	}
	var ids []qnet.NodeID
	for part := range strings.SplitSeq(value, ", ") {
		id, err := parseNumber[qnet.NodeID](part)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func parseMS(value string) (uint32, error) {
	return parseNumber[uint32](strings.TrimSuffix(value, "ms"))
}

// parseNumber reads a decimal number that T holds; with 0x, as debug builds of C print
// node IDs, a hexadecimal one.
func parseNumber[T ~uint16 | ~uint32](s string) (T, error) {
	base := 10
	if hex, ok := strings.CutPrefix(s, "0x"); ok {
		s, base = hex, 16
	}
	n, err := strconv.ParseUint(s, base, 32)
	if err == nil && uint64(T(n)) != n {
		err = strconv.ErrRange
	}
	if err != nil {
		return 0, fmt.Errorf("%q is not a number of this kind", s)
	}
	return T(n), nil
}

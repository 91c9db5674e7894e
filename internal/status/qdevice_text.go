// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"fmt"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// isoTime is how the C daemon prints instants: local time without its zone.
const isoTime = "2006-01-02T15:04:05"

// AppendQDevice appends what the C node daemon answers to "status", or to "status
// verbose", with times in loc.
func AppendQDevice(b []byte, s *QDevice, verbose bool, loc *time.Location) []byte {
	b = append(b, "Qdevice information\n-------------------\n"...)
	b = fmt.Appendf(b, "Model:\t\t\t%s\n", s.Model)
	b = fmt.Appendf(b, "Node ID:\t\t%s\n", s.NodeID)
	if verbose {
		b = fmt.Appendf(b, "HB interval:\t\t%dms\n", s.Timeout)
		b = fmt.Appendf(b, "Sync HB interval:\t%dms\n", s.SyncTimeout)
	}
	if v := s.ConfigVersion; v != nil {
		b = fmt.Appendf(b, "Configuration version:\t%d\n", *v)
	}
	b = append(b, "Configured node list:\n"...)
	for i, n := range s.Config {
		b = fmt.Appendf(b, "    %d\tNode ID = %s", i, n.ID)
		if n.DataCenter != 0 {
			b = fmt.Appendf(b, ", Data center ID = %d", n.DataCenter)
		}
		b = append(b, '\n')
	}
	if verbose {
		b = fmt.Appendf(b, "Heuristics:\t\t%s\n", s.HeuristicsMode)
		b = fmt.Appendf(b, "Ring ID:\t\t%s\n", s.Ring)
	}
	b = fmt.Appendf(b, "Membership node list:\t%s\n", qnet.FormatIDs(s.Members))
	if verbose {
		b = appendQuorum(b, s, loc)
	}
	return appendNet(append(b, '\n'), s, verbose, loc)
}

// appendQuorum appends what votequorum has said and was told.
func appendQuorum(b []byte, s *QDevice, loc *time.Location) []byte {
	b = fmt.Appendf(b, "Quorate:\t\t%s\nQuorum node list:\n", yesNo(s.Quorate))
	for i, n := range s.Quorum {
		b = fmt.Appendf(b, "    %d\tNode ID = %s, State = %s\n", i, n.ID, n.State)
	}
	b = fmt.Appendf(b, "Expected votes:\t\t%d\n", s.ExpectedVotes)
	if s.LastPoll.IsZero() {
		return append(b, "Last poll call:\t\tNever\n"...)
	}
	return fmt.Appendf(b, "Last poll call:\t\t%s%s\n", s.LastPoll.In(loc).Format(isoTime), suffix(s.LastPollCast, castVote))
}

const castVote = " (cast vote)"

// appendNet appends the second half, which is about the arbiter.
func appendNet(b []byte, s *QDevice, verbose bool, loc *time.Location) []byte {
	b = append(b, "Qdevice-net information\n----------------------\n"...)
	b = fmt.Appendf(b, "Cluster name:\t\t%s\n", EscapeName(s.Cluster))
	b = fmt.Appendf(b, "QNetd host:\t\t%s:%d\n", EscapeName(s.Host), s.Port)
	if verbose {
		if s.IPVersion != 0 {
			b = fmt.Appendf(b, "Force IP version:\t%d\n", s.IPVersion)
		}
		b = fmt.Appendf(b, "Connect timeout:\t%dms\n", s.ConnectTimeout)
		b = fmt.Appendf(b, "HB interval:\t\t%dms\n", s.Heartbeat)
		b = fmt.Appendf(b, "VQ vote timer interval:\t%dms\n", s.VoteInterval)
		b = fmt.Appendf(b, "TLS:\t\t\t%s\n", s.TLS)
	}
	b = fmt.Appendf(b, "Algorithm:\t\t%s\n", s.Algorithm)
	b = fmt.Appendf(b, "Tie-breaker:\t\t%s\n", s.TieBreaker)
	if verbose {
		b = fmt.Appendf(b, "KAP Tie-breaker:\t%s\n", kapText(s))
		b = fmt.Appendf(b, "Poll timer running:\t%s%s\n", yesNo(s.Polling), suffix(s.Polling && s.PollingCast, castVote))
	}
	b = fmt.Appendf(b, "State:\t\t\t%s\n", s.State)
	if s.HeuristicsMode != HeuristicsDisabled {
		b = fmt.Appendf(b, "Heuristics result:\t%s", s.Heuristics)
		if verbose {
			b = fmt.Appendf(b, " (regular: %s, membership: %s, connect: %s)", s.RegularHeur, s.MembershipHeur, s.ConnectHeur)
		}
		b = append(b, '\n')
	}
	if !verbose || s.State != StateConnected {
		return b
	}
	b = fmt.Appendf(b, "TLS active:\t\t%s%s\n", yesNo(s.TLSActive), suffix(s.TLSActive && s.CertSent, certSent))
	if !s.Connected.IsZero() {
		b = fmt.Appendf(b, "Connected since:\t%s\n", s.Connected.In(loc).Format(isoTime))
	}
	if !s.Echoed.IsZero() {
		b = fmt.Appendf(b, "Echo reply received:\t%s\n", s.Echoed.In(loc).Format(isoTime))
	}
	return b
}

const certSent = " (client certificate sent)"

// The texts of the KAP line.
const (
	kapEnabled     = "Enabled"
	kapDisabled    = "Disabled"
	kapUnknown     = "Unsupported by QNetd"
	kapHardCoded   = "Algorithm hard-coded"
	kapUnsupported = "Unsupported by algorithm"
)

func kapText(s *QDevice) string {
	switch {
	case s.Algorithm == qnet.LMS || s.Algorithm == qnet.TwoNodeLMS:
		return kapHardCoded
	case s.Algorithm != qnet.FFSplit:
		return kapUnsupported
	case !s.KAP:
		return kapDisabled
	case s.KAPUnknown && s.State == StateConnected:
		return kapUnknown
	}
	return kapEnabled
}

func yesNo(yes bool) string {
	if yes {
		return "Yes"
	}
	return "No"
}

// suffix returns s if it is wanted.
func suffix(wanted bool, s string) string {
	if wanted {
		return s
	}
	return ""
}

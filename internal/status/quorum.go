// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// Quorum is a snapshot of what this node's Corosync says of its cluster. All
// numbers of votes are votequorum's own.
type Quorum struct {
	// Of corosync.conf, as the running Corosync has it.
	Cluster       string `json:"cluster"`
	ConfigVersion uint64 `json:"config_version"`
	Transport     string `json:"transport"`   // knet where it is not set
	SecureAuth    string `json:"secure_auth"` // off where it is not set
	Provider      string `json:"quorum_provider"`

	NodeID  qnet.NodeID `json:"node_id"`
	Quorate bool        `json:"quorate"`

	// Only if the provider is votequorum.
	Votequorum *Votequorum `json:"votequorum,omitempty"`

	Members Array[Member] `json:"members"` // in Corosync's order
	Absent  Array[Absent] `json:"absent"`  // configured nodes that are no members, by ID
	Device  *Device       `json:"device,omitempty"`
	Ring    qnet.RingID   `json:"ring"`
}

// Votequorum is what votequorum says of this node.
type Votequorum struct {
	Expected        uint32 `json:"expected_votes"`
	HighestExpected uint32 `json:"highest_expected"`
	Total           uint32 `json:"total_votes"`
	Quorum          uint32 `json:"quorum"`
	Quorate         bool   `json:"quorate"` // as counted last; the cluster's flag lags in a sync
	TwoNode         bool   `json:"two_node"`
	WaitForAll      bool   `json:"wait_for_all"`
	Waiting         bool   `json:"waiting_for_all"` // it is in force: all nodes must have been seen once
	LastManStanding bool   `json:"last_man_standing"`
	AutoTieBreaker  bool   `json:"auto_tie_breaker"`
	AllowDownscale  bool   `json:"allow_downscale"`
	TieBreakerNodes string `json:"auto_tie_breaker_node,omitempty"` // lowest, highest or a list; empty is lowest
	DeviceBarred    bool   `json:"device_barred,omitempty"`         // the configuration allows no device: Corosync's log says why
	DeviceVotes     uint32 `json:"device_votes"`
	DeviceName      string `json:"device_name,omitempty"`
}

// Member is a node of this partition.
type Member struct {
	ID      qnet.NodeID `json:"id"`
	Name    string      `json:"name"`    // of the nodelist; empty if it has none
	Address string      `json:"address"` // of its first link
	Votes   uint32      `json:"votes"`
	Local   bool        `json:"local,omitempty"`

	// Of its quorum device.
	Registered bool `json:"device_registered"`
	Alive      bool `json:"device_alive"`
	Cast       bool `json:"device_casts_vote"`
	MasterWins bool `json:"device_master_wins"`

	State    qnet.NodeState `json:"-"`                        // as votequorum has it; not set if it was not asked, or never heard of the node
	Expected uint32         `json:"expected_votes,omitempty"` // the votes that it expects, as far as this node has heard; 0: nothing is known
}

// Absent is a configured node that is no member.
type Absent struct {
	ID        qnet.NodeID `json:"id"`
	Name      string      `json:"name"`
	Address   string      `json:"address"`
	Votes     uint32      `json:"votes"`
	LastKnown Member      `json:"-"` // what votequorum has heard of it last
}

// Device is the section quorum.device of the running Corosync.
type Device struct {
	Model      string          `json:"model"`
	Host       string          `json:"host"`
	KAP        bool            `json:"keep_active_partition"`
	Timeout    uint32          `json:"timeout_ms"`
	Algorithm  qnet.Algorithm  `json:"algorithm"`
	TieBreaker qnet.TieBreaker `json:"tie_breaker"`
}

// AppendQuorum appends the block that pvecm status prints, which is from "Quorum
// information" on what corosync-quorumtool -siH prints. The date is now, in its
// own location.
func AppendQuorum(b []byte, q *Quorum, now time.Time) []byte {
	line := func(label string, value any) { b = fmt.Appendf(b, "%-17s %v\n", label, value) }
	b = append(b, "Cluster information\n-------------------\n"...)
	line("Name:", EscapeName(q.Cluster))
	line("Config Version:", q.ConfigVersion)
	line("Transport:", EscapeName(q.Transport))
	line("Secure auth:", EscapeName(q.SecureAuth))

	b = append(b, "\nQuorum information\n------------------\n"...)
	line("Date:", now.Format(time.ANSIC))
	line("Quorum provider:", EscapeName(q.Provider))
	line("Nodes:", len(q.Members))
	line("Node ID:", fmt.Sprintf("0x%08x", uint32(q.NodeID)))
	ring := q.Ring.String()
	if q.Votequorum == nil {
		ring = fmt.Sprintf("%x", q.Ring.Seq)
	}
	line("Ring ID:", ring)
	line("Quorate:", yesNo(q.Quorate))
	if v := q.Votequorum; v != nil {
		b = append(b, "\nVotequorum information\n----------------------\n"...)
		line("Expected votes:", v.Expected)
		line("Highest expected:", v.HighestExpected)
		line("Total votes:", v.Total)
		blocked := " "
		if !v.Quorate {
			blocked = "Activity blocked"
		}
		line("Quorum:", fmt.Sprintf("%d %s", v.Quorum, blocked))
		line("Flags:", strings.Join(append(q.flags(), ""), " ")) // C puts a blank behind each
	}
	return q.appendMembers(b)
}

// flags names the flags that are set, in C's words.
func (q *Quorum) flags() []string {
	v := q.Votequorum
	var words []string
	for _, f := range []struct {
		on   bool
		word string
	}{
		{v.TwoNode, "2Node"}, {v.Quorate, "Quorate"}, {v.WaitForAll, "WaitForAll"}, {v.LastManStanding, "LastManStanding"},
		{v.AutoTieBreaker, "AutoTieBreaker"}, {v.AllowDownscale, "AllowDownscale"}, {q.local().Registered, "Qdevice"},
	} {
		if f.on {
			words = append(words, f.word)
		}
	}
	return words
}

// local returns this node, or nothing if it is no member.
func (q *Quorum) local() Member {
	for _, m := range q.Members {
		if m.Local {
			return m
		}
	}
	return Member{}
}

func (q *Quorum) appendMembers(b []byte) []byte {
	v := q.Votequorum
	device := v != nil && slices.ContainsFunc(q.Members, func(m Member) bool { return m.Registered })
	column := func(value any) { b = fmt.Appendf(b, "%10v ", value) }
	b = append(b, "\nMembership information\n----------------------\n"...)
	column("Nodeid")
	if v != nil {
		column("Votes")
	}
	if device {
		column("Qdevice")
	}
	b = append(b, "Name\n"...)
	for _, m := range q.Members {
		b = fmt.Appendf(b, "0x%08x ", uint32(m.ID))
		if v != nil {
			column(m.Votes)
		}
		if device {
			column(m.DeviceFlags())
		}
		b = fmt.Appendf(b, "%s%s\n", EscapeName(m.Address), suffix(m.Local, " (local)"))
	}
	switch {
	case device && q.local().Cast:
		b = fmt.Appendf(b, "0x%08x %10d            %s\n", 0, v.DeviceVotes, EscapeName(v.DeviceName))
	case device:
		b = fmt.Appendf(b, "0x%08x %10d            %s (votes %d)\n", 0, 0, EscapeName(v.DeviceName), v.DeviceVotes)
	}
	return b
}

// DeviceFlags is the column Qdevice: NR if there is no device on the node, and
// otherwise whether it is alive, casts its vote, and wins as a master.
func (m *Member) DeviceFlags() string {
	if !m.Registered {
		return "NR"
	}
	words := []string{"NA", "NV", "NMW"}
	for i, on := range []bool{m.Alive, m.Cast, m.MasterWins} {
		if on {
			words[i] = words[i][1:]
		}
	}
	return strings.Join(words, ",")
}

// Called returns what people call a node: its name, else its address, else its ID.
func (m *Member) Called() string { return called(m.Name, m.Address, m.ID) }

// Called returns what people call a node: its name, else its address, else its ID.
func (a *Absent) Called() string { return called(a.Name, a.Address, a.ID) }

func called(name, address string, id qnet.NodeID) string {
	switch {
	case name != "":
		return EscapeName(name)
	case address != "":
		return EscapeName(address)
	}
	return "node " + id.String()
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"fmt"
	"strings"
)

// Report is what was seen in random histories in which no promise was broken.
type Report struct {
	Histories  int     `json:"histories"`
	FirstSeed  uint64  `json:"first_seed"`
	Steps      int     `json:"steps"`
	Hours      float64 `json:"hours"`       // of the world
	Rings      int     `json:"rings"`       // formed by Totem
	LeftBehind int     `json:"left_behind"` // members that did not arrive in their ring
	Partitions int     `json:"partitions"`  // times that the cluster fell into parts
	ACKs       int     `json:"acks"`
	NACKs      int     `json:"nacks"`
	Polls      int     `json:"polls"`
	Grants     int     `json:"grants"`  // written to the arbiter's disk
	Settle     float64 `json:"settled"` // the longest after calm, of the time that is promised
	Faults     []Count `json:"faults"`
	Rules      []Count `json:"rules"`
}

// Count is how often something was seen.
type Count struct {
	Name string `json:"name"`
	N    int    `json:"count"`
}

// NewReport makes a report of what was seen in so many histories.
func NewReport(s Stats, histories int, first uint64) Report {
	r := Report{
		Histories: histories, FirstSeed: first, Steps: s.Steps, Hours: s.Time.Hours(), Rings: s.Rings, LeftBehind: s.Orphans, Partitions: s.Splits,
		ACKs: s.ACKs, NACKs: s.NACKs, Polls: s.Polls, Grants: s.Writes, Settle: s.Settle,
	}
	for i, v := range verbs {
		r.Faults = append(r.Faults, Count{string(v), s.Faults[i]})
	}
	for i, m := range marks {
		r.Rules = append(r.Rules, Count{m.rule, s.Rules[i]})
	}
	return r
}

// String prints the report in aligned lines.
func (r Report) String() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("histories", "%d, from seed %d on: no promise was broken", r.Histories, r.FirstSeed)
	line("steps", "%d in %.0f hours of the world", r.Steps, r.Hours)
	line("rings", "%d formed, %d members left behind on the way", r.Rings, r.LeftBehind)
	line("partitions", "%d", r.Partitions)
	line("votes", "%d ACK, %d NACK, %d polls, %d grants on disk", r.ACKs, r.NACKs, r.Polls, r.Grants)
	line("settled", "after %.0f %% of the promised time after calm, or earlier", 100*r.Settle)
	var words []string
	for _, c := range r.Faults {
		words = append(words, fmt.Sprintf("%s %d", c.Name, c.N))
	}
	half := len(words) / 2
	line("commands", "%s,", strings.Join(words[:half], ", "))
	line("", "%s", strings.Join(words[half:], ", "))
	for i, c := range r.Rules {
		name := ""
		if i == 0 {
			name = "seen"
		}
		line(name, "%7d  %s", c.N, c.Name)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

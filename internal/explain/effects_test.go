// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package explain

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/quorate/quorate/corosync/conf"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
	"github.com/quorate/quorate/internal/sim"
)

// The random files that TestNotes plays.
var (
	files = flag.Int("files", 300, "how many random files TestNotes plays")
	seed  = flag.Uint64("seed", 10, "which ones")
)

// trial is a file, and what its cluster does.
type trial struct {
	t    *testing.T
	text string
	c    *Cluster
}

// readAll is as Read, with the faults that a file has: they are not looked at.
func readAll(text string) (*conf.File, *Cluster, error) {
	f, err := conf.Parse([]byte(text))
	if err != nil {
		return nil, nil, err
	}
	c, err := read(f)
	return f, c, err
}

// edited is the same cluster with keys set ("KEY=VALUE") and deleted ("KEY").
func (r *trial) edited(keys ...string) *trial {
	r.t.Helper()
	f, err := conf.Parse([]byte(r.text))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, k := range keys {
		if name, value, set := strings.Cut(k, "="); set {
			err = f.Set(name, value)
		} else if _, ok := f.Get(name); ok {
			err = f.Delete(name)
		}
		if err != nil {
			r.t.Fatalf("%s: %v\n%s", k, err, r.text)
		}
	}
	text := string(f.Bytes())
	_, c, err := readAll(text)
	if err != nil {
		r.t.Fatalf("%v\n%s", err, text)
	}
	return &trial{t: r.t, text: text, c: c}
}

func (r *trial) play(p plan) Case {
	r.t.Helper()
	got, err := r.c.play(p)
	if err != nil {
		r.t.Fatalf("%v\n%s", err, r.text)
	}
	return got
}

func (r *trial) ids() (ids []qnet.NodeID) {
	for _, n := range r.c.Nodes {
		ids = append(ids, n.ID)
	}
	return ids
}

// about are the nodes that an effect is about.
func (r *trial) about(e conf.Effect) (ids []qnet.NodeID) {
	for _, id := range e.Nodes {
		ids = append(ids, qnet.NodeID(id))
	}
	if len(ids) == 0 {
		return r.ids()
	}
	return ids
}

func (r *trial) others(than ...qnet.NodeID) []qnet.NodeID {
	return slices.DeleteFunc(r.ids(), func(id qnet.NodeID) bool { return slices.Contains(than, id) })
}

func (r *trial) votes(ids []qnet.NodeID) (sum uint32) {
	for _, n := range r.c.Nodes {
		if slices.Contains(ids, n.ID) {
			sum += n.Votes
		}
	}
	return sum
}

// halves are the splits into two parts with equal votes.
func (r *trial) halves() (list [][2][]qnet.NodeID) {
	return slices.DeleteFunc(r.c.splits(r.ids()), func(s [2][]qnet.NodeID) bool { return r.votes(s[0]) != r.votes(s[1]) })
}

func oneByOne(ids []qnet.NodeID) (list []fault) {
	for _, id := range ids {
		list = append(list, lose(id))
	}
	return list
}

// apart starts nodes that were parted before.
func apart(groups [][]qnet.NodeID, ids ...scenario.Host) fault {
	return fault{{Verb: scenario.Split, Groups: groups}, {Verb: scenario.Up, Hosts: ids}}
}

func each(ids []qnet.NodeID) (list [][]qnet.NodeID) {
	for _, id := range ids {
		list = append(list, []qnet.NodeID{id})
	}
	return list
}

// outcome are the parts of a case that are quorate, as text.
func outcome(cases []Case) (list []string) {
	for _, c := range cases {
		for _, p := range c.Parts {
			list = append(list, fmt.Sprint(c.What, p.Nodes, p.Quorate))
		}
	}
	return list
}

// played are all cases of a cluster, but for those with the arbiter.
func (r *trial) played() (list []Case) {
	plans, _ := r.c.plans()
	for _, p := range plans {
		if !slices.Contains([]Kind{ArbiterLost, BothLost, SplitAlone}, p.kind) {
			list = append(list, r.play(p))
		}
	}
	return list
}

// untrue says in which played case an effect does not come, or nothing.
func (r *trial) untrue(e conf.Effect) string {
	stops := func(p plan) string {
		if got := r.play(p); got.active() > 0 {
			return fmt.Sprintf("%s: %+v", p.what, got.Parts)
		}
		return ""
	}
	switch e.Kind {
	case conf.RestStops:
		for _, id := range r.about(e) {
			if s := stops(plan{what: r.c.name(id) + " lost", faults: []fault{lose(id)}}); s != "" {
				return s
			}
		}
		return r.restGoesOn(e)
	case conf.HalvesStop:
		halves := r.halves()
		for _, s := range halves {
			if s := stops(plan{what: r.c.splitName(s), faults: []fault{part(s[:]...)}}); s != "" {
				return s
			}
		}
		if len(halves) == 0 && len(r.ids())%2 == 0 {
			return "there are no halves with equal votes"
		}
	case conf.FewGoOn:
		return r.fewGoOn(e)
	case conf.StartsApart:
		got := r.play(plan{boot: true, faults: []fault{apart(each(r.ids()), r.ids()...)}})
		if got.active() != len(e.Nodes) {
			return fmt.Sprintf("started apart: %+v", got.Parts)
		}
	case conf.LostStartApart:
		left, lost := r.ids()[:2], r.ids()[2:]
		got := r.play(plan{faults: append(oneByOne(lost), apart([][]qnet.NodeID{left, lost}, lost...))})
		if got.active() != 2 {
			return fmt.Sprintf("started beside %v: %+v", left, got.Parts)
		}
	case conf.RunsAlone, conf.RunsAloneUnlessWait:
		return r.runsAlone(e)
	case conf.LastStops:
		for _, id := range r.about(e) {
			if s := stops(plan{what: r.c.name(id) + " the last", faults: oneByOne(r.others(id))}); s != "" {
				return s
			}
		}
	case conf.ArbiterStops:
		return stops(plan{what: "arbiter lost", faults: []fault{lose(scenario.Arbiter)}})
	case conf.ArbiterThenRestStops:
		for _, id := range r.ids() {
			if s := stops(plan{what: "arbiter, then a node", faults: []fault{lose(scenario.Arbiter), lose(id)}}); s != "" {
				return s
			}
		}
	case conf.KeepsVote:
		got := r.play(plan{faults: []fault{lose(scenario.Arbiter)}})
		if !slices.ContainsFunc(got.Parts, func(p Part) bool { return p.Device }) {
			return fmt.Sprintf("arbiter lost: %+v", got.Parts)
		}
	case conf.LowestHalf:
		for _, s := range r.c.splits(r.ids()) {
			got := r.play(plan{faults: []fault{part(s[:]...)}})
			if len(s[0]) == len(s[1]) && (!got.Parts[0].Device || got.Parts[1].Device) {
				return fmt.Sprintf("%s: %+v", r.c.splitName(s), got.Parts)
			}
		}
	case conf.KeysIdle:
		return r.keysIdle(e)
	case conf.DeviceIdle:
		if a, b := outcome(r.played()), outcome(r.edited("quorum.device").played()); !slices.Equal(a, b) {
			return fmt.Sprintf("with a device %v\nwithout %v", a, b)
		}
	default:
		return fmt.Sprintf("nobody knows how to try %q", e.Kind)
	}
	return ""
}

// restGoesOn: where an effect names only some nodes, the rest survives the others.
func (r *trial) restGoesOn(e conf.Effect) string {
	for _, id := range r.others(r.about(e)...) {
		if got := r.play(plan{faults: []fault{lose(id)}}); got.active() == 0 {
			return fmt.Sprintf("%v lost: %+v", id, got.Parts)
		}
	}
	return ""
}

func (r *trial) fewGoOn(e conf.Effect) string {
	for _, s := range r.c.splits(r.ids()) {
		for _, p := range r.play(plan{faults: []fault{part(s[:]...)}}).Parts {
			has := slices.ContainsFunc(p.Nodes, func(id qnet.NodeID) bool { return slices.Contains(r.about(e), id) })
			if len(p.Nodes) <= 2 && has && !p.Quorate {
				return fmt.Sprintf("%s: %+v", r.c.splitName(s), p)
			}
		}
	}
	return ""
}

func (r *trial) runsAlone(e conf.Effect) string {
	wait := r.edited("quorum.wait_for_all=1")
	for _, id := range r.about(e) {
		boot := plan{boot: true, faults: []fault{{{Verb: scenario.Up, Hosts: []scenario.Host{id}}}}}
		if got := r.play(boot); got.active() != 1 {
			return fmt.Sprintf("%v alone: %+v", id, got.Parts)
		}
		if got := wait.play(boot); (got.active() == 1) != (e.Kind == conf.RunsAlone) {
			return fmt.Sprintf("%v alone with wait_for_all: %+v", id, got.Parts)
		}
	}
	return ""
}

func (r *trial) keysIdle(e conf.Effect) string {
	keys := slices.Clone(e.Keys)
	f, _, err := readAll(r.text)
	if err != nil {
		r.t.Fatal(err)
	}
	_, waits := f.Get("quorum.wait_for_all")
	if two, ok := f.Get("quorum.two_node"); ok && two != "0" && slices.Contains(keys, "quorum.two_node") && !waits {
		keys = append(keys, "quorum.wait_for_all=1")
	}
	if a, b := outcome(r.played()), outcome(r.edited(keys...).played()); !slices.Equal(a, b) {
		return fmt.Sprintf("with %v %v\nwithout %v", keys, a, b)
	}
	return ""
}

// speaks finds texts that say what a cluster does, and must have an Effect.
var speaks = regexp.MustCompile(`\b(stops?|goes on|go on|quorate|runs alone|wins|gets the vote|keeps? (its|the) vote|turns it off)\b`)

// silent are texts that speak of what no case plays: another program, times, and
// files that can't be explained.
var silent = regexp.MustCompile(`C arbiter|start|nobody counts|provider|is for developers|wait_for_all essential`)

// tried are the effects that a test has seen to be true.
type tried map[conf.EffectKind]int

// check tries everything that lint and explain say of a file, and whether Corosync
// starts with it as lint says.
func (seen tried) check(t *testing.T, text string) {
	t.Helper()
	f, c, err := readAll(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	r := &trial{t: t, text: text, c: c}
	_, refused := sim.NewConfigured(c.world, c.votes)
	var faults []string
	for _, p := range f.Lint() {
		if p.Level == conf.Fault {
			faults = append(faults, p.Text)
		}
	}
	corosync := slices.ContainsFunc(faults, func(s string) bool { return strings.Contains(s, "Corosync does not start") })
	if (refused != nil) != corosync {
		t.Fatalf("votequorum says %v, lint %q\n%s", refused, faults, text)
	}
	if len(faults) > 0 {
		seen["fault"]++
		return
	}
	for _, p := range f.Lint() {
		switch {
		case p.Effect.Kind != "":
			if why := r.untrue(p.Effect); why != "" {
				t.Errorf("lint: %s\nplayed: %s\n%s", p, why, text)
			}
			seen[p.Effect.Kind]++
		case speaks.MatchString(p.Text) && !silent.MatchString(p.Text):
			t.Errorf("nothing tries what this says: %s\n%s", p, text)
		}
	}
	seen.own(t, f, text)
}

// own tries what explain says by itself.
func (seen tried) own(t *testing.T, f *conf.File, text string) {
	t.Helper()
	c, err := Read(f)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	before := len(c.Warnings)
	report, err := Run(c)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, all := range []bool{false, true} {
		for line := range strings.SplitSeq(string(AppendText(nil, report, Options{File: "f", All: all})), "\n") {
			if utf8.RuneCountInString(line) > width || strings.HasSuffix(line, " ") {
				t.Errorf("%q\n%s", line, text)
			}
		}
	}
	r := &trial{t: t, text: text, c: c}
	for _, w := range report.Warnings[before:] {
		if w.Effect.Kind == "" {
			t.Errorf("nothing tries what explain says: %s\n%s", w.Text, text)
			continue
		}
		if why := r.untrue(w.Effect); why != "" {
			t.Errorf("explain: %s\nplayed: %s\n%s", w.Text, why, text)
		}
		seen["explain: "+w.Effect.Kind]++
	}
}

// head is how a small file begins.
const head = "totem {\n version: 2\n cluster_name: c\n config_version: 1\n token: 1000\n}\nnodelist {\n"

// random writes a small file.
func random(r *rand.Rand) string {
	var b strings.Builder
	nodes := 1 + r.IntN(5)
	ids := r.Perm(9)[:nodes]
	b.WriteString(head)
	equal := r.IntN(3) > 0
	for i, id := range ids {
		fmt.Fprintf(&b, " node {\n  nodeid: %d\n  name: n%d\n  ring0_addr: 192.0.2.%d\n", id+1, id+1, i+1)
		if !equal {
			fmt.Fprintf(&b, "  quorum_votes: %d\n", []int{1, 1, 2, 3, 0}[r.IntN(5)])
		}
		b.WriteString(" }\n")
	}
	b.WriteString("}\nquorum {\n provider: corosync_votequorum\n")
	some := func(of int, format string, values ...any) {
		if r.IntN(of) == 0 {
			fmt.Fprintf(&b, " "+format+"\n", values[r.IntN(len(values))])
		}
	}
	device := r.IntN(2) == 0
	few := 3 // of the settings that a device excludes
	if device {
		few = 25
	}
	some(few, "two_node: %v", 1, 0)
	some(3, "wait_for_all: %v", 1, 0)
	some(few, "auto_tie_breaker: %v", 1, 1, 1, 0)
	some(4, "auto_tie_breaker_node: %v", "lowest", "highest", "1", "2 1 3", "7 8", "x", "3x 4", "Lowest", "0", "99", "+2 1", "-1 2", "1-2", "2,3", "4294967297", "4294967296", "0 1")
	some(few, "last_man_standing: %v", 1)
	some(6, "last_man_standing_window: %v", 1000, 20000)
	some(8, "expected_votes: %v", 1, 2, nodes, nodes+1, 9)
	some(12, "expected_votes_tracking: %v", 1)
	some(40, "allow_downscale: %v", 1)
	if device {
		b.WriteString(" device {\n  model: net\n")
		algorithm := []string{"ffsplit", "ffsplit", "lms", "2nodelms"}[r.IntN(4)]
		switch {
		case algorithm == "ffsplit" && r.IntN(20) > 0:
			b.WriteString("  votes: 1\n")
		default:
			some(2, " votes: %v", 0, 1, 2, 3, nodes-1, nodes)
		}
		fmt.Fprintf(&b, "  net {\n   host: 192.0.2.99\n   tls: on\n   algorithm: %s\n", algorithm)
		some(3, "  tie_breaker: %v", "lowest", "highest", ids[0]+1, 77)
		some(5, "  keep_active_partition_tie_breaker: %v", "off", "on")
		b.WriteString("  }\n }\n")
	}
	return b.String() + "}\n"
}

// TestNotes: of random small files, lint and explain say nothing that the played
// cases disprove.
func TestNotes(t *testing.T) {
	seen := tried{}
	r := rand.New(rand.NewPCG(*seed, 110))
	for range *files {
		seen.check(t, random(r))
	}
	for _, kind := range []conf.EffectKind{
		conf.RestStops, conf.HalvesStop, conf.FewGoOn, conf.StartsApart, conf.LostStartApart, conf.RunsAlone, conf.RunsAloneUnlessWait, conf.LastStops,
		conf.ArbiterStops, conf.ArbiterThenRestStops, conf.KeepsVote, conf.LowestHalf, conf.KeysIdle, conf.DeviceIdle, "fault",
	} {
		if seen[kind] == 0 {
			t.Errorf("no file had %q", kind)
		}
	}
	t.Log(seen)
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/term"
)

// short are the kinds of the short table; the rest needs two things to go wrong that
// seldom go wrong together.
var short = []Kind{AllUp, NodeLost, ArbiterLost, Split, TwoLost, BothLost, ColdBoot}

// group is cases that end alike, whichever node it is: one row of the short table.
type group struct {
	cases  []*Case
	labels []string // what those that go on can be called, in all cases alike; the best first
}

// groups joins the cases of the short table that end alike.
func (r *Report) groups() (list []*group) {
	for i := range r.Cases {
		c := &r.Cases[i]
		if !slices.Contains(short, c.Kind) || c.Kind == AllUp && c.active() == 1 {
			continue
		}
		labels := r.labels(c)
		k := slices.IndexFunc(list, func(g *group) bool {
			return shape(g.cases[0]) == shape(c) && reason(g.cases[0]) == reason(c) && len(common(g.labels, labels)) > 0
		})
		if k < 0 {
			list = append(list, &group{[]*Case{c}, labels})
			continue
		}
		list[k].cases = append(list[k].cases, c)
		list[k].labels = common(list[k].labels, labels)
	}
	return list
}

func common(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
}

// active counts the parts that are quorate.
func (c *Case) active() (n int) {
	for i := range c.Parts {
		if c.Parts[i].Quorate {
			n++
		}
	}
	return n
}

// sizes are how many nodes the parts of a case have, the smallest first.
func sizes(c *Case) (list []int) {
	for i := range c.Parts {
		list = append(list, len(c.Parts[i].Nodes))
	}
	slices.Sort(list)
	return list
}

// shape is what cases that may be joined have in common.
func shape(c *Case) string { return fmt.Sprint(c.Kind, sizes(c)) }

// reason is why a part of the case is quorate; if none is, why not.
func reason(c *Case) Reason {
	if p := survivor(c); p != nil {
		return p.Reason
	}
	for i := range c.Parts {
		if c.Parts[i].Reason == AllAwait {
			return AllAwait
		}
	}
	return TooFew
}

// survivor is the first part that is quorate, or nil.
func survivor(c *Case) *Part {
	for i := range c.Parts {
		if c.Parts[i].Quorate {
			return &c.Parts[i]
		}
	}
	return nil
}

const nobody, both = "nobody", "BOTH sides"

// labels says who goes on, in words that may hold for other cases too.
func (r *Report) labels(c *Case) []string {
	p := survivor(c)
	switch {
	case p == nil:
		return []string{nobody}
	case c.active() > 1:
		return []string{both}
	case len(r.Nodes) == 1:
		return []string{join(r.Nodes, p.Nodes)}
	case c.Kind == ColdBoot:
		return []string{"that node"}
	case len(p.Nodes) == len(r.Nodes):
		return []string{"all nodes"}
	case len(c.Parts) == 1 && len(p.Nodes) == 1 && len(r.Nodes) > 2:
		return []string{"the last node"}
	case len(c.Parts) == 1 && len(p.Nodes) == 1:
		return []string{"the other node"}
	case len(c.Parts) == 1:
		return []string{"the others"}
	}
	var list []string
	what := "the part with "
	switch s := sizes(c); {
	case s[0] == s[1]:
		what = "the half with "
	case len(p.Nodes) == s[1]:
		list = append(list, "the larger part")
	default:
		list = append(list, "the smaller part")
	}
	for _, id := range p.Nodes {
		list = append(list, what+join(r.Nodes, []qnet.NodeID{id}))
	}
	return list
}

// maxNames is the longest list of nodes for which the names stand, in a group of one.
const maxNames = 16

// who says who goes on.
func (r *Report) who(g *group) string {
	p := survivor(g.cases[0])
	if len(g.cases) > 1 || p == nil || g.cases[0].active() > 1 || len(p.Nodes) == len(r.Nodes) {
		return g.labels[0]
	}
	if s := join(r.Nodes, p.Nodes); len(s) <= maxNames || len(p.Nodes) == 1 {
		return s
	}
	return g.labels[0]
}

// after is the longest time until those who go on can act.
func (g *group) after() string {
	if survivor(g.cases[0]) == nil {
		return "-"
	}
	longest := 0.0
	for _, c := range g.cases {
		for i := range c.Parts {
			longest = max(longest, c.Parts[i].After)
		}
	}
	return wholeSeconds(longest)
}

// why is one reason for all cases of the group.
func (g *group) why() string {
	common := why(g.cases[0])
	if !slices.ContainsFunc(g.cases, func(c *Case) bool { return why(c) != common }) {
		return common
	}
	if reason(g.cases[0]) == Enough {
		return "most of the votes"
	}
	return "too few votes"
}

// why is the one reason of a case.
func why(c *Case) string {
	p := survivor(c)
	switch {
	case p != nil:
		return p.why()
	case len(c.Parts) == 1 || reason(c) == AllAwait:
		i := slices.IndexFunc(c.Parts, func(p Part) bool { return p.Reason == reason(c) })
		return c.Parts[i].why()
	case slices.ContainsFunc(c.Parts, func(o Part) bool { return o.Quorum != c.Parts[0].Quorum || o.Expected != c.Parts[0].Expected }):
		return "too few votes"
	}
	return fmt.Sprintf("no side has %d of %s", c.Parts[0].Quorum, term.Count(c.Parts[0].Expected, "vote"))
}

// title says what happens in the cases of a group.
func (r *Report) title(g *group, all []*group) string {
	same, last := 0, g
	for _, o := range all {
		if shape(o.cases[0]) == shape(g.cases[0]) {
			same++
			if len(o.cases) >= len(last.cases) {
				last = o
			}
		}
	}
	first := g.cases[0]
	switch {
	case first.Kind == AllUp || first.Kind == ArbiterLost || len(r.Nodes) == 1:
		return first.What
	case len(g.cases) > 1 && first.Kind == Split && r.LeftOut != "" && !r.equal():
		// Not all splits were played, and votes differ: nothing is known of the others.
	case len(g.cases) > 1 && same == 1:
		return generic(first, false)
	case len(g.cases) > 1 && last == g:
		return generic(first, true)
	}
	var list []string
	for _, c := range g.cases {
		list = append(list, c.What)
	}
	return strings.Join(list, ", or ")
}

// equal tells whether all nodes have the same number of votes.
func (r *Report) equal() bool {
	return !slices.ContainsFunc(r.Nodes, func(n Node) bool { return n.Votes != r.Nodes[0].Votes })
}

// generic says what happens without naming a node; other is said of the cases that
// are left when some of the kind were named.
func generic(c *Case, other bool) string {
	one, s := "any node", sizes(c)
	if other {
		one = "any other node"
	}
	switch c.Kind {
	case NodeLost:
		return one + " lost"
	case TwoLost:
		return strings.Replace(one, "node", "two nodes", 1) + " lost"
	case BothLost:
		return "arbiter, then " + one + " lost"
	case ColdBoot:
		return strings.Replace(one, "any", "only one", 1) + " starts"
	}
	what := "split"
	if other {
		what = "any other split"
	}
	return fmt.Sprintf("%s %d | %s", what, s[0], term.Count(s[1], "node"))
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
)

// Shrink makes a scenario that breaks a promise smaller for as long as it still
// breaks that promise: first it leaves commands out, then it shortens times and
// puts plain settings into the cluster. It plays at most tries scenarios.
func Shrink(f *scenario.File, tries int) *scenario.File {
	v := Play(f).Violation()
	if v == nil {
		return f
	}
	s := &shrinker{best: f, kind: v.Kind, left: tries}
	for before := 0; before != len(s.best.Commands) && s.left > 0; {
		before = len(s.best.Commands)
		s.cluster()
		s.commands()
		s.merge()
		s.waits()
	}
	return s.best
}

type shrinker struct {
	best *scenario.File
	kind Kind
	left int
}

// try keeps a scenario if it breaks the same promise.
func (s *shrinker) try(f *scenario.File) bool {
	if s.left <= 0 {
		return false
	}
	s.left--
	v := Play(f).Violation()
	if v == nil || v.Kind != s.kind {
		return false
	}
	s.best = f
	return true
}

func (s *shrinker) with(commands []scenario.Step) *scenario.File {
	return &scenario.File{Cluster: s.best.Cluster, Comment: s.best.Comment, Commands: commands}
}

// commands leaves out ever smaller stretches.
func (s *shrinker) commands() {
	for size := len(s.best.Commands) / 2; size > 0; {
		done := false
		for at := len(s.best.Commands) - size; at >= 0; at -= size {
			if at+size > len(s.best.Commands) {
				continue
			}
			if s.try(s.with(slices.Delete(slices.Clone(s.best.Commands), at, at+size))) {
				done = true
			}
		}
		if !done || size > 1 {
			size /= 2
		}
	}
}

// merge makes one of waits that follow each other.
func (s *shrinker) merge() {
	var list []scenario.Step
	for _, c := range s.best.Commands {
		if n := len(list); n > 0 && c.Verb == scenario.Wait && list[n-1].Verb == scenario.Wait {
			list[n-1].Wait += c.Wait
			continue
		}
		list = append(list, c)
	}
	s.try(s.with(list))
}

// waits shortens times, and rounds them.
func (s *shrinker) waits() {
	for i := range s.best.Commands {
		for _, shorter := range []func(time.Duration) time.Duration{
			func(d time.Duration) time.Duration { return d / 4 },
			func(d time.Duration) time.Duration { return d / 2 },
			func(d time.Duration) time.Duration { return d * 3 / 4 },
			func(d time.Duration) time.Duration { return d.Round(10 * time.Second) },
			func(d time.Duration) time.Duration { return d.Round(time.Second) },
			func(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) },
			func(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) },
			func(d time.Duration) time.Duration { return d.Round(time.Millisecond) },
		} {
			for range 20 {
				old := s.best.Commands[i].Wait
				if old == 0 || shorter(old) == old || shorter(old) == 0 {
					break
				}
				list := slices.Clone(s.best.Commands)
				list[i].Wait = shorter(old)
				if !s.try(s.with(list)) {
					break
				}
			}
		}
	}
}

// cluster puts plain settings in the place of random ones.
func (s *shrinker) cluster() {
	def := scenario.Defaults()
	for _, plain := range []func(*scenario.Cluster){
		func(c *scenario.Cluster) { c.Drift = nil },
		func(c *scenario.Cluster) { c.Delay = def.Delay },
		func(c *scenario.Cluster) { c.TieBreaker = def.TieBreaker },
		func(c *scenario.Cluster) { c.KAP = def.KAP },
		func(c *scenario.Cluster) { c.Algorithm = qnet.FFSplit },
		func(c *scenario.Cluster) { c.Daemons = slices.Repeat([]scenario.Program{scenario.Ours}, c.Nodes) },
		func(c *scenario.Cluster) { c.Daemons = slices.Repeat([]scenario.Program{scenario.C}, c.Nodes) },
	} {
		c := s.best.Cluster
		if plain(&c); c.String() != s.best.Cluster.String() {
			s.try(&scenario.File{Cluster: c, Comment: s.best.Comment, Commands: s.best.Commands})
		}
	}
}

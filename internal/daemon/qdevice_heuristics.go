// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"errors"
	"time"

	"quorate/internal/nodeconf"
	"quorate/internal/qnet"
)

// noRunner runs nothing: commands are refused, and runs are undefined.
type noRunner struct{ done func(uint64, qnet.Heuristics) }

func newHeuristics(done func(uint64, qnet.Heuristics)) heuristicsRunner { return noRunner{done} }

// SetCommands implements heuristicsRunner.
func (noRunner) SetCommands(list []nodeconf.Command) error {
	if len(list) > 0 {
		return errors.New("this build runs no heuristics commands")
	}
	return nil
}

// Run implements heuristicsRunner.
func (r noRunner) Run(id uint64, _ time.Duration) { go r.done(id, qnet.HeuristicsUndefined) }

// Close implements heuristicsRunner.
func (noRunner) Close() error { return nil }

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package core

import (
	"errors"
	"fmt"
	"time"

	"github.com/quorate/quorate/internal/votequorum"
)

// MaxNodes is the most nodes that a cluster may have. The vote arithmetic would
// carry more; a table on a screen would not.
const MaxNodes = 16

// Config is what a cluster is told at its start.
type Config struct {
	// Votes is each node's quorum section and node list. Its Node is ignored.
	Votes votequorum.Config

	// Token is how long a silent member is waited for before the others form a
	// ring without it. Corosync takes its token timeout and its consensus timeout.
	Token time.Duration

	// Join is how long it takes to form a ring when nobody has to be waited for.
	Join time.Duration
}

func (c Config) check() error {
	switch n := len(c.Votes.Nodes); {
	case n == 0 || n > MaxNodes:
		return fmt.Errorf("engine: a cluster of %d nodes, want 1 to %d", n, MaxNodes)
	case c.Token <= 0 || c.Join <= 0 || c.Join > c.Token:
		return errors.New("engine: want 0 < join time <= token timeout")
	}
	return nil
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/votequorum"
)

// Engine is the cluster engine under a node daemon: a running Corosync, or the
// laboratory's own. Its errors are those of package corosync.
//
// A node that waits for a poll in sync serves Poll, Register, MasterWins and Info,
// and nothing else: Keys may hang until the poll is there, and must not be called
// by whoever polls.
type Engine interface {
	// Keys returns the configuration keys below the prefixes, with their values
	// as text: "quorum.device.net.host" is "192.0.2.5".
	Keys(ctx context.Context, prefixes ...string) (map[string]string, error)

	// Changes is sent to when the configuration may have changed, and no reload
	// is under way any more. Several changes may be one.
	Changes() <-chan struct{}

	// Events returns what votequorum tells, in its order, from the state at the
	// beginning on. It is closed when the engine is lost: Err says why.
	Events() <-chan votequorum.Event

	// Register registers the quorum device; again under the same name is no error.
	Register(ctx context.Context, name string) error

	// Unregister takes the device back, and its vote with it. It tries again while the
	// engine is busy, also when Err is not nil: what was lost may be the connection
	// alone. It is corosync.ErrLibrary if the engine has ended.
	Unregister(ctx context.Context, name string) error

	// Poll says that the device lives and whether it casts its vote for the ring.
	// A ring that is not the last NodeList's is corosync.ErrMessage.
	Poll(ctx context.Context, name string, cast bool, ring corosync.RingID) error

	// MasterWins says whether the partition that casts the device's vote is
	// quorate without a majority.
	MasterWins(ctx context.Context, name string, allow bool) error

	// Info tells of one node, 0 being this one.
	Info(ctx context.Context, node uint32) (votequorum.Info, error)

	// Err returns why the engine was lost, nil while it lasts.
	Err() error

	// Close lets go of the engine. What is registered stays registered.
	Close() error
}

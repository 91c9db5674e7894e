// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package outlook works out what follows from a snapshot of a cluster: what would
// come of losing a node or the arbiter, what is wrong, and what to do about it.
//
// It counts as votequorum does, and asks package decision what the arbiter would
// say. A lost node is one that fell silent; one that is shut down in an orderly way
// can do no worse.
//
// # Limitations
//
// It knows what this node knows. Of the daemons of other nodes it sees that they
// polled within the device timeout and what they cast, not why. A loss is taken for the
// only one: what happens when several things fail at once is not said, and nor is what
// comes if something has failed already that nobody on this node can have noticed. That
// the other members count as this one does is taken for granted, too: votequorum does
// not tell whether wait_for_all still holds one of them back.
package outlook

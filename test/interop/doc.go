// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package interop has no code: its tests run arbiters and node daemons against
// real Corosync nodes. The flag -pairs chooses which are put together, as
// "ARBITER/NODES ...": the arbiter is go (ours), c (the distribution's) or yesman
// (acknowledges everybody); the node daemons are go, c or mixed (ours on nodes with
// an odd ID). The outcome is printed as a table. With -results it is written to a file
// besides, from which test/compat makes the table of docs/compat.md.
package interop

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package interop has no code: its tests run arbiters and node daemons against
// real Corosync nodes. QUORATE_INTEROP_PAIRS chooses which are put together, as
// "ARBITER/NODES ...": the arbiter is go (ours), c (the distribution's) or yesman
// (acknowledges everybody); the node daemons are go, c or mixed (ours on nodes with
// an odd ID). The outcome is printed as a table, and written to the file
// QUORATE_INTEROP_TABLE. With QUORATE_INTEROP_DOC=1 all pairs are run, unless others are
// chosen, and the table goes into docs/compat.md; with -test.run its cells alone do.
package interop

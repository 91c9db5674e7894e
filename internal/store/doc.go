// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package store keeps what an arbiter must not forget: the last grant of each cluster.
// [Store] and [Place] say what an arbiter expects of whatever keeps it; its shell knows
// nothing else. [File] is a place on disk, where [Bolt] keeps all in one file, and [Standby]
// in a second one while the first may not be written.
//
// It promises that a grant is on disk when Save returns nil, that a Save that
// fails changed nothing, and that a damaged file is never read in part: it is refused
// and left as it is, or counts as empty where it may lack the last Save (Doubt).
//
// # Limitations
//
// It knows nothing of what a grant means. That several arbiters share a store is provided
// for (Save fails with ErrChanged), and none of the places here lets them. An older copy of a
// whole file can't be told from a newer one.
package store

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package decision holds the decision algorithms: which partition of a cluster
// is to have the arbiter's vote, going by what each node last reported.
//
// [Decide] is a function of its [View] and of nothing else. It promises that
// at most one partition wins, whatever the View says, and that every verdict
// has its [Reason]. The rules are the numbered sentences of docs/decision.md,
// quoted where they are applied.
//
// # Limitations
//
// A verdict says who should have the vote, not who may have it now: that the
// last winner has let go of it first is the arbiter machine's business.
package decision

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package hold is the arbiter's safety rule: who may still be using the vote, and so
// whether a partition may be told that it has it.
//
// A node that was told ACK is a holder of the ring that it is in. It goes on being one
// until it can't be using the vote any more; how its connection ended says nothing about
// that. A partition gets the vote only when every holder outside it has let go, or is of a
// ring that the partition has left behind, and when the disk knows who will hold then.
//
// One [Ledger] stands for one cluster. It has a verb for each fact that the arbiter hears
// ([Ledger.Joined], [Ledger.Reported], [Ledger.Heard], [Ledger.Told], [Ledger.Answered],
// [Ledger.Quorate], [Ledger.Left] and three more), and answers three questions that count: what
// keeps a partition from the vote ([Ledger.Obstacle]), what must be on disk before it has it
// ([Ledger.Record]), and whether that is there ([Ledger.Covers]). The others are for whoever
// shows or logs the state (status.go).
//
// The rules are the sentences H1 to H6 and H9 of docs/decision.md. Each stands here once,
// where its number does: in ledger.go (facts) and obstacle.go (the question), with the times
// of times.go. Read these three first. A caller that reports every fact and obeys every answer
// keeps the promise of that page: at no instant are two separate partitions active with the
// arbiter's vote.
//
// # Limitations
//
// The ledger knows nothing of algorithms, messages and connections: it does not say who
// should have the vote, only who must not have it yet. It reads no clock. It believes what
// nodes say, as all nodes of a cluster have one certificate. How long a missing report is
// waited for (H7), and how long a node waits for its vote (H8), is for its user to decide:
// no answer of the ledger depends on it.
package hold

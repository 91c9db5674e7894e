// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package votequorum has what Corosync's votequorum service tells: the votes of
// a node, and the events of memberships and quorum.
package votequorum

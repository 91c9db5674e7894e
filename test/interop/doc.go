// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package interop has no code: its tests run the arbiter against real Corosync
// nodes. QUORATE_INTEROP_ARBITER chooses it: go (ours, the default), c (the
// distribution's corosync-qnetd) or yesman (acknowledges everybody).
package interop

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"github.com/quorate/quorate/internal/control"
)

// ControlConfig is the local socket for the status tools.
type ControlConfig struct {
	Path    string
	Options control.ListenOptions
	Limits  control.Limits
}

// Why a daemon ends: its context is done, as after SIGTERM, or somebody on the local socket asks.
const (
	EndedBySignal  = "it was told to"
	EndedByCommand = "a command on the local socket asked for it"
)

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package ui shows a laboratory on a terminal: a table that follows it, what has
// happened, and a prompt.
//
// The [Model] is a value whose Update is a pure function of what comes in: keys,
// the terminal's size, and states of the laboratory. What it wants done it returns
// as a command of bubbletea. [Run] puts it on a terminal.
//
// # Limitations
//
// It needs a terminal that moves the cursor. Whoever has none, or none to
// look at, uses a lab.Player.
package ui

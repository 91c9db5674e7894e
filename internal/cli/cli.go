// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package cli is the commands of quorate and the personalities under which the
// same binary answers: the names of the C programs, with their flags, output
// and exit codes. Each command is in a file of its own.
//
// It promises that nothing in it exits the process or writes anywhere but to
// the writers it is given: Main returns the exit code.
package cli

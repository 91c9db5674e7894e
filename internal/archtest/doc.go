// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package archtest holds the import tables of docs/architecture.md and the rules
// of form as tests. It has no code of its own.
package archtest

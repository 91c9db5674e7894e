// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

//go:build !race

package qnetd_test

// slower is how many times longer code may take: see race_test.go.
const slower = 1

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnet

import "fmt"

// RegisterID tells an arbiter's register of grants from any other: it is random, and
// made with the register. Zero is none.
type RegisterID [16]byte

// String prints the ID in hexadecimal, and "none" for none.
func (id RegisterID) String() string {
	if id.IsZero() {
		return "none"
	}
	return fmt.Sprintf("%x", id[:])
}

// IsZero reports whether there is no ID.
func (id RegisterID) IsZero() bool { return id == RegisterID{} }

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package wire encodes and decodes the messages of the QNet protocol, both
// directions: 18 messages of type-length-value options behind a six byte header.
//
// [Append] writes a message as the C programs write it, option for option.
// [Decode] takes what they take and refuses what they refuse: wrong lengths,
// values outside their range, options that overrun their message. Unknown
// options are skipped. [Stream] cuts a stream of bytes into messages.
//
// No length that a peer claims decides how much memory is used: buffers hold
// only bytes that have arrived. Nothing here panics, whatever the bytes are.
//
// # Limitations
//
// It does not know which message may follow which, nor which options a
// receiver insists on: that is the machines' business.
package wire

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package status holds snapshots of the daemons and renders them: as the text
// of the C tools, byte for byte; as JSON, with everything that the text shows
// and the reasons; and as a text for people.
//
// A snapshot is a plain value that owns all it points to, so it may be rendered
// while its daemon goes on. Rendering is pure: the clock and the wish for
// colour are arguments.
//
// # Names
//
// A cluster's name is what its nodes call it, any bytes at all. The texts print
// it as it is, except for control bytes, which [EscapeName] replaces, so that a
// name can't add lines to a list or move a terminal's cursor. JSON carries the
// name itself; where it is not UTF-8, U+FFFD stands for the bytes that are not.
//
// # Limitations
//
// It knows nothing of sockets (package control) and decides nothing: reasons
// are sentences that the machine wrote into the snapshot.
package status

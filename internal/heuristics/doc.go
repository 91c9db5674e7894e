// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package heuristics runs a node's own checks: the commands that corosync.conf
// has as quorum.device.heuristics.exec_NAME, all of them at once, with one time
// limit.
//
// A run passes if every command exits with 0. It fails with the first that does
// not, that a signal ends, that can't be started, or that is not done in time; the
// others are then ended. Without any command the result is undefined.
//
// # Promises
//
// Nothing in here makes its caller wait, except [Runner.Close]. A command that is
// given up gets SIGTERM, and SIGKILL after the kill interval and whenever
// another one has passed, and so do all whom it started:
//
//   - its process group, which is its own;
//   - its session, and the descendants that left both, as long as their parents live;
//   - whatever carries its mark in the environment, wherever it went.
//
// What a command that has exited left in its process group, with whatever code, is
// ended in the same way. What it put in a session of its own on purpose, as ssh's
// ControlPersist does, may stay until [Runner.Close]. No signal
// goes to a process that only happens to have an old one's number. After Close
// nothing of it is left. If the daemon is killed, so are its commands.
//
// Commands get nothing from the daemon but PATH, LANG and TZ; their input and
// output are /dev/null and their directory is the root.
//
// # Limitations
//
// A descendant that left the session, replaced its environment and lost its parent,
// all before it was looked for, is not found: the unit's control group ends it
// with the daemon. One that hangs in the kernel can't be ended and counts among the
// processes. If reading a command's file hangs, commands can't be started until it
// no longer does: until then each run fails in time.
package heuristics

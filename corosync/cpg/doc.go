// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package cpg is a client of Corosync's closed process groups: processes on all
// nodes join a group by name, and get its messages and the changes of its
// membership in one and the same order.
//
//	client, err := cpg.Dial(ctx, qb.Options{})
//	events, err := client.Join(ctx, "example")
//	err = client.Send(ctx, []byte("hello"))
//	for event := range events { ... }
//
// # What it promises
//
// A member gets every [Message] of its group that was sent after its own join, its
// own included, and every [Membership], in the order that all members of its
// partition see (Totem's agreed order). A message of any length up to [MaxMessage] comes
// whole or not at all. What can't be handed out in that way, such as a message
// that is too long, ends the client rather than being left out.
//
// Errors are a [*corosync.Error]. The methods of a [Client] may be called by
// several goroutines. A call whose context ends after it was sent closes the client.
//
// # Limitations
//
// A client joins one group, once; a process may have several clients, with
// different process IDs in one group. A message is
// not answered by the daemon: it is sent when it comes back. While the
// cluster synchronises or Totem's queue is full, Send is refused with
// [corosync.ErrTryAgain]; and what the daemon takes and then finds no room for it
// drops with a line in its log. Events that nobody takes wait in the daemon's memory,
// without a limit. A client takes 3 MiB of /dev/shm. Where Corosync uses datagram
// sockets, the kernel's net.core.wmem_max limits the messages that others send in
// one piece.
package cpg

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package conf reads, checks and edits corosync.conf.
//
// A [File] holds the text itself. Get, Set and Delete speak of values by the
// name that Corosync's cmap gives them (totem.cluster_name,
// quorum.device.net.host, nodelist.node.0.ring0_addr), and an edit changes the
// bytes of its own line and no others: comments, order, indentation and line
// endings stay. Sections that are missing are made in the style of the file.
//
// Three questions can be asked of a file, from lenient to strict:
//
//   - [Parse]: is it made of sections and values? Errors carry the line.
//   - [File.Check]: would corosync -t accept it on this [Host]?
//   - [File.Lint]: will the cluster that it describes do what its owner expects?
//     Corosync accepts much that it later refuses to start with, or that costs
//     quorum when a node is lost.
//
// # Promises
//
// Bytes of a file that was not edited are those that were parsed. A failed edit
// changes nothing. An edited file parses, and it holds no value that Corosync
// would refuse and that was not there before. [WriteFile] leaves the old file
// or the new one, never a part.
//
// Parse and Check agree with corosync 3.1.7, oddities included (a second value
// replaces the first, a value may hold a closing brace, a line has 510 bytes at
// most). A test plays files, good, bad and random, to the real program.
//
// # Limitations
//
// A file is limited to [MaxSize]; Corosync has no such limit. Sections nest as
// deep as a cmap name is long, as in Corosync. The lists of crypto and
// compression models are those of Debian's build of kronosnet. What a newer
// Corosync made stricter (an empty key name, for one) is not refused.
//
// A File is not safe for use by several goroutines at once while one of them
// edits it.
package conf

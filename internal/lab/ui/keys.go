// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package ui

import (
	"strconv"
	"strings"

	"quorate/internal/engine/core"
	"quorate/internal/lab"
	"quorate/internal/qnet"
)

// keysLine tells of the single keys. They count while nothing is typed.
const keysLine = "1-9 power   / split   - drop arbiter   . arbiter   + heal   ? help   ctrl-c end"

// keyCommand is the command that a single key stands for, or nothing.
func keyCommand(key string, v *lab.View) string {
	switch key {
	case "/":
		return splitCommand(v)
	case "-":
		return dropCommand(v)
	case ".":
		return arbiterCommand(v)
	case "+":
		return "heal"
	}
	id, err := strconv.Atoi(key)
	if err != nil || id < 1 || id > len(v.Nodes) {
		return ""
	}
	switch n := &v.Nodes[id-1]; {
	case n.Frozen:
		return "thaw " + key
	case n.Up:
		return "down " + key
	}
	return "up " + key
}

// splitCommand parts the nodes in halves, or joins those that are parted.
func splitCommand(v *lab.View) string {
	for _, l := range v.Links {
		if l.A != lab.Arbiter {
			return "join"
		}
	}
	if len(v.Nodes) < 2 {
		return ""
	}
	var first []string
	for i := range (len(v.Nodes) + 1) / 2 {
		first = append(first, v.Nodes[i].ID.String())
	}
	return "split " + strings.Join(first, ",")
}

// dropCommand drops what passes between the arbiter and those who have its vote,
// or heals what was dropped.
func dropCommand(v *lab.View) string {
	var broken []qnet.NodeID
	for _, l := range v.Links {
		if l.A == lab.Arbiter && l.To != core.LinkUp {
			broken = append(broken, l.B)
		}
	}
	switch {
	case !v.Device:
		return ""
	case len(broken) > 0:
		return "heal " + list(broken) + " arbiter"
	case len(v.Arbiter.Winner) == 0:
		return ""
	}
	return "drop " + list(v.Arbiter.Winner) + " arbiter"
}

func list(ids []qnet.NodeID) string { return strings.ReplaceAll(qnet.FormatIDs(ids), ", ", ",") }

func arbiterCommand(v *lab.View) string {
	switch {
	case !v.Device:
		return "device on"
	case v.Arbiter.Running:
		return "arbiter stop"
	}
	return "arbiter start"
}

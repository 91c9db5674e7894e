// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package ui

import (
	"slices"
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/quorate/quorate/internal/engine/core"
	"github.com/quorate/quorate/internal/lab"
	"github.com/quorate/quorate/internal/qnet"
)

// keysShort are the single keys, which count while nothing is typed. The last two are
// always told of, and the others as far as there is room.
var keysShort = []string{"1-9 power", "/ split", "- drop", ". arbiter", "+ heal", scrollKey, "? help", "ctrl-c end"}

const scrollKey = "PgUp scroll"

// keysHelp says the same in the help.
var keysHelp = []string{
	"1 to 9                       switch that node on or off; thaw it if it is frozen",
	"/                            split the nodes into halves, or join them",
	"-                            drop all between the arbiter and who has its vote, or heal it",
	".                            stop or start the arbiter",
	"+                            heal all links",
	"tab, up, down                complete the command; commands that were typed before",
	"PgUp, PgDn                   scroll; esc goes back to the end",
	"ctrl-c, ctrl-d               end the laboratory",
}

// keysLine tells of the single keys.
func (m Model) keysLine() string {
	keys := slices.DeleteFunc(slices.Clone(keysShort), func(k string) bool { return k == scrollKey && !m.scrolls() })
	n := len(keys) - 2
	for shown := n; ; shown-- {
		some := slices.Clone(keys[:shown])
		if shown < n {
			some = append(some, lab.Ellipsis)
		}
		line := strings.Join(append(some, keys[n:]...), "  ")
		if shown == 0 || lipgloss.Width(line) <= m.width {
			return line
		}
	}
}

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

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"fmt"
	"strconv"
)

const (
	deviceTimeout = 10000 // ms, unless given
	syncTimeout   = 30000
	minHeartbeat  = 1000 // of corosync-qdevice to the arbiter
	maxHeartbeat  = 120000
)

// heartbeat returns how often corosync-qdevice tells the arbiter that it lives.
func (l *linter) heartbeat() uint64 {
	return uint64(l.c.u32("quorum.device.timeout", deviceTimeout)) * 8 / 10
}

// timers reports timers of Totem that hold each other up.
func (l *linter) timers() {
	const key = "totem.consensus"
	t := l.c.timing(len(l.nodes))
	if least := uint64(t.token) * 12 / 10; l.has(key) && uint64(t.consensus) < least {
		l.say(key, Warning, fmt.Sprintf("consensus is %d ms: less than 1.2 times the token timeout (%d ms, for %d nodes) forms rings that fall apart",
			t.consensus, t.token, len(l.nodes)), fmt.Sprintf("delete it, or use at least %d", least))
	}
}

// deviceTimers reports timeouts of the device that do not fit each other, or
// Totem's. The arbiter takes a node for dead after 1.5 heartbeats; Totem after
// its token timeout, and agrees on it within the consensus timeout.
func (l *linter) deviceTimers() {
	const timeout, sync = "quorum.device.timeout", "quorum.device.sync_timeout"
	if !l.device() {
		return
	}
	heart := l.heartbeat()
	if heart < minHeartbeat || heart > maxHeartbeat {
		l.say(timeout, Warning, fmt.Sprintf("%d ms give a heartbeat of %d ms, but corosync-qdevice uses %d, the nearest that it allows",
			l.c.u32(timeout, deviceTimeout), heart, min(max(heart, minHeartbeat), maxHeartbeat)), "use 10000")
	}
	heart = min(max(heart, minHeartbeat), maxHeartbeat)
	t := l.c.timing(len(l.nodes))
	totem, arbiter := uint64(t.token)+uint64(t.consensus), heart*3/2
	if arbiter <= totem {
		l.say(l.either(timeout, "totem.token"), Warning, fmt.Sprintf(
			"the C arbiter drops a silent node after %d ms, before Totem does (token %d + consensus %d ms): it moves the vote while the ring still stands",
			arbiter, t.token, t.consensus), fmt.Sprintf("set %s to more than %d, or lower totem.token", timeout, totem*10/12))
	}
	if s := uint64(l.c.u32(sync, syncTimeout)); s <= arbiter {
		l.say(l.either(sync, timeout), Warning, fmt.Sprintf(
			"sync_timeout is %d ms, and the C arbiter may need %d ms to drop a silent node: the survivors lose quorum before it decides", s, arbiter),
			fmt.Sprintf("set %s to three times %s", sync, timeout))
	}
}

// either returns the first of the keys that is given.
func (l *linter) either(keys ...string) string {
	for _, key := range keys {
		if l.has(key) {
			return key
		}
	}
	return ""
}

// heuristicsTimers reports heuristics that may take longer than their result is
// waited for.
func (l *linter) heuristicsTimers() {
	if !l.device() {
		return
	}
	for _, p := range []struct {
		key   string
		limit uint32
	}{{"timeout", deviceTimeout}, {"sync_timeout", syncTimeout}} {
		key := "quorum.device.heuristics." + p.key
		limit := l.c.u32("quorum.device."+p.key, p.limit)
		n, err := strconv.ParseUint(l.text(key), 10, 32)
		if err == nil && n >= uint64(limit) {
			l.say(key, Warning, fmt.Sprintf("%d ms is not less than quorum.device.%s (%d ms): a slow command costs the vote", n, p.key, limit),
				fmt.Sprintf("use half of quorum.device.%s", p.key))
		}
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnet

import (
	"net/netip"
	"strconv"
	"strings"
)

// ParseAddress reads the address and port of a client as the C tools print it: IPv6 has
// no brackets (it may have them), and IPv4 is ::ffff:192.0.2.1, because the arbiter's one
// socket serves both. That becomes 192.0.2.1, as people write it.
func ParseAddress(s string) (netip.AddrPort, bool) {
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		i := max(0, strings.LastIndexByte(s, ':'))
		ip, errIP := netip.ParseAddr(s[:i])
		port, errPort := strconv.ParseUint(strings.TrimPrefix(s[i:], ":"), 10, 16)
		if errIP != nil || errPort != nil {
			return netip.AddrPort{}, false
		}
		a = netip.AddrPortFrom(ip, uint16(port))
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), true
}

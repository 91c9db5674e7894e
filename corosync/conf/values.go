// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// types holds the values that are no strings. Corosync knows them by their full
// name, and only inside the section of that kind.
var types = map[kind]map[string]Type{
	quorum: typed("quorum.", map[Type]string{
		Uint32: "expected_votes votes last_man_standing_window leaving_timeout",
		Uint8:  "two_node expected_votes_tracking allow_downscale wait_for_all auto_tie_breaker last_man_standing",
	}),
	device: typed("quorum.device.", map[Type]string{
		Uint32: "timeout sync_timeout votes",
		Uint8:  "master_wins",
	}),
	totem: typed("totem.", map[Type]string{
		Uint32: `version nodeid threads token token_coefficient token_retransmit token_warning hold
			token_retransmits_before_loss_const join send_join consensus merge downcheck fail_recv_const
			seqno_unchanged_const rrp_token_expired_timeout rrp_problem_count_timeout
			rrp_problem_count_threshold rrp_problem_count_mcast_threshold rrp_autorecovery_check_timeout
			heartbeat_failures_allowed max_network_delay window_size max_messages miss_count_const
			knet_pmtud_interval knet_mtu knet_compression_threshold netmtu`,
		Int32:  "knet_compression_level",
		Uint64: "config_version",
	}),
}

var linkTypes = typed("totem.interface.", map[Type]string{
	Uint8:  "linknumber ttl knet_link_priority",
	Uint16: "mcastport",
	Uint32: "knet_ping_interval knet_ping_timeout knet_ping_precision knet_pong_count",
	String: "bindnetaddr mcastaddr broadcast knet_transport",
})

func typed(prefix string, keys map[Type]string) map[string]Type {
	m := map[string]Type{}
	for t, names := range keys {
		for name := range strings.FieldsSeq(names) {
			m[prefix+name] = t
		}
	}
	return m
}

// typeOf returns the type that Corosync expects of a value.
func typeOf(k kind, name, key string) Type {
	switch {
	case k == node && (key == "nodeid" || key == "quorum_votes"):
		return Uint32
	case k == resources && key == "watchdog_timeout":
		return Uint32
	case k == monitored && key == "poll_period":
		return Uint64
	}
	if t, ok := types[k][name]; ok {
		return t
	}
	return String
}

type enum struct {
	kind kind
	name string
}

var yesNo = []string{"yes", "no"}

// enums holds the strings that may have certain values only.
var enums = map[enum][]string{
	{totem, "totem.ip_version"}:                   {"ipv4", "ipv6", "ipv6-4", "ipv4-6"},
	{totem, "totem.crypto_model"}:                 {"nss", "openssl"},
	{totem, "totem.crypto_cipher"}:                {"none", "aes256", "aes192", "aes128"},
	{totem, "totem.crypto_hash"}:                  {"none", "md5", "sha1", "sha256", "sha384", "sha512"},
	{totem, "totem.knet_compression_model"}:       {"zlib", "lz4", "lz4hc", "lzo2", "lzma", "bzip2", "zstd"},
	{system, "system.qb_ipc_type"}:                {"native", "shm", "socket"},
	{system, "system.sched_rr"}:                   yesNo,
	{system, "system.move_to_root_cgroup"}:        {"yes", "no", "auto"},
	{system, "system.allow_knet_handle_fallback"}: yesNo,
}

var ranges = map[Type]string{
	Uint8:  "0 to 255",
	Uint16: "0 to 65535",
	Uint32: "0 to 4294967295",
	Uint64: "0 to 18446744073709551615",
	Int32:  "-2147483648 to 2147483647",
}

// number reads a number as C's strtoll and strtoull do: blanks and a sign may
// come first, nothing may follow. It returns the number as cmap prints it.
func number(text string, t Type) (string, bool) {
	text = strings.TrimLeft(text, " \t\n\v\f\r")
	digits, negative := strings.CutPrefix(text, "-")
	if !negative {
		digits = strings.TrimPrefix(digits, "+")
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	u, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return "", false
	}
	if t == Uint64 { // strtoull lets a negative number wrap
		if negative {
			u = -u
		}
		return strconv.FormatUint(u, 10), true
	}
	if u > math.MaxInt64 {
		return "", false
	}
	n := int64(u)
	if negative {
		n = -n
	}
	lo, hi := bounds(t)
	return strconv.FormatInt(n, 10), n >= lo && n <= hi
}

func bounds(t Type) (lo, hi int64) {
	switch t {
	case Uint8:
		return 0, math.MaxUint8
	case Uint16:
		return 0, math.MaxUint16
	case Uint32:
		return 0, math.MaxUint32
	}
	return math.MinInt32, math.MaxInt32
}

// known tells whether a string is one of those that Corosync knows.
func known(e enum, v string) bool { return slices.Contains(enums[e], v) }

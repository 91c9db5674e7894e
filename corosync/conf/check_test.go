// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// A check is a file and what is said of it: part of the error, or "" if it is
// accepted. TestRealCorosync asks the real program for the same.
type check struct {
	name  string
	totem string // lines of the totem section
	rest  string // what follows; HOST is the host's name
	want  string
}

const oneNode = "nodelist {\nnode {\nname: HOST\nnodeid: 1\nring0_addr: 127.0.0.1\n}\n}\n"

func (c check) file(host string) string {
	text := "totem {\nversion: 2\n" + c.totem + "\n}\n" + c.rest
	if c.rest == "" {
		text += oneNode
	}
	if head, ok := strings.CutPrefix(c.totem, "RAW "); ok {
		text = head + c.rest
	}
	return strings.ReplaceAll(text, "HOST", host)
}

// nodes writes a nodelist; each argument is a node's lines.
func nodes(all ...string) string {
	text := "nodelist {\n"
	for _, n := range all {
		text += "node {\n" + strings.ReplaceAll(n, ", ", "\n") + "\n}\n"
	}
	return text + "}\n"
}

func many(n int, like func(i int) string) (all []string) {
	for i := range n {
		all = append(all, like(i))
	}
	return all
}

var checks = []check{
	{"plain", "", "", ""},
	{"empty", "RAW ", "", "nodelist"},
	{"comments only", "RAW # a\n  \t# b\n", "", "nodelist"},
	{"no newline at the end", "", strings.TrimSuffix(oneNode, "\n"), ""},
	{"carriage returns", "token: 1000\r", strings.ReplaceAll(oneNode, "\n", "\r\n"), ""},
	{"two carriage returns", "token: 1000\r\r", "", "totem.token"},

	{"section with a colon", "RAW totem: {\nversion: 2\n}\n", oneNode, ""},
	{"section without a name", "RAW  {\n}\n", oneNode, "without a name"},
	{"section named colon", "RAW : {\n}\ntotem {\nversion: 2\n}\n", oneNode, ""},
	{"text after brace", "RAW totem { #\n}\n", oneNode, "after an opening brace"},
	{"both braces in a line", "RAW totem { }\n", oneNode, "after an opening brace"},
	{"text before closing brace", "a }", "", "stand alone"},
	{"comment after closing brace", "RAW totem {\nversion: 2\n} #\n", oneNode, "stand alone"},
	{"closing brace too many", "", oneNode + "}\n", "no section is open"},
	{"closing brace missing", "", strings.TrimSuffix(oneNode, "}\n"), "not closed"},
	{"neither", "hello", "", "neither"},
	{"value with closing brace", "cluster_name: }", "", ""},
	{"value with opening brace", "cluster_name: {", "", "not closed"},
	{"value with colons", "cluster_name: a:b:c", "", ""},
	{"blanks around the colon", "token \t : \t 1000 \t", "", ""},
	{"no value", "cluster_name:", "", ""},
	{"no number", "token:", "", "totem.token"},
	{"no key", ":x", "", ""},
	{"no key, a blank", ": x", "", ""},
	{"no key at the top", "RAW :x\ntotem {\nversion: 2\n}\n", oneNode, "name in cmap"},
	{"short key at the top", "RAW ab: x\ntotem {\nversion: 2\n}\n", oneNode, "name in cmap"},
	{"key at the top", "RAW abc: x\ntotem {\nversion: 2\n}\n", oneNode, ""},
	{"dotted key at the top", "RAW totem.version: 2\n", oneNode, "must be 2"},
	{"dotted section", "", oneNode + "quorum.device {\nvotes: x\n}\n", "quorum.device.votes"},
	{"key of strange letters", "clüster: x", "", "name in cmap"},
	{"key with a blank", "cluster name: x", "", "name in cmap"},
	{"no-break space", "token:\u00a01000", "", "totem.token"},
	{"line of 510 bytes", "x: " + strings.Repeat("y", 507), "", ""},
	{"line of 511 bytes", "x: " + strings.Repeat("y", 508), "", "longer"},
	{"last line of 510 bytes", "", oneNode + "#" + strings.Repeat("y", 509), ""},
	{"last line of 511 bytes", "", oneNode + "#" + strings.Repeat("y", 510), "longer"},
	{"zero byte", "cluster_name: a\x00b", "", "zero byte"},
	{"zero byte first", "\x00 anything goes", "", ""},
	{"zero byte in the last line", "", oneNode + "a.b: c\x00{", ""},
	{"key of 247 letters", strings.Repeat("k", 247) + ": x", "", ""},
	{"key of 248 letters", strings.Repeat("k", 248) + ": x", "", ""},
	{"key of 249 letters", strings.Repeat("k", 249) + ": x", "", "longer than a cmap name"},
	{"section of 254 letters", "", oneNode + strings.Repeat("s", 254) + " {\n}\n", "longer than a cmap name"},
	{"sections 127 deep", "", oneNode + strings.Repeat("s {\n", 127) + strings.Repeat("}\n", 127), ""},
	{"sections 128 deep", "", oneNode + strings.Repeat("s {\n", 128) + strings.Repeat("}\n", 128), "longer than a cmap name"},

	{"number with a sign", "token: +1000", "", ""},
	{"negative number", "token: -1", "", "totem.token"},
	{"number too large", "token: 4294967296", "", "totem.token"},
	{"number with a letter", "token: 1000ms", "", "totem.token"},
	{"hexadecimal number", "token: 0x100", "", "totem.token"},
	{"negative config_version", "config_version: -1", "", ""},
	{"bad config_version", "config_version: x", "", "config_version"},
	{"last of two values counts", "token: 1\ntoken: 1000", "", ""},
	{"last of two values counts, the bad one", "token: 1000\ntoken: 1", "", "totem.token"},
	{"bad value before a good one", "token: x\ntoken: 1000", "", "totem.token"},

	{"version missing", "RAW ", oneNode, "must be 2"},
	{"version 3", "version: 3", "", "must be 2"},
	{"transport", "transport: tcp", "", "totem.transport"},
	{"link mode", "link_mode: best", "", "totem.link_mode"},
	{"ip_version", "ip_version: 5", "", "totem.ip_version"},
	{"cipher", "crypto_cipher: des", "", "totem.crypto_cipher"},
	{"cipher without hash", "crypto_cipher: aes256", "", "needs a totem.crypto_hash"},
	{"hash", "crypto_hash: crc", "", "totem.crypto_hash"},
	{"crypto model", "crypto_model: none", "", "totem.crypto_model"},
	{"secauth without a key file", "secauth: on\nkeyfile: /nonexistent/key", "", "the key /nonexistent/key does not exist"},
	{"short key", "secauth: on\nkey: short", "", "128 bytes"},
	{"key of 127 letters", "secauth: on\nkey: " + strings.Repeat("k", 127), "", ""},
	{"short key file", "secauth: on\nkeyfile: /etc/hostname", "", "128"},
	{"compression none", "knet_compression_model: none", "", "knet_compression_model"},
	{"compression", "knet_compression_model: zlib", "", ""},

	{"token short", "token: 29", "", "totem.token"},
	{"token retransmit short", "token: 125", "", "totem.token_retransmit"},
	{"token long enough", "token: 126", "", ""},
	{"token 0 is the default", "token: 0", "", ""},
	{"token largest", "token: 4294967295", "", ""},
	{"hold", "hold: 13", "", "totem.hold"},
	{"join", "join: 29", "", "totem.join"},
	{"consensus below join", "consensus: 100\njoin: 101", "", "totem.consensus"},
	{"merge", "merge: 1", "", "totem.merge"},
	{"downcheck", "downcheck: 1", "", "totem.downcheck"},
	{"token warning", "token_warning: 101", "", "totem.token_warning"},

	{"no nodes", "", "quorum {\n}\n", "no node"},
	{"not this host", "", nodes("name: other, nodeid: 1, ring0_addr: 192.0.2.77"), "no node"},
	{"host by address", "", nodes("name: other, nodeid: 1, ring0_addr: 127.0.0.1"), ""},
	{"host by an odd address", "", nodes("name: other, nodeid: 1, ring0_addr: 127.1"), ""},
	{"host's name with a domain", "", nodes("name: HOST.example.org, nodeid: 1, ring0_addr: 127.0.0.1"), ""},
	{"node without ID", "", nodes("name: HOST, ring0_addr: 127.0.0.1"), "nodeid"},
	{"other node without ID", "", nodes("name: HOST, nodeid: 1, ring0_addr: 127.0.0.1", "name: b, ring0_addr: 192.0.2.2"), "nodeid"},
	{"nodeid 0", "", nodes("name: HOST, nodeid: 0, ring0_addr: 127.0.0.1"), "nodeid"},
	{"nodeid 65535", "", nodes("name: HOST, nodeid: 65535, ring0_addr: 127.0.0.1"), ""},
	{"nodeid 65536", "", nodes("name: HOST, nodeid: 65536, ring0_addr: 127.0.0.1"), "below 65536"},
	{"nodeid no number", "", nodes("name: HOST, nodeid: one, ring0_addr: 127.0.0.1"), "nodeid"},
	{"nodeid twice", "", nodes("name: HOST, nodeid: 1, ring0_addr: 127.0.0.1", "name: b, nodeid: 1, ring0_addr: 192.0.2.2"), "used twice"},
	{
		"nodeid twice among twelve, unseen", "", nodes(many(12, func(i int) string {
			n := string(rune('a' + i))
			return "name: HOST" + n + ", nodeid: " + string("\x31\x32\x33\x33\x35\x36\x37\x38\x39"[min(i, 8)]) +
				strings.Repeat("0", max(0, i-8)) + ", ring0_addr: 127.0.0.1"
		})...), "",
	},
	{"not an address", "", nodes("name: HOST, nodeid: 1"), "no links"},
	{"address that is none", "", nodes("name: HOST, nodeid: 1, ring0_addr: 127.0.0.256"), "not an address"},
	{"empty address", "", nodes("name: HOST, nodeid: 1, ring0_addr:"), "not an address"},
	{"link 7 alone", "", nodes("name: HOST, nodeid: 1, ring7_addr: 127.0.0.1"), ""},
	{"link 8", "", nodes("name: HOST, nodeid: 1, ring0_addr: 127.0.0.1, ring8_addr: 127.0.0.1"), "8 links"},
	{
		"two links, a name missing", "", nodes("nodeid: 1, ring0_addr: 127.0.0.1, ring1_addr: 127.0.0.2",
			"nodeid: 2, ring0_addr: 192.0.2.2, ring1_addr: 192.0.2.3"), "needs a name",
	},
	{
		"two links, an address missing", "", nodes("name: HOST, nodeid: 1, ring0_addr: 127.0.0.1, ring1_addr: 127.0.0.2",
			"name: b, nodeid: 2, ring0_addr: 192.0.2.2"), "each link",
	},
	{
		"families differ", "", nodes("name: HOST, nodeid: 1, ring0_addr: 127.0.0.1", "name: b, nodeid: 2, ring0_addr: fd00::2"),
		"different families",
	},
	{"IPv6 forbidden", "ip_version: ipv4", nodes("name: HOST, nodeid: 1, ring0_addr: ::1"), "not an address"},
	{"linknumber 8", "interface {\nlinknumber: 8\nmcastport: 1\n}", "", "8 links"},
	{"linknumber no number", "interface {\nlinknumber: x\n}", "", "linknumber"},
	{"mcastport too large", "interface {\nmcastport: 65536\n}", "", "mcastport"},
	{"mcastport 0", "interface {\nmcastport: 0\n}", "", ""},
	{"ttl with knet", "interface {\nttl: 2\n}", "", "ttl"},
	{"knet_transport", "interface {\nknet_transport: tcp\n}", "", "knet_transport"},
	{"link without nodes", "interface {\nlinknumber: 1\nmcastport: 1\n}", "", "each link"},
	{"member without address", "interface {\nmember {\nname: x\n}\n}", "", "only memberaddr"},
	{"section in an interface", "interface {\nmember {\nmemberaddr: 192.0.2.1\n}\nx {\n}\n}", "", "can't have other sections"},

	{"udpu", "transport: udpu", nodes("ring0_addr: 127.0.0.1", "ring0_addr: 192.0.2.2"), ""},
	{"udpu with two links", "transport: udpu", nodes("name: HOST, nodeid: 1, ring0_addr: 127.0.0.1, ring1_addr: 127.0.0.2"), "too many"},
	{"udpu with crypto", "transport: udpu\ncrypto_hash: sha1\nkey: " + strings.Repeat("k", 127), "", "can't encrypt"},
	{"udpu with IPv6 and no ID", "transport: udpu", nodes("name: HOST, ring0_addr: ::1"), "no node ID"},
	{"udpu with a priority", "transport: udpu\ninterface {\nknet_link_priority: 2\n}", "", "knet only"},
	{"udpu, IDs twice", "transport: udpu", nodes("ring0_addr: 127.0.0.1", "ring0_addr: 127.1"), "used twice"},
	{"udp without mcastaddr", "transport: udp", "", "mcastaddr"},
	{"udp with a cluster name", "transport: udp\ncluster_name: x", "", ""},
	{"udp, no multicast address", "transport: udp\ninterface {\nbindnetaddr: 127.0.0.1\nmcastaddr: 192.0.2.1\n}", "", "not a multicast"},
	{"udp broadcast", "transport: udp\ninterface {\nbindnetaddr: 127.0.0.1\nbroadcast: yes\n}", "", ""},

	{"logging destination", "", oneNode + "logging {\nto_syslog: maybe\n}\n", "to_syslog"},
	{"logging facility", "", oneNode + "logging {\nsyslog_facility: local8\n}\n", "syslog_facility"},
	{"logging priority in capitals", "", oneNode + "logging {\nsyslog_priority: DEBUG\n}\n", ""},
	{"logging priority", "", oneNode + "logging {\nsyslog_priority: loud\n}\n", "syslog_priority"},
	{"logging debug", "", oneNode + "logging {\ndebug: yes\n}\n", "debug"},
	{"logging timestamp", "", oneNode + "logging {\ntimestamp: yes\n}\n", "timestamp"},
	{"log file in no directory", "", oneNode + "logging {\nlogfile: /proc/none/log\n}\n", "can't be opened"},
	{"log file a directory", "", oneNode + "logging {\nlogfile: /tmp\n}\n", "can't be opened"},
	{"subsystem without a name", "", oneNode + "logging {\nlogger_subsys {\ndebug: on\n}\n}\n", "no subsys"},
	{"subsystem with a long name", "", oneNode + "logging {\nlogger_subsys {\nsubsys: " + strings.Repeat("S", 64) + "\n}\n}\n", "63 bytes"},
	{"subsystem with a bad value", "", oneNode + "logging {\nlogger_subsys {\nsubsys: X\ndebug: yes\n}\n}\n", "debug"},
	{"subsystem, first of two values", "", oneNode + "logging {\nlogger_subsys {\nsubsys: X\ndebug: on\ndebug: yes\n}\n}\n", ""},
	{"logging daemon without a name", "", oneNode + "logging {\nlogging_daemon {\nsubsys: X\n}\n}\n", "no name"},

	{"quorum number", "", oneNode + "quorum {\ntwo_node: 256\n}\n", "two_node"},
	{"quorum nonsense", "", oneNode + "quorum {\nwho: cares\ndevice {\nnet {\nport: no\n}\n}\n}\n", ""},
	{"two_node with a device", "", oneNode + "quorum {\ntwo_node: 1\ndevice {\nmodel: net\n}\n}\n", ""},
	{"system", "", oneNode + "system {\nsched_rr: 1\n}\n", "sched_rr"},
	{"state directory", "", oneNode + "system {\nstate_dir: /proc/none\n}\n", "not a directory"},
	{"watchdog", "", oneNode + "resources {\nwatchdog_timeout: x\n}\n", "watchdog_timeout"},
	{"poll period", "", oneNode + "resources {\nsystem {\npoll_period: x\n}\n}\n", "poll_period"},
	{"user by number", "", oneNode + "uidgid {\nuid: 12345\n}\n", ""},
	{"user by name", "", oneNode + "uidgid {\nuid: root\ngid: root\n}\n", ""},
	{"user unknown", "", oneNode + "uidgid {\nuid: nosuchuser\n}\n", "not known"},
	{"user 4294967295", "", oneNode + "uidgid {\nuid: 4294967295\n}\n", "not known"},
	{"uidgid other key", "", oneNode + "uidgid {\nuser: root\n}\n", "only uid and gid"},
}

func TestCheck(t *testing.T) {
	host := ThisHost()
	isDir := host.IsDir
	host.IsDir = func(path string) bool { return path == stateDir || isDir(path) } // Corosync may be missing
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			err := ours(host, []byte(c.file(host.Name)))
			if c.want == "" && err != nil {
				t.Errorf("refused: %v", err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
			var e *Error
			if err != nil && !errors.As(err, &e) {
				t.Errorf("%T is no *Error", err)
			}
		})
	}
}

// TestCheckHost asks for hosts that this one is not.
func TestCheckHost(t *testing.T) {
	lookup := func(name string) ([]netip.Addr, error) {
		if name == "alias.example.org" {
			return []netip.Addr{netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("fd00::9")}, nil
		}
		return nil, errors.New("no such name")
	}
	mine := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.0.2.9")}
	for _, c := range []struct {
		name, node, want string
		host             Host
	}{
		{"no host in particular", "name: x, nodeid: 1, ring0_addr: 192.0.2.1", "", Host{}},
		{"no host, and no node", "nodeid: 1", "no node in the nodelist has a name or a ring0_addr", Host{}},
		{"no host to ask", "name: x, nodeid: 1, ring0_addr: some.name", "", Host{}},
		{"by name", "name: pve1, nodeid: 1, ring0_addr: 192.0.2.1", "", Host{Name: "pve1"}},
		{"without its domain", "name: pve1, nodeid: 1, ring0_addr: 192.0.2.1", "", Host{Name: "pve1.a.b"}},
		{"with part of its domain", "name: pve1.a, nodeid: 1, ring0_addr: 192.0.2.1", "", Host{Name: "pve1.a.b"}},
		{"another domain", "name: pve1.c, nodeid: 1, ring0_addr: 192.0.2.1", "", Host{Name: "pve1.a.b"}},
		{"another name", "name: pve10, nodeid: 1, ring0_addr: 192.0.2.1", "no node", Host{Name: "pve1", Addrs: mine}},
		{"by the name of an address", "name: pve9, nodeid: 1, ring0_addr: 192.0.2.1", "", Host{
			Name: "x", Addrs: mine,
			Reverse: func(a netip.Addr) string { return map[string]string{"192.0.2.9": "pve9.example.org"}[a.String()] },
		}},
		{"by what a name means", "name: alias.example.org, nodeid: 1, ring0_addr: 192.0.2.1", "", Host{Name: "x", Addrs: mine, Lookup: lookup}},
		{"a name that nobody knows", "name: x, nodeid: 1, ring0_addr: nobody", "not an address", Host{Name: "x", Lookup: lookup}},
		{"a name", "name: x, nodeid: 1, ring0_addr: alias.example.org", "", Host{Name: "x", Lookup: lookup}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := ours(c.host, []byte("totem {\nversion: 2\n}\n"+nodes(c.node)))
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// TestCheckLine wants the line of what is wrong.
func TestCheckLine(t *testing.T) {
	for text, want := range map[string]int{
		"totem {\n\ttoken: x\n}\n":                         2,
		"totem {\n}\n}\n":                                  3,
		"totem {\nversion: 2\ntoken: 1\n}\n" + oneNode:     3,
		"a {\nb: c\n\n":                                    3,
		"logging {\ndebug: perhaps\n}\n":                   2,
		"uidgid {\nuid: x\n\ngid: \n}\n":                   4,
		"totem {\nversion: 2\nlink_mode: x\n}\n" + oneNode: 3,
	} {
		var e *Error
		if err := ours(Host{}, []byte(text)); !errors.As(err, &e) || e.Line != want {
			t.Errorf("%q: %v, want line %d", text, err, want)
		}
	}
}

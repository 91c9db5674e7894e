// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"slices"
	"strings"
	"testing"
)

// hostValues are values of quorum.device.net.host: what Lint says of each, what it
// wants to be written in its place, and what Hosts makes of it.
var hostValues = []struct {
	value, why, mend string
	hosts            []string // nil: refused
}{
	{"192.0.2.9   # pi in the rack, formerly 192.0.2.7", "fault: no comments after a value", "192.0.2.9", nil},
	{"192.0.2.9#pi", "fault: no comments after a value", "192.0.2.9", nil},
	{"192.0.2.9\t# pi", "fault: no comments after a value", "192.0.2.9", nil},
	{"192.0.2.9 // pi", "fault: no comments after a value", "192.0.2.9", nil},
	{"192.0.2.9 /* pi */", "fault: no comments after a value", "192.0.2.9", nil},
	{"192.0.2.9 ; pi", "fault: no comments after a value", "192.0.2.9", nil},
	{"arb.example.org # https://wiki", "fault: no comments after a value", "arb.example.org", nil},
	{"# 192.0.2.9", "fault: no comments after a value", "", nil},
	{"https://192.0.2.9", "fault: it is a URL", "192.0.2.9", nil},
	{"https://me@arb.example.org:5403/x", "fault: it is a URL", "arb.example.org", nil},
	{"tcp://[2001:db8::1]:5403", "fault: it is a URL", "2001:db8::1", nil},
	{"192.0.2.9:5403", `fault: the port ":5403" does not belong to it`, "192.0.2.9", nil},
	{"arb:5403", `fault: the port ":5403" does not belong to it`, "arb", nil},
	{"[2001:db8::1]:5403", "fault: without brackets and without a port", "2001:db8::1", nil},
	{"[2001:db8::1]", "fault: without brackets", "2001:db8::1", nil},
	{"(arb)", "fault: brackets", "", nil},
	{`"192.0.2.9"`, "fault: the quotation marks are part of it", "192.0.2.9", nil},
	{"'arb'", "fault: the quotation marks are part of it", "arb", nil},
	{"`arb`", "fault: the quotation marks are part of it", "arb", nil},
	{"“arb”", "fault: a quotation mark (U+201C)", "arb", nil},
	{"<IP>", "fault: a placeholder", "", nil},
	{"<address of the arbiter>", "fault: a placeholder", "", nil},
	{"${ARBITER}", "", "", nil}, // no value: the parser takes the brace for a section's
	{"$ARBITER", "fault: a placeholder", "", nil},
	{"%ARBITER%", "fault: a placeholder", "", nil},
	{"CHANGEME", "fault: a placeholder", "", nil},
	{"x.x.x.x", "fault: a placeholder", "", nil},
	{"192.168.1.XXX", "fault: a placeholder", "", nil},
	{"QNETD_IP", "fault: a placeholder", "", nil},
	{"IP-OF-ARBITER", "fault: a placeholder", "", nil},
	{"YOUR-ARBITER", "fault: a placeholder", "", nil},
	{"PVE-ARBITER", "", "", []string{"PVE-ARBITER"}},
	{"x.example.org", "", "", []string{"x.example.org"}},
	{"fe80::1", "fault: a link-local address", "", nil},
	{"127.0.0.1", "warning: every machine's own address", "", []string{"127.0.0.1"}},
	{"127.1.2.3", "warning: every machine's own address", "", []string{"127.1.2.3"}},
	{"::1", "warning: every machine's own address", "", []string{"::1"}},
	{"::ffff:127.0.0.1", "warning: every machine's own address", "", []string{"::ffff:127.0.0.1"}},
	{"LocalHost", "warning: every machine's own address", "", []string{"LocalHost"}},
	{"192.0.2.1", "warning: which is the node n1", "", []string{"192.0.2.1"}},
	{"N2.", "warning: which is the node n2", "", []string{"N2."}},
	{"::ffff:192.0.2.2", "warning: which is the node n2", "", []string{"::ffff:192.0.2.2"}},
	{"192.0.2.9, 192.0.2.1", "warning: which is the node n1", "", []string{"192.0.2.9", "192.0.2.1"}},
	{"192.0.2.9;", "fault: at its end", "192.0.2.9", nil},
	{"192.0.2.9,", "warning: at its end", "192.0.2.9", []string{"192.0.2.9"}},
	{"= 192.0.2.9", "fault: at its beginning", "192.0.2.9", nil},
	{"host: 192.0.2.9", "fault: at its beginning", "192.0.2.9", nil},
	{"192.0.2.9 pi in the rack", "warning: each of its 5 words", "192.0.2.9", []string{"192.0.2.9", "pi", "in", "the", "rack"}},
	{"192.0.2.9, formerly 192.0.2.7", "warning: each of its 3 words", "192.0.2.9", []string{"192.0.2.9", "formerly", "192.0.2.7"}},
	{"192.0.2.9 (pi)", `fault: "(pi)": brackets`, "", nil},
	{"192.0.2.9 – pi", "fault: a dash (U+2013)", "", nil},
	{"arb–1.example.org", "fault: a dash (U+2013)", "arb-1.example.org", nil},
	{"192.0.2.9\u00a0", "fault: a blank (U+00A0)", "192.0.2.9", nil},
	{"192.0.2\u200b.9", "fault: an invisible character (U+200B)", "192.0.2.9", nil},
	{"árb", "fault: (U+00E1)", "", nil},
	{"a\x1b[2Jb", "fault: a control character (U+001B)", "", nil},
	{"\xff", "fault: (U+FFFD)", "", nil},
	{"192.0.2.300", "fault: looks like an IPv4 address, but is not a valid one", "", nil},
	{"192.0.2.9.1", "fault: looks like an IPv4 address, but is not a valid one", "", nil},
	{"192.0.2", "warning: an old way to write 192.0.0.2", "192.0.0.2", []string{"192.0.0.2"}},
	{"192.0.002.09", "fault: looks like an IPv4 address, but is not a valid one", "", nil}, // 09 is no octal number
	{"192.0.002.011", "warning: an old way to write 192.0.2.9", "192.0.2.9", []string{"192.0.2.9"}},
	{"192.0.2.9/24", `fault: "/24" is for a network`, "192.0.2.9", nil},
	{"0.0.0.0", "fault: not one machine", "", nil},
	{"::", "fault: not one machine", "", nil},
	{"239.1.1.1", "fault: a multicast address", "", nil},
	{"255.255.255.255", "fault: the broadcast address", "", nil},
	{"2001:db8::1::2", "fault: looks like an IPv6 address, but is not a valid one", "", nil},
	{"aa:bb:cc:dd:ee:ff", "fault: the address of a network card", "", nil},
	{"arb..example.org", "fault: nothing between two dots", "", nil},
	{"-arb", `fault: begins or ends with "-"`, "", nil},
	{"me@arb", "fault: '@' is not allowed in a name", "", nil},
	{strings.Repeat("a", 64), "fault: longer than it may be (63 bytes)", "", nil},
	{strings.Repeat("a.", 127) + "a", "fault: longer than a name may be", "", nil},
	{"", "fault: it is empty", "", []string{}},
	{"192.0.2.9", "", "", []string{"192.0.2.9"}},
	{"2001:db8::1", "", "", []string{"2001:db8::1"}},
	{"fe80::1%eth0", "", "", []string{"fe80::1%eth0"}},
	{"arb_1.example.org.", "", "", []string{"arb_1.example.org."}},
	{"192.0.2.9, arb.example.org", "", "", []string{"192.0.2.9", "arb.example.org"}},
	{"192.0.2.9 192.0.2.10", "", "", []string{"192.0.2.9", "192.0.2.10"}},
}

func TestHostValues(t *testing.T) {
	for _, c := range hostValues {
		t.Run(c.value, func(t *testing.T) {
			hosts, err := Hosts(c.value)
			if (err != nil) != (c.hosts == nil) || !slices.Equal(hosts, c.hosts) {
				t.Errorf("Hosts: %q, %v", hosts, err)
			}
			text := strings.Replace(cluster(2, "wait_for_all: 1\n"+withDevice("", votes1)), "host: 192.0.2.100", "host: "+c.value, 1)
			if strings.Contains(c.value, "{") {
				if _, err := Parse([]byte(text)); err == nil {
					t.Error("it parses")
				}
				return
			}
			wantOne(t, mustParse(t, text).Lint(), c.why, "host", c.mend)
		})
	}
}

// wantOne wants one problem, of a level and with a part of its text, that wants to be
// mended so; or none. Notes do not count.
func wantOne(t *testing.T, found []Problem, want, key, mend string) {
	t.Helper()
	found = slices.DeleteFunc(found, func(p Problem) bool { return p.Level == Note && !strings.HasPrefix(want, "note") })
	if want == "" {
		if len(found) > 0 {
			t.Errorf("got %v", found)
		}
		return
	}
	level, text, _ := strings.Cut(want, ": ")
	if len(found) != 1 || found[0].Level.String() != level || !strings.Contains(found[0].Text, text) {
		t.Errorf("got %v, want %s", found, want)
		return
	}
	if written := "write " + key + ": " + mend; mend != "" && found[0].WhatToDo != written && !strings.HasPrefix(found[0].WhatToDo, written+",") {
		t.Errorf("to do: %s, want %s", found[0].WhatToDo, written)
	}
}

// TestValues puts a line into a good file.
func TestValues(t *testing.T) {
	for _, c := range []struct{ section, line, want, mend string }{
		{"totem", "token: 10s", "fault: milliseconds without a unit", "10000"},
		{"totem", "token: 5 seconds", "fault: milliseconds without a unit", "5000"},
		{"totem", "token: 3000ms", "fault: milliseconds without a unit", "3000"},
		{"totem", "window_size: 50 messages", "fault: a number has no unit there", ""},
		{"totem", "token: 10,000", "fault: digits only", "10000"},
		{"totem", "token: 10 000", "fault: digits only", "10000"},
		{"totem", "token: 0x1388", "fault: not a decimal number", "5000"},
		{"totem", "token: 1.5", "fault: not a whole number", ""},
		{"totem", "token: 5000 # old: 3000", "fault: no comments after a value", "5000"},
		{"totem", "token: 5000;", "fault: at its end", "5000"},
		{"totem", "token: “5000”", "fault: a quotation mark", "5000"},
		{"totem", "token: '5000'", "fault: the quotation marks", "5000"},
		{"totem", "token: –5000", "fault: a dash (U+2013)", ""},
		{"totem", "token: 5000\u00a0", "fault: a blank (U+00A0)", "5000"},
		{"totem", "token: 5000 6000", "fault: there are 2 words", ""},
		{"totem", "token: <TOKEN>", "fault: a placeholder", ""},
		{"totem", "token: five", "fault: is not a whole number from 0 to 4294967295: Corosync", ""},
		{"totem", "token: 4294967296", "fault: is not a whole number from 0 to 4294967295: Corosync", ""},
		{"totem", "token:", "fault: it is empty", ""},
		{"totem", "token: 05000", "note: it is read as 5000", ""},
		{"totem", "token: +5000", "note: it is read as 5000", ""},
		{"totem", "transport: KNET", "fault: is not one of: knet, udpu, udp: Corosync", "knet"},
		{"totem", "transport: knet # the default", "fault: no comments after a value", "knet"},
		{"totem", "link_mode: activ", "fault: not one of: active", "active"},
		{"totem", "block_unlisted_ips: false", "warning: so the line does nothing", "no"},
		{"totem", "block_unlisted_ips: yes # all", "warning: no comments after a value", "yes"},
		{"totem", "crypto_hash: SHA-256", "fault: not one of: none, md5", "sha256"},
		{"totem", `keyfile: "/etc/corosync/authkey"`, "warning: the quotation marks", "/etc/corosync/authkey"},
		{"quorum", "two_node: yes", "fault: yes is 1 there", "1"},
		{"quorum", "wait_for_all: false # never", "fault: no comments after a value", "0"},
		{"quorum", "auto_tie_breaker: 1\nauto_tie_breaker_node: LOWEST", "warning: case matters", "lowest"},
		{"quorum", "auto_tie_breaker: 1\nauto_tie_breaker_node: n2", "warning: which Corosync does not understand", ""},
		{"logging", "debug: off # for now", "fault: no comments after a value", "off"},
		{"logging", "to_syslog: true", "fault: not one of: yes, on, no, off: Corosync", "yes"},
		{"logging", "logfile: /var/log/corosync.log # here", "warning: no comments after a value", "/var/log/corosync.log"},
		{"logging", "syslog_priority: notice,", "fault: at its end", "notice"},
		{"totem.interface", "bindnetaddr: 192.0.2.0/24", `warning: "/24" does not belong to it`, "192.0.2.0"},
		{"totem.interface", "mcastport: 5405 # udp", "fault: no comments after a value", "5405"},
		{"system", "priority: max # of all", "warning: no comments after a value", "max"},
	} {
		t.Run(c.section+" "+c.line, func(t *testing.T) {
			key, _, _ := strings.Cut(c.line[strings.LastIndexByte(c.line, '\n')+1:], ":")
			wantOne(t, mustParse(t, within(c.section, c.line)).Lint(), c.want, key, c.mend)
		})
	}
}

// within puts lines into a section of a file with three nodes.
func within(section, lines string) string {
	text := cluster(3, "")
	outer, inner, nested := strings.Cut(section, ".")
	if nested {
		lines = inner + " {\n" + lines + "\n}"
	}
	switch {
	case outer == "":
		return text + lines + "\n"
	case strings.Contains(text, outer+" {\n"):
		return strings.Replace(text, outer+" {\n", outer+" {\n"+lines+"\n", 1)
	}
	return text + outer + " {\n" + lines + "\n}\n"
}

// TestNodeValues looks at names and addresses of nodes.
func TestNodeValues(t *testing.T) {
	for _, c := range []struct{ from, to, want, mend string }{
		{"ring0_addr: 192.0.2.2", "ring0_addr: 192.0.2.2 # the second", "fault: no comments after a value", "192.0.2.2"},
		{"ring0_addr: 192.0.2.2", "ring0_addr: 192.0.2.2/24", `fault: "/24" is for a network`, "192.0.2.2"},
		{"ring0_addr: 192.0.2.1", "ring0_addr: 192.0.2.1 # the first", "fault: no comments after a value", "192.0.2.1"},
		{"ring0_addr: 192.0.2.1", "ring0_addr: 192.0.2.1/24", `fault: "/24" is for a network`, "192.0.2.1"},
		{"ring0_addr: 192.0.2.1", "ring0_addr: 192.0.2.300", "fault: an IPv4 address, but is not a valid one", ""},
		{"ring0_addr: 192.0.2.2", "ring0_addr: 192.0.2.300", "fault: an IPv4 address, but is not a valid one", ""},
		{"ring0_addr: 192.0.2.1", "ring0_addr: 127.0.1.1", "warning: every machine's own address", ""},
		{"ring0_addr: 192.0.2.2", "ring0_addr: localhost", "warning: every machine's own address", ""},
		{"ring0_addr: 192.0.2.2", "ring0_addr: <IP>", "fault: a placeholder", ""},
		{"ring0_addr: 192.0.2.2", "ring0_addr: [2001:db8::2]", "fault: without brackets", "2001:db8::2"},
		{"ring0_addr: 192.0.2.2", "ring0_addr: 192.0.2.2, 192.0.3.2", "fault: there are 2 words", ""},
		{"name: n2", "name: n2 # the second", "warning: no comments after a value", "n2"},
		{"name: n2", `name: "n2"`, "warning: the quotation marks", "n2"},
		{"name: n2", "name:", "warning: it is empty", ""},
		{"nodeid: 2", "nodeid: 2 # two", "fault: no comments after a value", "2"},
		{"cluster_name: x", "cluster_name: x # lab", "warning: no comments after a value", "x"},
		{"cluster_name: x", "cluster_name: ‘x’", "warning: a quotation mark (U+2018)", "x"},
		{"secauth: on", "secauth: yes", "warning: so the line does nothing", "on"},
		{"secauth: on", "secauth: on # safe", "warning: no comments after a value", "on"},
		{"provider: corosync_votequorum", "provider: corosync_votequorum # the only one", "fault: no comments after a value", "corosync_votequorum"},
		{"provider: corosync_votequorum", "provider: votequorum", "fault: there is no quorum provider", "corosync_votequorum"},
	} {
		t.Run(c.to, func(t *testing.T) {
			key, _, _ := strings.Cut(c.to, ":")
			found := mustParse(t, strings.Replace(cluster(3, ""), c.from+"\n", c.to+"\n", 1)).Lint()
			wantOne(t, found, c.want, key, c.mend)
		})
	}
}

// TestPlaces wants a key or a section where it belongs.
func TestPlaces(t *testing.T) {
	for _, c := range []struct{ section, lines, want, do string }{
		{"totem", "expected_votes: 1", "nobody reads expected_votes in a section totem: it belongs in quorum", "move it there"},
		{"totem", "tokken: 3000", "nobody reads tokken in a section totem", "did you mean token?"},
		{"totem", "Token: 3000", "nobody reads Token", "did you mean token?"},
		{"totem", "tokens: 3000", "nobody reads tokens", "did you mean token?"},
		{"totem", "clustername: x", "nobody reads clustername", "did you mean cluster_name?"},
		{"totem", "cluster-name: x", "nobody reads cluster-name", "did you mean cluster_name?"},
		{"totem", "name: x", "nobody reads name in a section totem: it belongs in nodelist.node", "did you mean cluster_name? Otherwise move it"},
		{"totem", "bindnetaddr: 192.0.2.0", "it belongs in totem.interface", "move it there"},
		{"totem", "interface: 0", "interface is a section", "write interface { … } in totem"},
		{"totem", "nodelist {\n}", "nobody reads a section nodelist in a section totem: it belongs outside of all sections", "move it there"},
		{"totem", "debug: on", "it belongs in logging", "move it there"},
		{"quorum", "qdevice {\nmodel: net\n}", "nobody reads a section qdevice in a section quorum", "did you mean device?"},
		{"quorum", "Device {\nmodel: net\n}", "nobody reads a section Device", "did you mean device?"},
		{"quorum", "net {\nhost: x\n}", "it belongs in quorum.device", "move it there"},
		{"quorum", "device: net", "device is a section", "write device { … } in quorum"},
		{"quorum", "wait-for-all: 1", "nobody reads wait-for-all", "did you mean wait_for_all?"},
		{"quorum", "twonode: 1", "nobody reads twonode", "did you mean two_node?"},
		{"quorum", "expected_vote: 3", "nobody reads expected_vote", "did you mean expected_votes?"},
		{"quorum", "quorum_votes: 1", "it belongs in nodelist.node", "move it there"},
		{"quorum", "tie_breaker: lowest", "it belongs in quorum.device.net", "move it there"},
		{"quorum", "token: 3000", "it belongs in totem", "move it there"},
		{"quorum.device", "host: 192.0.2.9", "it belongs in quorum.device.net", "move it there"},
		{"quorum.device", "algorithm: lms", "it belongs in quorum.device.net", "move it there"},
		{"logging", "log_file: /x", "nobody reads log_file", "did you mean logfile?"},
		{"logging", "subsys: X", "it belongs in logging.logger_subsys or logging.logging_daemon", "move it there"},
		{"system", "ipc_type: shm", "nobody reads ipc_type", "did you mean qb_ipc_type?"},
		{"", "token: 3000", "nobody reads token outside of all sections: it belongs in totem", "move it there"},
		{"", "device {\nmodel: net\n}", "nobody reads a section device: it belongs in quorum", "move it there"},
		{"", "node {\n}", "it belongs in nodelist", "move it there"},
		{"", "nodes {\n}", "nobody reads a section nodes", "did you mean nodelist?"},
		{"", "qdevice {\n}", "nobody reads a section qdevice", "did you mean device? It belongs in quorum"},
		{"", "loging {\n}", "nobody reads a section loging", "did you mean logging?"},
		{"", "host {\n}", "host is a key", "write host: VALUE in quorum.device.net"},
		{"", "quorum.two_node: 1", "Corosync takes its value for text", "write it between the braces of the section quorum"},
		{"", "somewhere {\nelse: x\n}", "nobody reads a section somewhere", "correct the name or delete it"},
		{"", "service {\nname: pacemaker\nver: 0\n}", "does not read a section service any more", "delete the section; Pacemaker is a program of its own"},
		{"", "qb {\nipc_type: shm\n}", "does not read a section qb any more (since version 3)", "use qb_ipc_type in a section system"},
		{"totem", "rrp_mode: passive", "does not read rrp_mode any more (since version 3)", "use link_mode"},
		{"totem", "nodeid: 3", "does not read nodeid any more", "write nodeid into each node of the nodelist"},
		{"totem.interface", "ringnumber: 1", "does not read ringnumber any more (since version 3)", "use linknumber"},
	} {
		t.Run(c.section+" "+c.lines, func(t *testing.T) {
			found := slices.DeleteFunc(mustParse(t, within(c.section, c.lines)).Lint(), func(p Problem) bool {
				return p.Level == Note || strings.Contains(p.Text, "the device has no model")
			})
			if len(found) != 1 || found[0].Level != Warning || !strings.Contains(found[0].Text, c.want) || found[0].WhatToDo != c.do {
				t.Errorf("got %q, want %s: %s", found, c.want, c.do)
			}
		})
	}
	for _, node := range []struct{ line, do string }{
		{"addr: 192.0.2.7", "did you mean ring0_addr?"}, {"ring_addr: x", "did you mean ring0_addr?"}, {"ring0_address: x", "did you mean ring0_addr?"},
		{"ring1addr: x", "did you mean ring1_addr?"}, {"votes: 1", "did you mean quorum_votes? Otherwise move it"}, {"node_id: 1", "did you mean nodeid?"},
		{"hostname: x", "did you mean name?"}, {"id: 1", "did you mean nodeid?"}, {"host: x", "move it there"},
	} {
		found := mustParse(t, strings.Replace(cluster(3, ""), "name: n3\n", "name: n3\n"+node.line+"\n", 1)).Lint()
		if len(found) != 1 || found[0].WhatToDo != node.do {
			t.Errorf("%s: got %q, want %s", node.line, found, node.do)
		}
	}
}

// TestTable: what stands in the table is taken as it stands there.
func TestTable(t *testing.T) {
	for _, p := range places {
		for _, s := range p.keys {
			if got, ok := specOf(p.path + "." + s.key); s.key != "ringX_addr" && (!ok || got.key != s.key) {
				t.Errorf("%s.%s is not found", p.path, s.key)
			}
			if s.form == "" || s.gone.since != "" && s.gone.what == "" {
				t.Errorf("%s.%s: %+v", p.path, s.key, s)
			}
			for _, w := range s.words {
				if f := s.flaw(w); f.is() {
					t.Errorf("%s.%s: %s: %s", p.path, s.key, w, f.why)
				}
			}
		}
		if parent, _ := cutLast(p.path); parent != "" {
			if _, ok := placeOf(parent); !ok {
				t.Errorf("%s is in no section", p.path)
			}
		}
	}
	for _, text := range seed(t) {
		for _, p := range mustParse(t, string(text)).Lint() {
			if strings.Contains(p.Text, "nobody reads") && !strings.Contains(string(text), "weird") {
				t.Errorf("%s", p)
			}
		}
	}
}

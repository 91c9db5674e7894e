// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// cluster writes a file with n nodes and a quorum section.
func cluster(n int, quorum string) string {
	return "totem {\nversion: 2\nsecauth: on\ncluster_name: x\nconfig_version: 1\n}\n" + nodes(many(n, func(i int) string {
		c := string(rune('1' + i))
		return "nodeid: " + c + ", name: n" + c + ", ring0_addr: 192.0.2." + c
	})...) + "quorum {\nprovider: corosync_votequorum\n" + quorum + "\n}\n"
}

// withDevice writes a device section; what comes first is of the section net.
func withDevice(net, device string) string {
	return "device {\nmodel: net\n" + device + "\nnet {\nhost: 192.0.2.100\n" + net + "\n}\n}"
}

const votes1 = "votes: 1"

// weigh gives the nodes of a file their votes.
func weigh(text string, votes ...int) string {
	for i, v := range votes {
		name := fmt.Sprintf("name: n%d\n", i+1)
		text = strings.Replace(text, name, fmt.Sprintf("%squorum_votes: %d\n", name, v), 1)
	}
	return text
}

func TestLint(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string // level and a part of the text, of each problem
	}{
		{"three nodes", cluster(3, ""), nil},
		{"two nodes, two_node", cluster(2, "two_node: 1"), nil},
		{"two nodes and a device", cluster(2, "wait_for_all: 1\n"+withDevice("", votes1)), nil},
		{"four nodes and a device", cluster(4, withDevice("algorithm: ffsplit", votes1)), nil},
		{"two nodes and lms", cluster(2, withDevice("algorithm: lms", "")), []string{"note: two nodes and a device: after a power cut"}},

		{"two_node with a device", cluster(2, "two_node: 1\n"+withDevice("", votes1)), []string{"fault: two_node with a device"}},
		{"two_node with three", cluster(3, "two_node: 1"), []string{"warning: two_node with 3 nodes"}},
		{"two_node, wait_for_all off", cluster(2, "two_node: 1\nwait_for_all: 0"), []string{"warning: two_node without wait_for_all"}},
		{"two nodes alone", cluster(2, ""), []string{"warning: two nodes with neither two_node nor a device: when one is lost, the other stops"}},
		{"two nodes alone, one with more votes", weigh(cluster(2, ""), 2, 1), []string{"warning: two nodes with neither two_node nor a device: when n1 is lost, the other node stops"}},
		{"two nodes, auto_tie_breaker not understood", cluster(2, "auto_tie_breaker: 1\nauto_tie_breaker_node: first"),
			[]string{"warning: two nodes with neither", "warning: auto_tie_breaker_node is \"first\""}},
		{"a device, auto_tie_breaker not understood", cluster(4, "auto_tie_breaker: 1\nauto_tie_breaker_node: first\n"+withDevice("", votes1)),
			[]string{"warning: auto_tie_breaker_node is \"first\""}},
		{"a device, auto_tie_breaker off with odd votes", cluster(3, "auto_tie_breaker: 1\n"+withDevice("algorithm: lms", "")),
			[]string{"warning: auto_tie_breaker with an odd", "note: lms gives"}},
		{"no node of auto_tie_breaker_node", cluster(4, "auto_tie_breaker: 1\nauto_tie_breaker_node: 7 8"), []string{"warning: no node of auto_tie_breaker_node"}},
		{"two_node turned off, three nodes", cluster(3, "two_node: 1\nauto_tie_breaker: 1"), []string{"warning: auto_tie_breaker turns two_node off"}},
		{"four nodes, unequal halves only", weigh(cluster(4, ""), 5, 1, 1, 1), nil},
		{"four nodes, halves by votes", weigh(cluster(4, ""), 3, 1, 1, 1), []string{"note: 4 nodes without a device: when they are split into halves with equal votes"}},
		{"four nodes, two_node", cluster(4, "two_node: 1"), []string{"warning: two_node with 4 nodes"}},
		{"too many votes", weigh(cluster(2, ""), 300, 300), []string{"warning: too many votes: Corosync keeps the number of needed votes in 8 bits, so 45 of 600 votes are enough"}},
		{"last_man_standing, five nodes", cluster(5, "last_man_standing: 1"), []string{"warning: last_man_standing without wait_for_all: lost nodes"}},
		{"device, expected_votes with the device's", cluster(2, "expected_votes: 3\n"+withDevice("", votes1)), []string{"note: two nodes and a device"}},
		{"wait_for_all missing", cluster(2, withDevice("", votes1)), []string{"note: two nodes and a device: after a power cut"}},
		{"four nodes alone", cluster(4, ""), []string{"note: 4 nodes without a device"}},

		{"last_man_standing with a device", cluster(4, "wait_for_all: 1\nlast_man_standing: 1\n"+withDevice("", votes1)),
			[]string{"fault: last_man_standing with a device"}},
		{"last_man_standing alone", cluster(3, "last_man_standing: 1"), []string{"warning: last_man_standing without wait_for_all"}},
		{"auto_tie_breaker with a device", cluster(4, "auto_tie_breaker: 1\n"+withDevice("", votes1)),
			[]string{"fault: auto_tie_breaker with a device"}},
		{"auto_tie_breaker with three", cluster(3, "auto_tie_breaker: 1"), []string{"warning: auto_tie_breaker with an odd"}},
		{"auto_tie_breaker, last_man_standing, three", cluster(3, "auto_tie_breaker: 1\nlast_man_standing: 1"),
			[]string{"fault: auto_tie_breaker and last_man_standing", "warning: last_man_standing without"}},
		{"auto_tie_breaker and two_node", cluster(2, "auto_tie_breaker: 1\ntwo_node: 1"), []string{"warning: auto_tie_breaker turns two_node off"}},
		{"auto_tie_breaker_node empty", cluster(4, "auto_tie_breaker: 1\nauto_tie_breaker_node:"),
			[]string{"note: 4 nodes without", "warning: auto_tie_breaker_node is \"\""}},
		{"auto_tie_breaker_node with a comma", cluster(4, "auto_tie_breaker: 1\nauto_tie_breaker_node: 1,2"),
			[]string{"warning: Corosync reads auto_tie_breaker_node up to \"1\""}},
		{"auto_tie_breaker_node alone", cluster(3, "auto_tie_breaker_node: lowest"), []string{"warning: auto_tie_breaker_node means nothing"}},
		{"allow_downscale with a device", cluster(4, "allow_downscale: 1\n"+withDevice("", votes1)),
			[]string{"fault: allow_downscale with a device"}},
		{"allow_downscale", cluster(3, "allow_downscale: 1"), []string{"warning: allow_downscale is unfinished"}},

		{"expected_votes without the device's", cluster(4, "expected_votes: 5\n"+withDevice("algorithm: lms", "")),
			[]string{"fault: expected_votes without quorum.device.votes", "note: lms gives"}},
		{"expected_votes right", cluster(4, "expected_votes: 5\n"+withDevice("", votes1)), nil},
		{"expected_votes wrong", cluster(4, "expected_votes: 4\n"+withDevice("", votes1)), []string{"warning: expected_votes is 4"}},
		{"expected_votes too low", cluster(1, "expected_votes: 2\n"+withDevice("", votes1)),
			[]string{"fault: of 2 expected votes", "warning: ffsplit with 1 node"}},
		{"device without a vote", cluster(4, withDevice("algorithm: lms", "votes: 0")),
			[]string{"warning: the device has no vote", "warning: lms with 0 votes"}},
		{"unequal votes", strings.Replace(cluster(2, "wait_for_all: 1\n"+withDevice("algorithm: lms", "")), "name: n1", "quorum_votes: 2", 1),
			[]string{"warning: lms with wait_for_all", "fault: a node does not have 1 vote"}},
		{"unequal votes with ffsplit", strings.Replace(cluster(4, withDevice("", votes1)), "name: n1", "quorum_votes: 2", 1),
			[]string{"fault: ffsplit needs each node"}},

		{"ffsplit with three", cluster(3, withDevice("", votes1)), []string{"warning: ffsplit with 3 nodes"}},
		{"ffsplit, votes missing", cluster(4, withDevice("", "")), []string{"fault: ffsplit needs quorum.device.votes"}},
		{"ffsplit, two votes", cluster(4, withDevice("", "votes: 2")), []string{"fault: ffsplit needs quorum.device.votes"}},
		{"lms with votes", cluster(3, withDevice("algorithm: lms", votes1)), []string{"warning: lms with 1 vote", "note: lms gives"}},
		{"lms with wait_for_all", cluster(2, "wait_for_all: 1\n"+withDevice("algorithm: lms", "")), []string{"warning: lms with wait_for_all"}},
		{"2nodelms with three", cluster(3, withDevice("algorithm: 2nodelms", votes1)), []string{"fault: 2nodelms is for two nodes"}},
		{"lms with too many votes", cluster(3, withDevice("algorithm: lms", "votes: 4")),
			[]string{"warning: lms with 4 votes of the device: without the arbiter the nodes stop"}},
		{"2nodelms", cluster(2, "wait_for_all: 1\n"+withDevice("algorithm: 2nodelms", votes1)), []string{"warning: 2nodelms is for developers"}},
		{"algorithm unknown", cluster(4, withDevice("algorithm: best", votes1)), []string{"fault: corosync-qdevice does not start with the algorithm best"}},
		{"tie-breaker", cluster(4, withDevice("tie_breaker: 3", votes1)), nil},
		{"tie-breaker no node", cluster(4, withDevice("tie_breaker: 9", votes1)), []string{"warning: tie_breaker is node 9"}},
		{"tie-breaker nonsense", cluster(4, withDevice("tie_breaker: first", votes1)), []string{`fault: tie_breaker is "first"`}},
		{"tls off", cluster(4, withDevice("tls: off", votes1)), []string{"warning: tls is off"}},
		{"tls nonsense", cluster(4, withDevice("tls: perhaps", votes1)), []string{"fault: quorum.device.net.tls"}},
		{"port", cluster(4, withDevice("port: 65536", votes1)), []string{"fault: quorum.device.net.port"}},
		{"connect_timeout", cluster(4, withDevice("connect_timeout: 999", votes1)), []string{"fault: quorum.device.net.connect_timeout"}},
		{"force_ip_version", cluster(4, withDevice("force_ip_version: 5", votes1)), []string{"fault: quorum.device.net.force_ip_version"}},
		{"host missing", cluster(4, strings.Replace(withDevice("", votes1), "host: 192.0.2.100", "", 1)), []string{"fault: quorum.device.net.host is missing"}},
		{"cluster name missing", strings.Replace(cluster(4, withDevice("", votes1)), "cluster_name: x\n", "", 1),
			[]string{"fault: totem.cluster_name is missing"}},
		{"model missing", cluster(4, "device {\nvotes: 1\n}"), []string{"note: 4 nodes without", "warning: the device has no model"}},
		{"model unknown", cluster(4, "device {\nvotes: 1\nmodel: disk\n}"), []string{"fault: there is no model disk"}},
		{"provider missing with a device", strings.Replace(cluster(4, withDevice("", votes1)), "provider: corosync_votequorum\n", "", 1),
			[]string{"fault: the quorum provider"}},
		{"provider unknown", strings.Replace(cluster(3, ""), "corosync_votequorum", "votequorum", 1), []string{"fault: there is no quorum provider \"votequorum\": Corosync does not start"}},
		{"provider empty", strings.Replace(cluster(3, ""), "corosync_votequorum", "", 1), []string{"fault: there is no quorum provider \"\""}},
		{"provider unknown and more", strings.Replace(cluster(2, "two_node: 1\n"+withDevice("", votes1)), "corosync_votequorum", "votequorum", 1),
			[]string{"fault: there is no quorum provider", "fault: two_node with a device"}},
		{"provider of its own", strings.Replace(cluster(3, ""), "corosync_votequorum", "corosync_ykd", 1), []string{"warning: corosync_ykd counts no votes"}},
		{"node ID too high", strings.Replace(cluster(3, ""), "nodeid: 2\n", "nodeid: 65536\n", 1), []string{"fault: node ID 65536 is too high"}},
		{"device votes that are none", cluster(4, "expected_votes: 5\n"+withDevice("algorithm: lms", "votes: 4294967295")), []string{"fault: expected_votes without quorum.device.votes", "note: lms gives"}},
		{"provider missing", strings.Replace(cluster(3, ""), "provider: corosync_votequorum\n", "", 1), []string{"warning: quorum.provider is missing"}},

		{"heuristics", cluster(4, withDevice("", votes1+"\nheuristics {\nmode: sync\nexec_a: /bin/ping -c1 x\n}")), nil},
		{"heuristics and a shell", cluster(4, withDevice("", votes1+"\nheuristics {\nmode: on\nexec_a: /bin/sh -c \"ping -c1 a | grep ttl\"\n}")), nil},
		{"heuristics and no shell", cluster(4, withDevice("", votes1+"\nheuristics {\nmode: on\nexec_a: /bin/ping -c1 a | /bin/grep ttl\n}")), []string{"warning: quorum.device.heuristics.exec_a is \"/bin/ping -c1 a"}},
		{"heuristics off", cluster(4, withDevice("", votes1+"\nheuristics {\nexec_a: /bin/true\n}")), []string{"warning: the heuristics are off"}},
		{"heuristics without a command", cluster(4, withDevice("", votes1+"\nheuristics {\nmode: on\n}")), []string{"warning: heuristics without a command"}},
		{"heuristics without a path", cluster(4, withDevice("", votes1+"\nheuristics {\nmode: on\nexec_a: ping x\n}")), []string{"warning: \"ping x\" has no absolute path"}},
		{"heuristics mode", cluster(4, withDevice("", votes1+"\nheuristics {\nmode: always\nexec_a: /bin/true\n}")), []string{"fault: quorum.device.heuristics.mode"}},
		{"heuristics timeout", cluster(4, withDevice("", votes1+"\nheuristics {\nmode: on\nexec_a: /a\ntimeout: 10000\nsync_timeout: 30000\n}")),
			[]string{"warning: 10000 ms is not less than quorum.device.timeout", "warning: 30000 ms is not less than quorum.device.sync_timeout"}},
		{"heuristics interval", cluster(4, withDevice("", votes1+"\nheuristics {\nmode: on\nexec_a: /a\ninterval: 1\n}")), []string{"fault: quorum.device.heuristics.interval"}},

		{"device timeout below Totem's", cluster(4, withDevice("", votes1+"\ntimeout: 5000")), []string{"warning: the C arbiter drops a silent node after 6000 ms"}},
		{"token above the device's timeout", strings.Replace(cluster(4, withDevice("", votes1)), "version: 2\n", "version: 2\ntoken: 10000\n", 1),
			[]string{"warning: the C arbiter drops a silent node after 12000 ms"}},
		{"sync_timeout below", cluster(4, withDevice("", votes1+"\nsync_timeout: 12000")), []string{"warning: sync_timeout is 12000 ms"}},
		{"timeout above", cluster(4, withDevice("", votes1+"\ntimeout: 30000")), []string{"warning: sync_timeout is 30000 ms"}},
		{"timeout tiny", cluster(2, "wait_for_all: 1\n"+withDevice("", votes1+"\ntimeout: 1000")),
			[]string{"warning: 1000 ms give a heartbeat of 800 ms", "warning: the C arbiter drops a silent node after 1500 ms"}},
		{"consensus", strings.Replace(cluster(3, ""), "version: 2\n", "version: 2\nconsensus: 3600\n", 1), []string{"warning: consensus is 3600 ms"}},

		{"nodeid missing", strings.Replace(cluster(3, ""), "nodeid: 2\n", "", 1), []string{"fault: the node has no nodeid"}},
		{"nodeid missing with udpu", strings.Replace(strings.Replace(cluster(3, ""), "nodeid: 2\n", "", 1), "secauth: on\n", "transport: udpu\n", 1),
			[]string{"note: the version of Corosync after 3.1.10 is built without udpu", "warning: the node has no nodeid"}},
		{"nodeid twice", strings.Replace(cluster(3, ""), "nodeid: 2\n", "nodeid: 1\n", 1), []string{"fault: node ID 1 is also the ID of the node in line 9"}},
		{"address twice", strings.Replace(cluster(3, ""), "192.0.2.2\n", "192.0.2.1\n", 1), []string{"warning: the node in line 9 also has 192.0.2.1"}},
		{"name twice", strings.Replace(cluster(3, ""), "name: n2\n", "name: n1\n", 1), []string{"warning: the node in line 9 also has n1"}},
		{"no ring0 and no name", strings.Replace(strings.ReplaceAll(cluster(2, "wait_for_all: 1\n"+withDevice("", votes1)), "ring0", "ring1"), "name: n2\n", "", 1),
			[]string{"warning: the node has neither a name nor a ring0_addr"}},
		{"no ring0", strings.ReplaceAll(cluster(2, "wait_for_all: 1\n"+withDevice("", votes1)), "ring0", "ring1"), nil},
		{"no version", strings.Replace(cluster(3, ""), "config_version: 1\n", "", 1), []string{"note: totem.config_version is missing"}},
		{"repeated", cluster(3, "two_node: 0\ntwo_node: 0"), []string{"warning: quorum.two_node is given again in line"}},
		{"two nodelists", cluster(3, "") + "nodelist {\n}\n", []string{"warning: a second nodelist"}},
		{"misspelt key", cluster(3, "two_nodes: 0"), []string{"warning: nobody reads two_nodes"}},
		{"misspelt section", cluster(3, "") + "qourum {\n}\n", []string{"warning: nobody reads a section qourum"}},
		{"refused values", cluster(3, "two_node: x\nvotes: y"), []string{"fault: quorum.two_node", "fault: quorum.votes"}},
		{"refused", strings.Replace(cluster(3, ""), "version: 2\n", "version: 2\nlink_mode: x\n", 1), []string{"fault: totem.link_mode"}},
		{"nothing", "quorum {\nprovider: corosync_votequorum\n}\n",
			[]string{"note: totem.config_version", "fault: there is neither a nodelist", "fault: there is no nodelist", "note: the cluster's traffic is not encrypted"}},
		{"device without nodes", "totem {\nversion: 2\ncluster_name: x\nconfig_version: 1\n}\nquorum {\nprovider: corosync_votequorum\nexpected_votes: 3\n" +
			withDevice("", votes1) + "\n}\n", []string{"fault: a device without a nodelist", "fault: there is no nodelist", "note: the cluster's traffic is not encrypted"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := mustParse(t, c.text).Lint()
			ok := len(got) == len(c.want)
			for i := range min(len(got), len(c.want)) {
				level, text, _ := strings.Cut(c.want[i], ": ")
				ok = ok && got[i].Level.String() == level && strings.Contains(got[i].Text, text)
			}
			if !ok {
				t.Errorf("got %v\nwant %q", got, c.want)
			}
			checkForm(t, c.text, got)
		})
	}
}

// checkForm wants each problem to say what to do, and to point into the file.
func checkForm(t *testing.T, text string, found []Problem) {
	t.Helper()
	for _, p := range found {
		if p.Text == "" || p.WhatToDo == "" || p.Line < 0 || p.Line > strings.Count(text, "\n") {
			t.Errorf("%+v", p)
		}
	}
	if !slices.IsSortedFunc(found, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) }) {
		t.Errorf("not in the order of the lines: %v", found)
	}
}

// TestLintLine wants the line of the value that is to be changed.
func TestLintLine(t *testing.T) {
	f := mustParse(t, "quorum {\n\ttwo_node: 1\n\tprovider: corosync_votequorum\n\tdevice {\n\t\tmodel: net\n\t}\n}\n")
	for _, p := range f.Lint() {
		if strings.Contains(p.Text, "two_node with a device") {
			if p.Line != 2 || !strings.HasPrefix(p.String(), "line 2: fault: two_node") {
				t.Errorf("%s", p)
			}
			return
		}
	}
	t.Error("not found")
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"slices"
	"strings"
	"testing"
)

// old are files of Corosync 1 and 2, and what Lint says of them besides notes.
var old = []struct {
	name, text string
	want       []string
	draft      string // a part of it
}{
	{"udp", `totem {
	version: 2
	config_version: 1
	cluster_name: x
	interface {
		linknumber: 0
		bindnetaddr: 192.0.2.0
		mcastaddr: 239.255.1.1
		mcastport: 5405
	}
	transport: udp
}
quorum {
	provider: corosync_votequorum
	expected_votes: 3
}
`, []string{"fault: this file is for Corosync 2"}, `nodelist {
	node {
		name: NAME1
		nodeid: 1
		# its address in the network of 192.0.2.0
		ring0_addr: ADDRESS1
	}
	node {
		name: NAME2
		nodeid: 2
		# its address in the network of 192.0.2.0
		ring0_addr: ADDRESS2
	}
	node {
		name: NAME3
`},
	{"udpu with members and two rings", `totem {
  version: 2
  config_version: 1
  rrp_mode: passive
  interface {
    ringnumber: 0
    bindnetaddr: 192.0.2.0
    member {
      memberaddr: 192.0.2.1
    }
    member {
      memberaddr: 192.0.2.2
    }
  }
  interface {
    ringnumber: 1
    bindnetaddr: 192.0.3.0
  }
  transport: udpu
}
quorum {
  provider: corosync_votequorum
  two_node: 1
}
`, []string{"warning: does not read rrp_mode any more", "fault: this file is for Corosync 2",
		"warning: the interface section in line 5 is also for link 0", "warning: does not read ringnumber any more"}, `nodelist {
  node {
    name: NAME1
    nodeid: 1
    ring0_addr: 192.0.2.1
    # its address in the network of 192.0.3.0
    ring1_addr: ADDRESS1
  }
  node {
    name: NAME2
    nodeid: 2
    ring0_addr: 192.0.2.2
    # its address in the network of 192.0.3.0
    ring1_addr: ADDRESS2
  }
}
`},
	{"Corosync 1", `compatibility: whitetank
totem {
	version: 2
	config_version: 1
	interface {
		bindnetaddr: 192.0.2.0/24 # the LAN
		mcastaddr: 226.94.1.1
	}
}
service {
	name: pacemaker
	ver: 0
}
`, []string{"fault: this file is for Corosync 1", "warning: bindnetaddr is \"192.0.2.0/24 # the LAN\": Corosync has no comments",
		"warning: does not read a section service any more"}, "ADDRESS2"},
	// Faults that have nothing to do with each other do not hide each other.
	{"several at once", `totem {
	version: 2
	config_version: 1
	link_mode: all
	interface {
		bindnetaddr: <NETWORK>/24
	}
	interface {
		linknumber: 1
		bindnetaddr: 192.0.3.
	}
}
logging {
	debug: maybe
	timestamp: never
}
`, []string{"fault: totem.link_mode", "fault: this file is for Corosync 2", "warning: bindnetaddr is \"<NETWORK>/24\": it is a placeholder", "warning: bindnetaddr is \"192.0.3.\": it looks like an IPv4 address",
		"fault: logging.debug", "fault: logging.timestamp"}, "# its address in the network of <NETWORK>"},
	{"udpu with addresses and no node IDs", "totem {\nversion: 2\nconfig_version: 1\ntransport: udpu\n}\n" + nodes("ring0_addr: 192.0.2.1", "ring0_addr: 192.0.2.2") +
		"quorum {\nprovider: corosync_votequorum\ntwo_node: 1\n}\n", []string{"warning: the node has no nodeid", "warning: the node has no nodeid"}, ""},
	{"udpu with names and no node IDs", "totem {\nversion: 2\nconfig_version: 1\ntransport: udpu\n}\n" + nodes("ring0_addr: a", "ring0_addr: b") +
		"quorum {\nprovider: corosync_votequorum\ntwo_node: 1\n}\n", []string{"warning: the node has no nodeid", "warning: the node has no nodeid"}, ""},
	{"udpu and the same address twice", "totem {\nversion: 2\nconfig_version: 1\ntransport: udpu\n}\n" + nodes("ring0_addr: 192.0.2.1", "ring0_addr: 192.0.2.1") +
		"quorum {\nprovider: corosync_votequorum\ntwo_node: 1\n}\n", []string{"fault: nodelist.node.1.nodeid: node ID 3221225985 is used twice", "warning: the node has no nodeid",
		"warning: the node has no nodeid", "warning: the node in line 8 also has 192.0.2.1"}, ""},
	{"udpu and secauth alone", "totem {\nversion: 2\nconfig_version: 1\ntransport: udpu\nsecauth: on\n}\n" + nodes("ring0_addr: 192.0.2.1, nodeid: 1") +
		"quorum {\nprovider: corosync_votequorum\n}\n", []string{"fault: totem.transport: udpu can't encrypt: secauth: on is for knet"}, ""},
	{"secauth and no hash", strings.Replace(cluster(3, ""), "secauth: on", "secauth: on\ncrypto_hash: none", 1),
		[]string{"fault: totem.crypto_hash: none does not go with totem.secauth: on"}, ""},
}

func TestOldFiles(t *testing.T) {
	for _, c := range old {
		t.Run(c.name, func(t *testing.T) {
			found := slices.DeleteFunc(mustParse(t, c.text).Lint(), func(p Problem) bool { return p.Level == Note })
			ok := len(found) == len(c.want)
			for i := range min(len(found), len(c.want)) {
				level, text, _ := strings.Cut(c.want[i], ": ")
				ok = ok && found[i].Level.String() == level && strings.Contains(found[i].Text, text)
			}
			if !ok {
				t.Errorf("got %q\nwant %q", found, c.want)
			}
			i := slices.IndexFunc(found, func(p Problem) bool { return p.Draft != "" })
			if (i < 0) != (c.draft == "") || i >= 0 && !strings.Contains(found[i].Draft, c.draft) {
				t.Errorf("draft: %q", found)
			}
			checkForm(t, c.text, found)
		})
	}
}

// TestDraft: the draft, filled in and put into the file, makes it one of today.
func TestDraft(t *testing.T) {
	for _, c := range old[:2] {
		f := mustParse(t, c.text)
		draft := f.Lint()[slices.IndexFunc(f.Lint(), func(p Problem) bool { return p.Draft != "" })].Draft
		draft = strings.NewReplacer("ADDRESS", "192.0.9.", "NAME", "n").Replace(draft)
		quorum := c.text[strings.Index(c.text, "quorum {"):]
		g := mustParse(t, "totem {\nversion: 2\nconfig_version: 1\nsecauth: on\n}\n"+draft+quorum)
		if found := g.Lint(); len(found) > 0 {
			t.Errorf("%s: %q\n%s", c.name, found, g.Bytes())
		}
	}
}

// TestHarmless: what makes no difference is a note.
func TestHarmless(t *testing.T) {
	text := "compatibility: whitetank\namf {\nmode: disabled\n}\n" + strings.Replace(cluster(3, ""), "secauth: on",
		"secauth: on\ncluster_uuid: 83ee97171a5b483ea717f0746289de43\nrrp_mode: none\nvsftype: none\nthreads: 2\ninterface {\nringnumber: 0\n}", 1)
	found := mustParse(t, text).Lint()
	if len(found) != 6 || slices.ContainsFunc(found, func(p Problem) bool { return p.Level != Note || !strings.Contains(p.Text, "any more (since version") }) {
		t.Errorf("got %q", found)
	}
}

// TestNext says what the next version of Corosync drops.
func TestNext(t *testing.T) {
	const knetText = "the cluster's traffic is not encrypted"
	for _, c := range []struct{ lines, want string }{
		{"secauth: on", ""},
		{"crypto_cipher: aes256\ncrypto_hash: sha256", ""},
		{"", knetText},
		{"secauth: off", knetText},
		{"secauth: yes", knetText},
		{"crypto_cipher: none\ncrypto_hash: sha256", knetText},
		{"secauth: on\ncrypto_cipher: none", knetText},
		{"transport: udpu", "is built without udpu"},
		{"transport: udp", "is built without udp,"},
		{"secauth: on\ninterface {\nknet_transport: sctp\n}", "drop sctp"},
	} {
		found := slices.DeleteFunc(mustParse(t, strings.Replace(cluster(3, ""), "secauth: on", c.lines, 1)).Lint(), func(p Problem) bool { return p.Level != Note })
		if c.want == "" && len(found) > 0 || c.want != "" && (len(found) != 1 || !strings.Contains(found[0].Text, c.want)) {
			t.Errorf("%s: got %q, want %q", c.lines, found, c.want)
		}
	}
}

// TestDraftLoopback: the bindnetaddr that Ubuntu's package once had names no network.
func TestDraftLoopback(t *testing.T) {
	f := mustParse(t, "totem {\nversion: 2\ninterface {\nbindnetaddr: 127.0.0.1\n}\n}\n")
	i := slices.IndexFunc(f.Lint(), func(p Problem) bool { return p.Draft != "" })
	if i < 0 || strings.Contains(f.Lint()[i].Draft, "127.0.0.1") {
		t.Errorf("got %q", f.Lint())
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"errors"
	"strings"
	"testing"
)

const small = `# the cluster
totem {
  version: 2
  # keep this low
  token: 1000
}

quorum {
  provider: corosync_votequorum
}
`

func TestSet(t *testing.T) {
	for _, c := range []struct {
		name, text, key, value, want string
	}{
		{"replace", small, "totem.token", "2000", strings.Replace(small, "1000", "2000", 1)},
		{"the same", small, "totem.token", "1000", small},
		{"replace between blanks", "quorum {\n\tprovider  :\tx \t\n}\n", "quorum.provider", "y", "quorum {\n\tprovider  :\ty \t\n}\n"},
		{"replace nothing", "totem {\n\tcluster_name:\n}\n", "totem.cluster_name", "x", "totem {\n\tcluster_name: x\n}\n"},
		{"by nothing", "totem {\n\tcluster_name: x\n}\n", "totem.cluster_name", "", "totem {\n\tcluster_name: \n}\n"},
		{"replace the one that counts", "totem {\ntoken: 1000\ntoken: 2000\n}\n", "totem.token", "3000", "totem {\ntoken: 1000\ntoken: 3000\n}\n"},
		{"mend", "totem {\ntoken: x\n}\n", "totem.token", "3000", "totem {\ntoken: 3000\n}\n"},
		{"insert", small, "totem.join", "60", strings.Replace(small, "1000\n", "1000\n  join: 60\n", 1)},
		{"insert before subsections", "quorum {\n\tprovider: x\n\tdevice {\n\t}\n}\n", "quorum.two_node", "1",
			"quorum {\n\tprovider: x\n\ttwo_node: 1\n\tdevice {\n\t}\n}\n"},
		{"insert into an empty section", "quorum {\n}\n", "quorum.provider", "x", "quorum {\n\tprovider: x\n}\n"},
		{"aligned", "totem {\n    version:      2\n    cluster_name: x\n}\n", "totem.token", "1000",
			"totem {\n    version:      2\n    cluster_name: x\n    token:        1000\n}\n"},
		{"not aligned", "totem {\n  version: 2\n  cluster_name: x\n  join:   60\n}\n", "totem.token", "1000",
			"totem {\n  version: 2\n  cluster_name: x\n  join:   60\n  token:   1000\n}\n"},
		{"alone", "totem {\n  token: 1000\n}\n", "totem.config_version", "1", "totem {\n  token: 1000\n  config_version: 1\n}\n"},
		{"tabs between", "totem {\n\tversion:\t2\n}\n", "totem.token", "1000", "totem {\n\tversion:\t2\n\ttoken:\t1000\n}\n"},
		{"no blanks", "totem {\nversion:2\n}\n", "totem.token", "1000", "totem {\nversion:2\ntoken:1000\n}\n"},
		{"carriage returns", "totem {\r\n\tversion: 2\r\n}\r\n", "totem.token", "1000", "totem {\r\n\tversion: 2\r\n\ttoken: 1000\r\n}\r\n"},
		{"new sections", small, "quorum.device.net.host", "192.0.2.5",
			strings.TrimSuffix(small, "}\n") + "  device {\n    net {\n      host: 192.0.2.5\n    }\n  }\n}\n"},
		{"new section at the top", small, "logging.debug", "on", small + "\nlogging {\n  debug: on\n}\n"},
		{"new section, no newline before", "totem {\n\tversion: 2\n}", "quorum.provider", "x",
			"totem {\n\tversion: 2\n}\nquorum {\n\tprovider: x\n}\n"},
		{"empty file", "", "totem.version", "2", "totem {\n\tversion: 2\n}\n"},
		{"link", small, "totem.interface.1.mcastport", "5410",
			strings.Replace(small, "1000\n", "1000\n  interface {\n    linknumber: 1\n    mcastport: 5410\n  }\n", 1)},
		{"link that is there", "totem {\n\tinterface {\n\t\tttl: 1\n\t}\n}\n", "totem.interface.0.mcastport", "5410",
			"totem {\n\tinterface {\n\t\tttl: 1\n\t\tmcastport: 5410\n\t}\n}\n"},
		{"subsystem", "logging {\n\tdebug: off\n}\n", "logging.logger_subsys.QDEVICE.debug", "on",
			"logging {\n\tdebug: off\n\tlogger_subsys {\n\t\tsubsys: QDEVICE\n\t\tdebug: on\n\t}\n}\n"},
		{"node", nodes("name: a", "name: b"), "nodelist.node.1.quorum_votes", "2", nodes("name: a", "name: b, quorum_votes: 2")},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := mustParse(t, c.text)
			if err := f.Set(c.key, c.value); err != nil {
				t.Fatal(err)
			}
			if got := string(f.Bytes()); got != c.want {
				t.Errorf("got\n%q\nwant\n%q", got, c.want)
			}
			if got, ok := f.Get(c.key); !ok || got != c.value {
				t.Errorf("Get: %q, %v", got, ok)
			}
		})
	}
}

// TestSetRefuses wants an error and an unchanged file.
func TestSetRefuses(t *testing.T) {
	for _, c := range []struct{ name, key, value, want string }{
		{"newline", "quorum.provider", "a\nb: c", "can't be written"},
		{"brace", "quorum.provider", "a{", "can't be written"},
		{"blank before", "quorum.provider", " a", "can't be written"},
		{"blank behind", "quorum.provider", "a ", "can't be written"},
		{"carriage return", "quorum.provider", "a\r", "can't be written"},
		{"zero byte", "quorum.provider", "a\x00", "zero byte"},
		{"long", "quorum.provider", strings.Repeat("a", 500), "longer"},
		{"no number", "totem.token", "1s", "totem.token"},
		{"no number, new", "totem.join", "1s", "totem.join"},
		{"unknown word", "totem.crypto_hash", "crc", "not one of"},
		{"no section", "provider", "x", "in a section"},
		{"no key", "quorum.", "x", "by this name"},
		{"empty section", "quorum..x", "x", ""},
		{"key with a blank", "quorum.a b", "x", "name in cmap"},
		{"key with a brace", "quorum.}", "x", ""},
		{"comment", "#a.b", "x", ""},
		{"no such node", "nodelist.node.0.name", "x", "no such node"},
		{"no link", "totem.interface.x.mcastport", "1", "linknumber"},
		{"link, number only", "totem.interface.mcastport", "1", ""},
		{"subsystem, name only", "logging.logger_subsys.X", "1", ""},
		{"linknumber", "totem.interface.1.linknumber", "1", ""},
		{"user", "uidgid.config.uid.0", "1", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := mustParse(t, small)
			err := f.Set(c.key, c.value)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q\n%s", err, c.want, f.Bytes())
			}
			if string(f.Bytes()) != small {
				t.Errorf("the file changed:\n%s", f.Bytes())
			}
		})
	}
}

func TestSetKeepsOldFaults(t *testing.T) {
	f := mustParse(t, "totem {\ntoken: x\n}\n")
	if err := f.Set("totem.join", "60"); err != nil {
		t.Errorf("an older fault hinders: %v", err)
	}
}

func TestDelete(t *testing.T) {
	const two = "a {\n\tx: 1\n\tx: 2\n}\n\nb {\n\tc {\n\t\td: e\n\t}\n}\n\nz {\n}\n"
	for _, c := range []struct{ name, text, key, want string }{
		{"value", small, "totem.token", strings.Replace(small, "  token: 1000\n", "", 1)},
		{"all of them", two, "a.x", strings.Replace(two, "\tx: 1\n\tx: 2\n", "", 1)},
		{"section", two, "b", strings.Replace(two, "b {\n\tc {\n\t\td: e\n\t}\n}\n\n", "", 1)},
		{"subsection", two, "b.c", strings.Replace(two, "\tc {\n\t\td: e\n\t}\n", "", 1)},
		{"first section", two, "a", two[strings.Index(two, "b {"):]},
		{"last section", two, "z", strings.TrimSuffix(two, "\nz {\n}\n")},
		{"section twice", "a {\n}\nb {\n}\na {\n}\n", "a", "b {\n}\n"},
		{"link", "totem {\ninterface {\nlinknumber: 1\nttl: 1\n}\n}\n", "totem.interface.1", "totem {\n}\n"},
		{"node", nodes("name: a", "name: b"), "nodelist.node.0", nodes("name: b")},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := mustParse(t, c.text)
			if err := f.Delete(c.key); err != nil {
				t.Fatal(err)
			}
			if got := string(f.Bytes()); got != c.want {
				t.Errorf("got\n%q\nwant\n%q", got, c.want)
			}
			if err := f.Delete(c.key); !errors.Is(err, ErrMissing) && c.name != "node" {
				t.Errorf("again: %v", err)
			}
		})
	}
}

// TestSetAndDelete wants a file as it was after a section was made and deleted.
func TestSetAndDelete(t *testing.T) {
	f := mustParse(t, small)
	if err := f.Set("logging.debug", "on"); err != nil {
		t.Fatal(err)
	}
	if err := f.Delete("logging"); err != nil {
		t.Fatal(err)
	}
	if got := string(f.Bytes()); got != small {
		t.Errorf("got\n%s", got)
	}
}

func TestRaiseVersion(t *testing.T) {
	for _, c := range []struct {
		text string
		want uint64
		fail bool
	}{
		{"totem {\nconfig_version: 4\n}\n", 5, false},
		{"totem {\nconfig_version: 0\n}\n", 1, false},
		{"totem {\n}\n", 1, false},
		{"", 1, false},
		{"totem {\nconfig_version: 18446744073709551615\n}\n", 0, true},
		{"totem {\nconfig_version: x\n}\n", 0, true},
	} {
		f := mustParse(t, c.text)
		got, err := f.RaiseVersion()
		if got != c.want || (err != nil) != c.fail {
			t.Errorf("%q: %d, %v", c.text, got, err)
		}
		if k := f.keys[versionKey]; !c.fail && k.number() != c.want {
			t.Errorf("%q: then %v", c.text, k)
		}
	}
}

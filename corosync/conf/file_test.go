// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

func mustParse(t testing.TB, text string) *File {
	t.Helper()
	f, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestRoundTrip(t *testing.T) {
	texts := map[string][]byte{
		"empty": nil, "no end": []byte("a {\n}"), "returns": []byte("a {\r\n}\r\n"), "zero": []byte("\x00\nabc: \x00{"),
	}
	for name, text := range seed(t) {
		texts[name] = text
	}
	for name, text := range texts {
		f := mustParse(t, string(text))
		if !bytes.Equal(f.Bytes(), text) {
			t.Errorf("%s: %q became %q", name, text, f.Bytes())
		}
	}
}

func TestBytesAreCopies(t *testing.T) {
	text := []byte("quorum {\n}\n")
	f := mustParse(t, string(text))
	f.Bytes()[0] = 'X'
	text[1] = 'X'
	if got := string(f.Bytes()); got != "quorum {\n}\n" {
		t.Errorf("%q", got)
	}
}

func TestMaxSize(t *testing.T) {
	line := "# " + strings.Repeat("x", 61) + "\n"
	full := strings.Repeat(line, MaxSize/len(line))
	if _, err := Parse([]byte(full)); err != nil {
		t.Errorf("%d bytes: %v", len(full), err)
	}
	if _, err := Parse([]byte(full + "#")); err == nil {
		t.Error("one byte more was taken")
	}
	f := mustParse(t, full)
	if err := f.Set("quorum.provider", "x"); err == nil {
		t.Error("the file grew beyond MaxSize")
	}
	if string(f.Bytes()) != full {
		t.Error("the failed Set changed the file")
	}
}

// TestKeys compares with what the real program's cmap held: see testdata/README.
func TestKeys(t *testing.T) {
	data, err := os.ReadFile("testdata/keys.cmap")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(data)) {
		if !ofDaemon(line) {
			want = append(want, strings.TrimSuffix(line, "\n"))
		}
	}
	text, err := os.ReadFile("testdata/keys.conf")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range mustParse(t, string(text)).Keys() {
		line := k.Name + " (" + string(k.Type) + ") = " + k.Value
		if !ofDaemon(line) {
			got = append(got, line)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// ofDaemon tells whether the daemon made or changed the key.
func ofDaemon(line string) bool {
	for _, p := range []string{
		"nodelist.local_node_pos ", "totem.interface.0.bindnetaddr ", "uidgid.config.", "resources.system.load_15min.",
		"resources.system.memory_used.poll_period ", "resources.system.memory_used.current ",
		"resources.system.memory_used.last_updated ", "resources.system.memory_used.state ",
	} {
		if strings.HasPrefix(line, p) {
			return true
		}
	}
	return false
}

func TestKeysLeaveOutWhatIsRefused(t *testing.T) {
	f := mustParse(t, "totem {\ntoken: x\ncrypto_hash: x\nversion: 2\na b: c\n}\n")
	keys := f.Keys()
	if len(keys) != 1 || keys[0] != (Key{"totem.version", Uint32, "2", 4}) {
		t.Errorf("%v", keys)
	}
}

func TestGet(t *testing.T) {
	f := mustParse(t, `
quorum {
	provider: first
	provider: second
}
totem {
	token: 1000
	token: nonsense
	interface {
		linknumber: 2
		mcastport: 5410
	}
}
logging {
	logger_subsys {
		subsys: QDEVICE
		debug: on
		debug: off
	}
}
`+nodes("name: a, nodeid: 1", "name: b"))
	for name, want := range map[string]string{
		"quorum.provider":                     "second",
		"totem.token":                         "1000", // the other one is refused
		"totem.interface.2.mcastport":         "5410",
		"logging.logger_subsys.QDEVICE.debug": "on",
		"nodelist.node.1.name":                "b",
		"nodelist.node.0.nodeid":              "1",
	} {
		if got, ok := f.Get(name); !ok || got != want {
			t.Errorf("%s: %q, %v, want %q", name, got, ok, want)
		}
	}
	for _, name := range []string{"", "quorum", "quorum.none", "nodelist.node.2.name", "totem.interface.0.mcastport"} {
		if got, ok := f.Get(name); ok {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestNodes(t *testing.T) {
	f := mustParse(t, nodes(
		"ring0_addr: 192.0.2.1, name: a, nodeid: 1",
		"nodeid: 2, quorum_votes: 0, ring2_addr: 192.0.3.2, ring0_addr: 192.0.2.2",
		"name: c, quorum_votes: 3, nodeid: x"))
	want := []Node{
		{0, 1, "a", []string{"192.0.2.1"}, 1, 3},
		{1, 2, "", []string{"192.0.2.2", "", "192.0.3.2"}, 0, 8},
		{2, 0, "c", nil, 3, 14},
	}
	if got := f.Nodes(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	if got := mustParse(t, "").Nodes(); len(got) != 0 {
		t.Errorf("nodes of an empty file: %v", got)
	}
}

func TestAddNode(t *testing.T) {
	third := Node{ID: 3, Name: "c", Addrs: []string{"192.0.2.3"}}
	for _, c := range []struct {
		name, text string
		node       Node
		want       string
	}{
		{
			"as pvecm writes", "nodelist {\n  node {\n    name: a\n    nodeid: 1\n    quorum_votes: 1\n    ring0_addr: 192.0.2.1\n  }\n\n}\n\nz {\n}\n",
			third,
			"nodelist {\n  node {\n    name: a\n    nodeid: 1\n    quorum_votes: 1\n    ring0_addr: 192.0.2.1\n  }\n" +
				"  node {\n    name: c\n    nodeid: 3\n    quorum_votes: 1\n    ring0_addr: 192.0.2.3\n  }\n\n}\n\nz {\n}\n",
		},
		{
			"as pcs writes", "nodelist {\n    node {\n        ring0_addr: a\n        name: a\n        nodeid: 1\n    }\n}\n",
			Node{ID: 3, Name: "c", Addrs: []string{"c", "c2"}, Votes: 2},
			"nodelist {\n    node {\n        ring0_addr: a\n        name: a\n        nodeid: 1\n    }\n" +
				"    node {\n        ring0_addr: c\n        name: c\n        nodeid: 3\n        ring1_addr: c2\n        quorum_votes: 2\n    }\n}\n",
		},
		{"empty nodelist", "nodelist {\n}\n", third, nodelistOf3},
		{"no nodelist", "", third, nodelistOf3},
		{"no newline", "a {\n}", third, "a {\n}\n" + nodelistOf3},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := mustParse(t, c.text)
			if err := f.AddNode(c.node); err != nil {
				t.Fatal(err)
			}
			if got := string(f.Bytes()); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if err := f.RemoveNode(c.node.ID); err != nil {
				t.Fatal(err)
			}
			if got := string(f.Bytes()); strings.Contains(c.text, "node {") && got != c.text {
				t.Errorf("removed, got\n%s", got)
			}
		})
	}
}

const nodelistOf3 = "nodelist {\n\tnode {\n\t\tring0_addr: 192.0.2.3\n\t\tname: c\n\t\tnodeid: 3\n\t}\n}\n"

func TestAddNodeRefuses(t *testing.T) {
	text := nodes("name: a, nodeid: 1, ring0_addr: 192.0.2.1")
	addr := []string{"192.0.2.2"}
	for _, c := range []struct {
		name string
		node Node
		want string
	}{
		{"no ID", Node{Addrs: addr}, "must have an ID"},
		{"ID twice", Node{ID: 1, Addrs: addr}, "already exists, in line 3"},
		{"name twice", Node{ID: 2, Name: "a", Addrs: addr}, "has the name"},
		{"address twice", Node{ID: 2, Addrs: []string{"192.0.2.2", "192.0.2.1"}}, "has the address"},
		{"not an address", Node{ID: 2}, "addresses"},
		{"no first address", Node{ID: 2, Addrs: []string{"", "192.0.2.2"}}, "addresses"},
		{"nine links", Node{ID: 2, Addrs: strings.Fields("a b c d e f g h i")}, "addresses"},
		{"newline in the name", Node{ID: 2, Name: "b\nx: y", Addrs: addr}, "can't be written"},
		{"brace in the name", Node{ID: 2, Name: "b {", Addrs: addr}, ""},
		{"blank in the address", Node{ID: 2, Name: "b", Addrs: []string{" b"}}, "can't be written"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := mustParse(t, text)
			if err := f.AddNode(c.node); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q\n%s", err, c.want, f.Bytes())
			}
			if string(f.Bytes()) != text {
				t.Errorf("the file changed:\n%s", f.Bytes())
			}
		})
	}
}

func TestRemoveNode(t *testing.T) {
	f := mustParse(t, "# all\n"+nodes("name: a, nodeid: 1", "# b\nname: b, nodeid: 2", "name: c, nodeid: 3"))
	if err := f.RemoveNode(2); err != nil {
		t.Fatal(err)
	}
	if got, want := string(f.Bytes()), "# all\n"+nodes("name: a, nodeid: 1", "name: c, nodeid: 3"); got != want {
		t.Errorf("got\n%s", got)
	}
	if err := f.RemoveNode(2); !errors.Is(err, ErrMissing) {
		t.Errorf("again: %v", err)
	}
	if err := f.RemoveNode(0); !errors.Is(err, ErrMissing) {
		t.Errorf("node 0: %v", err)
	}
	f = mustParse(t, nodes("nodeid: 1", "nodeid: 1"))
	if err := f.RemoveNode(1); err == nil || errors.Is(err, ErrMissing) {
		t.Errorf("one of two with the ID: %v", err)
	}
}

// TestSeveralNodelists wants nodes that Corosync mixes to be left alone: the
// first of a second list has the number of the first of all.
func TestSeveralNodelists(t *testing.T) {
	text := nodes("nodeid: 1, name: a", "nodeid: 2, name: b") + nodes("quorum_votes: 3")
	f := mustParse(t, text)
	if err := f.AddNode(Node{ID: 3, Addrs: []string{"192.0.2.3"}}); err == nil {
		t.Errorf("added:\n%s", f.Bytes())
	}
	if err := f.RemoveNode(1); err == nil {
		t.Errorf("removed:\n%s", f.Bytes())
	}
	if string(f.Bytes()) != text {
		t.Errorf("the file changed:\n%s", f.Bytes())
	}
}

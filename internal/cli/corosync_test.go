// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cfg"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/status"
)

// cluster is a fake Corosync on the first of two nodes.
type cluster struct {
	*corotest.Server
	keys   *corotest.Cmap
	votes  *corotest.Votequorum
	quorum *corotest.Quorum
	cfg    *corotest.Cfg
	dir    string
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{
		Server: corotest.New(t, corotest.Config{}), keys: corotest.NewCmap(), votes: corotest.NewVotequorum(1, 2),
		quorum: corotest.NewQuorum(1, 2), cfg: corotest.NewCfg(1, netip.MustParseAddr("192.0.2.1")),
	}
	c.dir = c.Options().Dir
	for key, value := range map[string]string{
		"totem.cluster_name": "pve", "nodelist.node.0.name": "pve1", "nodelist.node.1.name": "pve2",
		"nodelist.node.0.ring0_addr": "192.0.2.1", "nodelist.node.1.ring0_addr": "192.0.2.2", "nodelist.node.1.ring1_addr": "198.51.100.2",
		"runtime.members.1.status": "joined", "runtime.members.2.status": "joined", "test.odd": "a\x1b[31m",
	} {
		c.keys.Set(key, cmap.StringValue(value))
	}
	c.keys.Set("totem.config_version", cmap.Uint64Value(4))
	for i, id := range []uint32{1, 2} {
		c.keys.Set("nodelist.node."+string(rune('0'+i))+".nodeid", cmap.Uint32Value(id))
	}
	c.cfg.Nodes[2] = cfg.NodeStatus{Node: 2, Reachable: true, Links: []cfg.NodeLink{
		{Enabled: true, Connected: true, MTU: 1397, Source: "192.0.2.1", Destination: "192.0.2.2"},
		{Number: 1, Enabled: true, Source: "198.51.100.1", Destination: "198.51.100.2"},
	}}
	for name, svc := range map[string]corotest.Service{"cmap": c.keys, "votequorum": c.votes, "quorum": c.quorum, "cfg": c.cfg} {
		c.Handle(name, svc)
	}
	return c
}

// run runs a subcommand of quorate corosync.
func (c *cluster) run(args ...string) (code int, stdout, stderr string) {
	return call(append([]string{"quorate", "corosync", "--sockets", c.dir}, args...)...)
}

// check compares what a subcommand prints.
func (c *cluster) check(t *testing.T, args string, code int, stdout, stderr string) {
	t.Helper()
	gotCode, gotOut, gotErr := c.run(strings.Fields(args)...)
	if gotCode != code || gotOut != stdout || gotErr != stderr {
		t.Errorf("%s: exit code %d, output\n%serrors\n%s\nwant %d\n%s%s", args, gotCode, gotOut, gotErr, code, stdout, stderr)
	}
}

// TestCorosyncStatus casts the device's vote, and loses a node and the vote.
func TestCorosyncStatus(t *testing.T) {
	c := newCluster(t)
	c.keys.Set("quorum.provider", cmap.StringValue("corosync_votequorum"))
	c.keys.Set("runtime.votequorum.this_node_id", cmap.Uint32Value(1))
	c.check(t, "status", 0, `cluster  pve, configuration version 4
quorate  yes
ring     1.4, 2 members
votes    2 of 3 expected, 2 needed
flags    Quorate
device   none registered

node  name  state   votes  device
1     pve1  member  1      none    this node
2     pve2  member  1      none
`, "")
	v, err := votequorum.Dial(t.Context(), c.Options())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	ring := corosync.RingID{Node: 1, Seq: 4}
	if err := errors.Join(v.Register(t.Context(), "Qdevice"), v.Poll(t.Context(), "Qdevice", true, ring), v.MasterWins(t.Context(), "Qdevice", true)); err != nil {
		t.Fatal(err)
	}
	lost := corosync.RingID{Node: 1, Seq: 8}
	c.Stall(func() {
		c.votes.Ring(lost, 1)
		c.votes.Timeout()
		c.quorum.Set(false, lost, 1)
		c.keys.Set("runtime.members.2.status", cmap.StringValue("left"))
	})
	c.check(t, "status", 2, `cluster  pve, configuration version 4
quorate  no
ring     1.8, 1 member
votes    1 of 3 expected, 2 needed
flags    Qdevice
device   Qdevice, 1 vote, not cast by this node

node  name  state   votes  device
1     pve1  member  1      not polled, no vote, master wins  this node
2     pve2  gone    1      none
`, "")
	c.check(t, "status --json", 2, `{
  "cluster": "pve",
  "config_version": 4,
  "ring": "1.8",
  "quorate": false,
  "quorum_provided": true,
  "members": [
    1
  ],
  "votequorum": {
    "total_votes": 1,
    "expected_votes": 3,
    "highest_expected": 3,
    "quorum": 2,
    "flags": [
      "Qdevice"
    ],
    "device": "Qdevice",
    "device_votes": 1,
    "device_vote_cast": false,
    "nodes": [
      {
        "id": 1,
        "name": "pve1",
        "local": true,
        "state": "member",
        "votes": 1,
        "device_registered": true,
        "device_alive": false,
        "device_vote_cast": false,
        "device_master_wins": true
      },
      {
        "id": 2,
        "name": "pve2",
        "local": false,
        "state": "gone",
        "votes": 1,
        "device_registered": false,
        "device_alive": false,
        "device_vote_cast": false,
        "device_master_wins": false
      }
    ]
  }
}
`, "")
}

func TestCorosyncMembers(t *testing.T) {
	c := newCluster(t)
	c.check(t, "members", 0, `node  name  state   link  address
1     pve1  member  0     192.0.2.1     this node
2     pve2  member  0     192.0.2.2     up, MTU 1397
                    1     198.51.100.2  down
`, "")
	code, out, _ := c.run("members", "--json")
	var list []status.NodeLinks
	if err := json.Unmarshal([]byte(out), &list); err != nil || code != 0 || len(list) != 2 || !list[0].Local || list[0].Links[0].Connected != nil ||
		!*list[1].Links[0].Connected || *list[1].Links[1].Connected {
		t.Errorf("exit code %d, %v: %s", code, err, out)
	}
}

func TestCorosyncGet(t *testing.T) {
	c := newCluster(t)
	c.check(t, "get totem.config_version", 0, "4\n", "")
	c.check(t, "get test.odd", 0, `a\x1b[31m`+"\n", "")
	c.check(t, "get nodelist.node.1.ring*", 0, "nodelist.node.1.ring0_addr = 192.0.2.2\nnodelist.node.1.ring1_addr = 198.51.100.2\n", "")
	c.check(t, "get nothing.*", 0, "", "")
	c.check(t, "get totem.token", 1, "", "quorate: there is no key totem.token. "+advice.ListKeys.String()+"\n")
	c.check(t, "get --json totem.config_version", 0, `{
  "key": "totem.config_version",
  "type": "u64",
  "value": 4
}
`, "")
	c.check(t, "get --json nothing.*", 0, "[]\n", "")
	c.check(t, "get", 1, "", "quorate: usage: quorate corosync get KEY | PREFIX* [flags]\n")
}

// TestCorosyncWatch changes keys under a watch, which is interrupted, and one
// whose Corosync ends.
func TestCorosyncWatch(t *testing.T) {
	c := newCluster(t)
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	code := make(chan int, 1)
	var stderr bytes.Buffer
	watch := func(ctx context.Context, args ...string) {
		code <- Main(ctx, append([]string{"quorate", "corosync", "--sockets", c.dir, "watch"}, args...), w, &stderr)
	}
	go watch(ctx, "test.*")
	// the tracker is there when its first change is told: set until it is
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		b := make([]byte, 4096)
		for {
			n, err := r.Read(b)
			if err != nil {
				return
			}
			lines <- string(b[:n])
		}
	}()
	var n uint32
	for len(lines) == 0 {
		n++
		c.Stall(func() { c.keys.Set("test.n", cmap.Uint32Value(n)) })
	}
	c.Stall(func() { c.keys.Delete("test.n"); c.keys.Set("test.s", cmap.StringValue("x y")) })
	var got string
	for !strings.Contains(got, "test.s") {
		got += <-lines
	}
	tail := strings.Split(strings.TrimSpace(got), "\n")
	for i, want := range []string{"test.n: ", "test.s: (none) -> x y"} {
		if line := tail[len(tail)-2+i]; !strings.Contains(line, want) {
			t.Errorf("%q lacks %q", line, want)
		}
	}
	if line := tail[len(tail)-2]; !strings.HasSuffix(line, " -> (none)") {
		t.Errorf("%q", line)
	}
	cancel()
	if got := <-code; got != 0 || stderr.Len() != 0 {
		t.Errorf("interrupted: exit code %d, %s", got, &stderr)
	}
	go watch(t.Context(), "--json", "other.")
	for len(lines) == 0 {
		n++
		c.Stall(func() { c.keys.Set("other.n", cmap.Uint32Value(n)) })
	}
	var change corosyncChange
	if err := json.NewDecoder(strings.NewReader(<-lines)).Decode(&change); err != nil || change.Key != "other.n" || change.New == nil || change.New.Type != "u32" {
		t.Errorf("%+v, %v", change, err)
	}
	go func() {
		for range lines {
		}
	}()
	c.Kill()
	if got := <-code; got != 1 || !strings.Contains(stderr.String(), "Corosync has ended") {
		t.Errorf("ended: exit code %d, %s", got, &stderr)
	}
	_ = w.Close()
}

func TestCorosyncReload(t *testing.T) {
	c := newCluster(t)
	c.Stall(func() { c.cfg.Reload = func() corosync.Code { return corosync.OK } })
	c.check(t, "reload", 0, "reloaded: configuration version 4\n", "")
	c.check(t, "reload --json", 0, "{\n  \"reloaded\": true,\n  \"config_version\": 4\n}\n", "")
	c.Stall(func() { c.cfg.Reload = func() corosync.Code { return corosync.ErrInvalidParam } })
	for _, args := range [][]string{{"reload"}, {"reload", "--json"}} {
		if code, out, stderr := c.run(args...); code != 1 || out != "" || !strings.HasPrefix(stderr, "quorate: Corosync keeps its old configuration: it refuses this node's corosync.conf") {
			t.Errorf("%q: exit code %d, %q, %q", args, code, out, stderr)
		}
	}
	c.Stall(func() {
		c.cfg.Reload = func() corosync.Code { return corosync.OK }
		c.keys.Delete("totem.config_version")
	})
	c.check(t, "reload", 0, "reloaded\n", "")
	c.check(t, "reload --json", 0, "{\n  \"reloaded\": true\n}\n", "")
}

// TestCorosyncErrors: each says what to do.
func TestCorosyncErrors(t *testing.T) {
	c := newCluster(t)
	for errno, want := range map[syscall.Errno]string{
		syscall.EACCES: advice.LetUserIn.String(), syscall.EAGAIN: advice.TryAgain.String(), 0: "",
	} {
		c.Refuse(errno)
		for _, args := range []string{"status", "members", "get totem.cluster_name", "reload"} {
			if code, _, stderr := c.run(strings.Fields(args)...); !strings.Contains(stderr, want) || (code == 1) != (errno != 0) {
				t.Errorf("%s with %v: exit code %d, %q", args, errno, code, stderr)
			}
		}
	}
	c.Refuse(0)
	c.Stall(func() { c.keys.Set("quorum.provider", cmap.StringValue("corosync_votequorum")) })
	if err := os.Remove(filepath.Join(c.dir, "votequorum")); err != nil {
		t.Fatal(err)
	}
	c.check(t, "status", 1, "", "quorate: Corosync runs here without its service votequorum. "+advice.UseVotequorum.String()+"\n")
	c.Close()
	for _, args := range []string{"status", "members", "get x.y", "watch", "reload"} {
		c.check(t, args, 1, "", "quorate: Corosync does not answer on this machine. "+advice.RunCorosync.String()+"\n")
	}
}

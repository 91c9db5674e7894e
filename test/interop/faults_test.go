// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync/conf"
)

// alone starts Corosync in namespaces of its own, on a host named n1 that has the
// address of the first node, and ends with it as soon as it is ready or has given up.
// Its argument is the file.
const alone = `set -e
hostname n1
ip link set lo up
ip addr add 192.0.2.1/24 dev lo
for d in /run /dev/shm /var/lib/corosync /var/log/corosync; do mount -t tmpfs tmpfs $d; done
touch "$1.out"
set +e
corosync -f -c "$1" >"$1.out" 2>&1 &
corosync=$!
for i in $(seq 1000); do
	if ! kill -0 $corosync 2>/dev/null; then echo refused; exit; fi
	if grep -q 'ready to provide service' "$1.out"; then echo started; exit; fi
	sleep 0.03
done
echo neither`

// atOnce is how many Corosyncs start beside each other.
const atOnce = 12

// A variant is a corosync.conf that may be wrong. In its fields a semicolon ends a line,
// and device(LINES) is a section quorum.device with these lines.
type variant struct {
	nodes  int    // of the nodelist; without nodes there is none
	quorum string // lines of the section quorum, besides the provider if they have none
	each   string // more lines of each node
	first  string // more lines of the first node
	totem  string // more lines of totem
	rest   string // behind the last section
}

var deviceOf = regexp.MustCompile(`device\(([^)]*)\)`)

// text writes the file.
func (v variant) text() string {
	var b strings.Builder
	b.WriteString("totem {\nversion: 2\ncluster_name: x\nconfig_version: 1\n" + v.totem + "\n}\n")
	for i := range v.nodes {
		if i == 0 {
			b.WriteString("nodelist {\n")
		}
		fmt.Fprintf(&b, "node {\nname: n%d\nnodeid: %d\nring0_addr: 192.0.2.%d\n%s\n", i+1, i+1, i+1, v.each)
		if i == 0 {
			b.WriteString(v.first + "\n")
		}
		b.WriteString("}\n")
		if i == v.nodes-1 {
			b.WriteString("}\n")
		}
	}
	b.WriteString("quorum {\n")
	if !strings.Contains(v.quorum, "provider:") {
		b.WriteString("provider: corosync_votequorum\n")
	}
	b.WriteString(v.quorum + "\n}\n" + v.rest + "\nlogging {\nto_stderr: yes\nto_syslog: no\n}\nsystem {\nsched_rr: no\nmove_to_root_cgroup: no\n}\n")
	text := deviceOf.ReplaceAllString(b.String(), "device {;model: net;$1;net {;host: 192.0.2.100;algorithm: lms;};}")
	return strings.ReplaceAll(text, ";", "\n")
}

func (v variant) String() string {
	return strings.Trim(fmt.Sprintf("%d nodes: %s | %s | %s | %s | %s", v.nodes, v.quorum, v.each, v.first, v.totem, v.rest), " |")
}

// byNodes are lines of the section quorum, tried with that many nodes.
var byNodes = []struct {
	nodes []int
	lines []string
}{
	{[]int{1, 2, 3, 4}, []string{
		"", "two_node: 1", "device(votes: 1)", "device()", "two_node: 1;device(votes: 1)", "two_node: 1;device()",
		"auto_tie_breaker: 1", "auto_tie_breaker: 1;device(votes: 1)", "auto_tie_breaker: 1;last_man_standing: 1",
		"wait_for_all: 0;auto_tie_breaker: 1;device()", "wait_for_all: 1;auto_tie_breaker: 1;device(votes: 1)",
		"wait_for_all: 1;auto_tie_breaker: 1;last_man_standing: 1", "auto_tie_breaker: 1;two_node: 1;last_man_standing: 1",
		"last_man_standing: 1;device()", "allow_downscale: 1;device(votes: 1)", "expected_votes_tracking: 1;device(votes: 1)",
	}},
	{[]int{2, 3}, []string{
		"last_man_standing: 1", "allow_downscale: 1", "last_man_standing: 1;wait_for_all: 1;device(votes: 1)", "last_man_standing: 0;device(votes: 1)",
		"last_man_standing: 1;last_man_standing_window: 0", "auto_tie_breaker: 0;auto_tie_breaker_node: lowest;device(votes: 1)",
	}},
	{[]int{2}, []string{
		"provider: corosync_ykd", "provider: ", "provider: corosync_quorum", "provider: votequorum", "provider: Corosync_Votequorum",
		"provider: corosync_votequorum # counts", `provider: "corosync_votequorum"`, "provider: corosync_votequorum;provider: other",
		"provider: other;provider: corosync_votequorum", "provider: corosync_votequorum\t", "provider: corosync_ykd;two_node: 1;device()",
		"provider: corosync_votequorum;};quorum {;provider: other", "two_node: 1;};quorum {;two_node: 0;device(votes: 1)", "two_node: 1;};quorum {;device(votes: 1)",
		"two_node: 1;wait_for_all: 0", "two_node: 2", "two_node: 0;device(votes: 1)", "two_node: 1;device {;votes: 1;}", "two_node: 1;device {;model:;votes: 1;}",
		"device {;model: disk;votes: 1;}", "two_node: 1;device {;model: disk;votes: 1;}", "two_node: 1;qdevice {;model: net;}", "qdevice {;model: net;votes: x;}",
		"two_node: 1;device {;device {;model: net;};}", "two_node: 1;device.model: net", "device(timeout: 0)", "device(sync_timeout: 0)", "device(timeout: x)",
		"device(votes: -1)", "device(votes: 1 # one)", "device(votes:)", "device(master_wins: 1)", "device(master_wins: yes)",
		"two_node: yes", "two_node: on", "two_node: 256", "two_node: 1 # two", `two_node: "1"`, "two_node:", "two_node: 1;wait_for_all: true", "wait_for_all: -0",
		"wait_for_all: +1", "wait_for_all: 01", "wait_for_all: 0x1", "expected_votes: 3;expected_votes: x", "votes: 5", "votes: x", "leaving_timeout: x",
		"last_man_standing_window: 10s", "two_nodes: 1", "auto_tie_braker: yes", "auto_tie_breaker: 1;auto_tie_breaker_node: n1",
	}},
	{[]int{12}, []string{"", "device(votes: 1)", "device()", "auto_tie_breaker: 1;device(votes: 1)"}},
	{[]int{0}, []string{"", "expected_votes: 0", "expected_votes: 2"}},
}

// sums are expected_votes and votes of the device, for two nodes.
var sums = []string{
	"0 -", "0 0", "0 4", "0 4294967295", "1 -", "1 0", "1 1", "2 -", "2 0", "2 1", "2 2", "3 -", "3 1", "3 2", "4 2", "5 3", "5 4", "5 5", "5 6", "6 4",
	"5 2147483647", "5 2147483648", "5 4294967293", "5 4294967294", "5 4294967295", "4294967295 1", "4294967295 -",
}

// tieNodes are values of auto_tie_breaker_node, which tell whether Corosync takes them
// by what else must not stand beside them then.
var tieNodes = []string{
	"lowest", "highest", "1", "1 2", "9", "n1", "none", "", "1,2", "1 x", "x 1", "0", "0 1", "1 0 2", "lowest # all", "LOWEST", `"1"`, "\t2", "-1", "+1", "+-1",
	"4294967296", "4294967297", "1.5", "01",
}

// more are variants of other sections.
var more = []variant{
	{nodes: 2, totem: "expected_votes: x"}, {nodes: 2, totem: "two_node: yes"}, {nodes: 2, rest: "device {;model: net;}"},
	{nodes: 2, quorum: "two_node: 1", rest: "quorum.device.model: net"}, {nodes: 2, rest: "quorum.two_node: 1;quorum.device.model: net"},
	{nodes: 2, quorum: "two_node: 1", rest: "quorum.device {;model: net;}"}, {nodes: 2, first: "nodeid: 2"}, {nodes: 2, first: "nodeid: 0"},
	{nodes: 2, first: "nodeid: 65536"}, {nodes: 2, first: "nodeid: 65535"}, {nodes: 2, first: "nodeid: x"}, {nodes: 2, first: "quorum_votes: x"},
	{nodes: 2, first: "name: n2"}, {nodes: 2, first: "ring0_addr: 192.0.2.2"}, {nodes: 2, each: "ring0_addr: 192.0.2.1"}, {nodes: 2, totem: "transport: udpu"},
	{nodes: 2, quorum: "two_node: 1", totem: "transport: udpu;interface {;ringnumber: 0;bindnetaddr: 192.0.2.0;}"}, {nodes: 2, totem: "transport: udpu;secauth: on"},
	{nodes: 2, totem: "nodeid: 7"}, {nodes: 2, totem: "threads: 3"}, {nodes: 2, totem: "rrp_mode: passive"}, {nodes: 2, first: "nodeid: 65536", totem: "transport: udpu"},
	{nodes: 2, each: "quorum_votes: 0"}, {nodes: 2, each: "quorum_votes: 0", quorum: "two_node: 1"}, {nodes: 2, each: "quorum_votes: 0", quorum: "device()"},
	{nodes: 2, each: "quorum_votes: 2", quorum: "device(votes: 1)"}, {nodes: 2, each: "quorum_votes: 2", quorum: "device()"},
	{nodes: 2, each: "quorum_votes: 2", quorum: "last_man_standing: 1"},
}

// variants lists them all.
func variants() (all []variant) {
	for _, group := range byNodes {
		for _, n := range group.nodes {
			for _, lines := range group.lines {
				all = append(all, variant{nodes: n, quorum: lines})
			}
		}
	}
	for _, s := range sums {
		expected, votes, _ := strings.Cut(s, " ")
		votes = strings.TrimSuffix("votes: "+votes, "votes: -")
		all = append(all, variant{nodes: 2, quorum: "expected_votes: " + expected + ";device(" + votes + ")"})
	}
	for _, node := range tieNodes {
		lines := "auto_tie_breaker: 1;auto_tie_breaker_node: " + node
		all = append(all, variant{nodes: 4, quorum: lines + ";device(votes: 1)"}, variant{nodes: 3, quorum: lines + ";last_man_standing: 1"})
	}
	for _, votes := range []string{"0", "2", "255", "256", "4294967295"} {
		first := "quorum_votes: " + votes
		for _, lines := range []string{"", "device()", "auto_tie_breaker: 1;device(votes: 1)", "auto_tie_breaker: 1;last_man_standing: 1"} {
			all = append(all, variant{nodes: 2, first: first, quorum: lines})
		}
	}
	return append(all, more...)
}

// starts tells what the real Corosync does with a file, and what it said.
func starts(t *testing.T, text string) (outcome, said string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "corosync.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "-m", "-n", "-i", "-u", "-p", "-f", "--kill-child", "--mount-proc", "--propagation", "private", "sh", "-c", alone, "sh", path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	log, err := os.ReadFile(path + ".out")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out)), string(log)
}

// TestFaults starts the real Corosync with each variant. Lint says that Corosync does not
// start where it does not, and nowhere else.
func TestFaults(t *testing.T) {
	if suite.skip != "" {
		suite.mu.Lock()
		suite.skipped = append(suite.skipped, t.Name())
		suite.mu.Unlock()
		t.Skipf("needs %s", suite.skip)
	}
	slots := make(chan struct{}, atOnce)
	var mu sync.Mutex
	count := map[string]int{}
	t.Run("variants", func(t *testing.T) {
		for _, v := range variants() {
			t.Run(v.String(), func(t *testing.T) {
				t.Parallel()
				slots <- struct{}{}
				defer func() { <-slots }()
				text := v.text()
				outcome, said := starts(t, text)
				f, err := conf.Parse([]byte(text))
				if err != nil {
					t.Fatal(err)
				}
				found := f.Lint()
				want := "started"
				if slices.ContainsFunc(found, func(p conf.Problem) bool { return p.Stops == "corosync" }) {
					want = "refused"
				}
				if outcome != want {
					t.Errorf("Corosync has %s, and lint has found: %v\n%s\n%s", outcome, found, text, said)
				}
				mu.Lock()
				defer mu.Unlock()
				count[outcome]++
			})
		}
	})
	if count["started"] < 100 || count["refused"] < 100 {
		t.Errorf("too few of one kind: %v", count)
	}
	t.Logf("%d variants start and %d do not", count["started"], count["refused"])
}

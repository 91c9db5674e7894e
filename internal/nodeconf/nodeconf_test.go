// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package nodeconf

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// usual are the keys of a node that corosync.conf says no more than it must of.
func usual(more ...string) map[string]string {
	k := map[string]string{
		"totem.cluster_name": "prod", "quorum.device.model": "net", "quorum.device.net.host": "192.0.2.5",
		"nodelist.node.0.nodeid": "1", "nodelist.node.1.nodeid": "2", "runtime.votequorum.this_node_id": "1",
	}
	for i := 0; i < len(more); i += 2 {
		if k[more[i]] = more[i+1]; more[i+1] == "-" {
			delete(k, more[i])
		}
	}
	return k
}

// hosts resolves the names of nodes.
func hosts(name string) (netip.Addr, error) {
	switch name {
	case "pve3":
		return netip.MustParseAddr("192.168.10.3"), nil
	case "six":
		return netip.MustParseAddr("2001:db8::6"), nil
	}
	return netip.Addr{}, errors.New("no such host")
}

// TestDefaults holds the defaults of the C daemon.
func TestDefaults(t *testing.T) {
	c, err := Parse(usual(), DefaultSettings(), hosts)
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Machine: qdevice.Config{
			Cluster: "prod", Node: 1, Algorithm: qnet.FFSplit, TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerLowest},
			KeepActivePartition: true, TLS: wire.TLSSupported, Timeout: 10 * time.Second, SyncTimeout: 30 * time.Second,
			Heartbeat: 8 * time.Second, ConnectTimeout: 8 * time.Second, WithdrawTime: 300 * time.Millisecond,
			HeuristicsTimeout: 5 * time.Second, HeuristicsSync: 15 * time.Second, HeuristicsInterval: 30 * time.Second,
			MinReplySize: 32768, MaxReplySize: 16 << 20,
		},
		Hosts: []string{"192.0.2.5"}, Port: 5403, Nodes: qnet.NodeList{{ID: 1}, {ID: 2}},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

// field is what one key becomes.
func field(c *Config, key string) any {
	m := &c.Machine
	switch {
	case strings.Contains(key, "heuristics.exec_"):
		return c.Commands
	case strings.HasPrefix(key, "nodelist."), key == "totem.clear_node_high_bit":
		return c.Nodes
	case strings.HasPrefix(key, "logging."):
		return c.Debug
	}
	switch strings.TrimPrefix(key, "quorum.device.") {
	case "timeout":
		return []time.Duration{m.Timeout, m.Heartbeat, m.ConnectTimeout, m.HeuristicsTimeout, m.HeuristicsInterval}
	case "sync_timeout":
		return []time.Duration{m.SyncTimeout, m.HeuristicsSync}
	case "votes":
		return c.DeviceVotes.V
	case "net.host":
		return c.Hosts
	case "net.port":
		return c.Port
	case "net.tls":
		return m.TLS
	case "net.algorithm":
		return m.Algorithm
	case "net.tie_breaker":
		return m.TieBreaker
	case "net.connect_timeout":
		return m.ConnectTimeout
	case "net.force_ip_version":
		return c.IPVersion
	case "net.keep_active_partition_tie_breaker":
		return m.KeepActivePartition
	case "heuristics.mode":
		return m.Heuristics
	case "heuristics.timeout":
		return m.HeuristicsTimeout
	case "heuristics.sync_timeout":
		return m.HeuristicsSync
	case "heuristics.interval":
		return m.HeuristicsInterval
	case "totem.cluster_name":
		return m.Cluster
	case "totem.config_version":
		return c.Version.V
	case "quorum.wait_for_all":
		return m.WaitForAll
	case "runtime.votequorum.this_node_id":
		return m.Node
	}
	return key + "?"
}

// keyCases are values of keys and what becomes of them; a text in bad is the
// error, which begins with the C daemon's words.
var keyCases = []struct {
	key, value string
	want       any
	bad        string
}{
	{"quorum.device.model", "-", nil, "Can't read quorum.device.model cmap key."},
	{"quorum.device.model", "disk", nil, "Configured device model disk is not supported."},
	{"quorum.device.timeout", "20000", []time.Duration{20e9, 16e9, 16e9, 10e9, 60e9}, ""},
	{"quorum.device.timeout", "1000", []time.Duration{1e9, 1e9, 1e9, 5e8, 3e9}, ""}, // the heartbeat has a least value
	{"quorum.device.timeout", "99", nil, `quorum.device.timeout is "99", must be a number of ms from 100`},
	{"quorum.device.timeout", "soon", nil, `quorum.device.timeout is "soon"`},
	{"quorum.device.sync_timeout", "40000", []time.Duration{40e9, 20e9}, ""},
	{"quorum.device.sync_timeout", "", nil, `quorum.device.sync_timeout is ""`},
	{"quorum.device.votes", "3", uint32(3), ""},
	{"quorum.device.net.host", "-", nil, "Qdevice net daemon address is not defined (quorum.device.net.host)"},
	{"quorum.device.net.host", " , ", nil, "Qdevice net daemon address is not defined"},
	{"quorum.device.net.host", "a, 2001:db8::5 b", []string{"a", "2001:db8::5", "b"}, ""},
	{"quorum.device.net.host", "192.0.2.9,", []string{"192.0.2.9"}, ""},
	{"quorum.device.net.host", "192.0.2", []string{"192.0.0.2"}, ""}, // as C's daemon reads it
	{"quorum.device.net.host", "192.0.2.9   # pi in the rack, formerly 192.0.2.7", nil,
		`quorum.device.net.host is "192.0.2.9   # pi in the rack, formerly 192.0.2.7": Corosync has no comments after a value`},
	{"quorum.device.net.host", "192.0.2.9, arb:5403", nil, `quorum.device.net.host is "192.0.2.9, arb:5403": "arb:5403": the port ":5403" does not belong to it`},
	{"quorum.device.net.host", "https://192.0.2.9", nil, `quorum.device.net.host is "https://192.0.2.9": it is a URL`},
	{"quorum.device.net.host", "[2001:db8::1]", nil, `quorum.device.net.host is "[2001:db8::1]": an address stands without brackets`},
	{"quorum.device.net.host", `"192.0.2.9"`, nil, `quorum.device.net.host is "\"192.0.2.9\"": the quotation marks`},
	{"quorum.device.net.host", "<IP>", nil, `quorum.device.net.host is "<IP>": it is a placeholder`},
	{"quorum.device.net.port", "65535", uint16(65535), ""},
	{"quorum.device.net.port", "65536", nil, "quorum.device.net.port must be in range 1-65535"},
	{"quorum.device.net.port", "0", nil, "quorum.device.net.port must be in range"},
	{"quorum.device.net.port", "5403x", nil, "quorum.device.net.port must be in range"},
	{"quorum.device.net.tls", "No", wire.TLSUnsupported, ""},
	{"quorum.device.net.tls", "YES", wire.TLSSupported, ""},
	{"quorum.device.net.tls", "Required", wire.TLSRequired, ""},
	{"quorum.device.net.tls", "maybe", nil, "quorum.device.net.tls value is not valid."},
	{"quorum.device.net.algorithm", "lms", qnet.LMS, ""},
	{"quorum.device.net.algorithm", "2nodelms", qnet.TwoNodeLMS, ""},
	{"quorum.device.net.algorithm", "LMS", nil, "Unknown decision algorithm LMS"},
	{"quorum.device.net.algorithm", "test", nil, "Test algorithm is not enabled. You can force enable it by passing -S net_test_algorithm_enabled=on to corosync-qdevice command"},
	{"quorum.device.net.tie_breaker", "highest", qnet.TieBreaker{Mode: qnet.TieBreakerHighest}, ""},
	{"quorum.device.net.tie_breaker", "4294967295", qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: 4294967295}, ""},
	{"quorum.device.net.tie_breaker", "0", nil, "tie_breaker must be lowest|highest|valid_node_id"},
	{"quorum.device.net.connect_timeout", "1000", time.Second, ""},
	{"quorum.device.net.connect_timeout", "120001", nil, "connect_timeout must be valid number in range <1000,120000>"},
	{"quorum.device.net.force_ip_version", "6", 6, ""},
	{"quorum.device.net.force_ip_version", "5", nil, "force_ip_version must be one of 0|4|6"},
	{"quorum.device.net.keep_active_partition_tie_breaker", "off", false, ""},
	{"quorum.device.net.keep_active_partition_tie_breaker", "?", nil, "quorum.device.net.keep_active_partition_tie_breaker value is not valid."},
	{"quorum.device.heuristics.timeout", "999", nil, "heuristics.timeout must be valid number in range <1000,120000>"},
	{"quorum.device.heuristics.sync_timeout", "120001", nil, "heuristics.sync_timeout must be valid number in range <1000,120000>"},
	{"quorum.device.heuristics.interval", "3600001", nil, "heuristics.interval must be valid number in range <1000,3600000>"},
	{"quorum.device.heuristics.mode", "often", nil, "quorum.device.heuristics.mode value is not valid."},
	{"totem.cluster_name", "-", nil, "Cluster name (totem.cluster_name) has to be defined."},
	{"totem.config_version", "18446744073709551615", uint64(18446744073709551615), ""},
	{"quorum.wait_for_all", "1", true, ""},
	{"runtime.votequorum.this_node_id", "-", nil, "Unable to retrieve this node nodeid."},
	{"logging.debug", "trace", true, ""},
	{"logging.logger_subsys.QDEVICE.debug", "on", true, ""},
	{"nodelist.node.0.nodeid", "zero", nil, `nodelist.node.0.nodeid is "zero", must be a number from 1`},
	// datacenterid is text in Corosync's map (Q14).
	{"nodelist.node.1.datacenterid", "9", qnet.NodeList{{ID: 1}, {ID: 2, DataCenter: 9}}, ""},
	// Position 10 comes after 2 (Q12), and the list is by ID at all events.
	{"nodelist.node.10.nodeid", "3", qnet.NodeList{{ID: 1}, {ID: 2}, {ID: 3}}, ""},
	{"nodelist.node.2.nodeid", "2", qnet.NodeList{{ID: 1}, {ID: 2}}, ""}, // twice: once
	// Without a node ID it is made of the address, as Corosync does.
	{"nodelist.node.2.ring0_addr", "10.0.0.1", qnet.NodeList{{ID: 1}, {ID: 2}, {ID: 0x0a000001}}, ""},
	{"nodelist.node.2.ring0_addr", "pve3", qnet.NodeList{{ID: 1}, {ID: 2}, {ID: 0xc0a80a03}}, ""},
	{"nodelist.node.2.ring0_addr", "six", nil, "node without nodeid: nodelist.node.2.ring0_addr six: 2001:db8::6 is not an IPv4 address"},
	{"nodelist.node.2.ring0_addr", "nobody", nil, "node without nodeid: nodelist.node.2.ring0_addr nobody: no such host"},
	{"nodelist.node.2.ring1_addr", "10.1.0.1", nil, "Cant find nodeid or ring0_addr for a node. One of them needs to be defined for every node."},
}

// lookup resolves for the tests, addresses included.
func lookup(name string) (netip.Addr, error) {
	if a, err := netip.ParseAddr(name); err == nil {
		return a, nil
	}
	return hosts(name)
}

// TestKeys reads each key with good and bad values: the order of positions is by number
// (Q12), and datacenterid is read though Corosync keeps it as text (Q14), among others.
func TestKeys(t *testing.T) {
	for _, c := range keyCases {
		t.Run(c.key+"="+c.value, func(t *testing.T) {
			got, err := Parse(usual(c.key, c.value), DefaultSettings(), lookup)
			if c.bad != "" {
				if err == nil || !strings.HasPrefix(err.Error(), c.bad) {
					t.Errorf("error %v, want %q", err, c.bad)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if f := field(got, c.key); !reflect.DeepEqual(f, c.want) {
				t.Errorf("got %v, want %v", f, c.want)
			}
		})
	}
}

// TestReloadKeeps: whatever is wrong in a reload keeps what was there, as a whole,
// with a warning that says so (C8).
func TestReloadKeeps(t *testing.T) {
	old, err := Parse(usual(
		"quorum.device.timeout", "12000", "quorum.device.sync_timeout", "31000", "quorum.device.net.port", "5404",
		"quorum.device.net.tls", "off", "quorum.device.net.algorithm", "lms", "quorum.device.net.tie_breaker", "7",
		"quorum.device.net.connect_timeout", "1500", "quorum.device.net.force_ip_version", "4",
		"quorum.device.net.keep_active_partition_tie_breaker", "off", "totem.config_version", "12",
		"quorum.device.heuristics.mode", "sync", "quorum.device.heuristics.exec_a", "/bin/true",
		"quorum.device.heuristics.timeout", "2000", "quorum.device.heuristics.sync_timeout", "3000", "quorum.device.heuristics.interval", "4000",
	), DefaultSettings(), lookup)
	if err != nil {
		t.Fatal(err)
	}
	keys := usual("quorum.device.heuristics.exec_a", "/bin/true")
	for _, c := range keyCases {
		if c.bad != "" && c.value != "" && !strings.HasPrefix(c.key, "nodelist.node.2") {
			if keys[c.key] = c.value; c.value == "-" {
				delete(keys, c.key)
			}
		}
	}
	keys["quorum.device.sync_timeout"] = "0"
	got := Reload(old, keys, DefaultSettings(), lookup)
	if len(got.Warnings) != 18 || slices.ContainsFunc(got.Warnings, func(w string) bool {
		return !strings.HasSuffix(w, ": keeping the value that was in use") && !strings.HasPrefix(w, "totem.cluster_name was removed from corosync.conf")
	}) {
		t.Errorf("%d warnings: %s", len(got.Warnings), strings.Join(got.Warnings, "\n"))
	}
	got.Warnings, old.Warnings = nil, nil
	if !reflect.DeepEqual(got, old) {
		t.Errorf("got  %+v\nwant %+v", got, old)
	}
}

// TestAllAtOnce: everything that is wrong is told at once.
func TestAllAtOnce(t *testing.T) {
	_, err := Parse(nil, DefaultSettings(), lookup)
	if err == nil || strings.Count(err.Error(), "\n") != 4 {
		t.Errorf("got %v", err)
	}
}

// TestManyHosts: several addresses need TLS, because nothing else tells two
// arbiters from two addresses of one.
func TestManyHosts(t *testing.T) {
	c, err := Parse(usual("quorum.device.net.host", "a,b"), DefaultSettings(), lookup)
	if err != nil || c.Machine.TLS != wire.TLSRequired {
		t.Errorf("got %+v, %v", c, err)
	}
	_, err = Parse(usual("quorum.device.net.host", "a,b", "quorum.device.net.tls", "off"), DefaultSettings(), lookup)
	if err == nil || !strings.HasPrefix(err.Error(), "quorum.device.net.host names 2 addresses, which needs quorum.device.net.tls: on") {
		t.Error(err)
	}
	old, _ := Parse(usual("quorum.device.net.tls", "off"), DefaultSettings(), lookup)
	c = Reload(old, usual("quorum.device.net.host", "a,b", "quorum.device.net.tls", "off"), DefaultSettings(), lookup)
	if len(c.Hosts) != 1 || c.Machine.TLS != wire.TLSUnsupported || len(c.Warnings) != 1 {
		t.Errorf("got %+v", c)
	}
	if same := c.SameArbiter(old); !same {
		t.Error("another arbiter")
	}
}

func TestHeuristics(t *testing.T) {
	s := DefaultSettings()
	k := usual("quorum.device.heuristics.mode", "on", "quorum.device.heuristics.exec_b", "/b", "quorum.device.heuristics.exec_a", "/a x",
		"quorum.device.heuristics.exec_", "/no", "quorum.device.heuristics.exec_c.d", "/no", "quorum.device.heuristics.exec_e", " ")
	c, err := Parse(k, s, lookup)
	if err != nil || !slices.Equal(c.Commands, []Command{{"a", "/a x"}, {"b", "/b"}}) || c.Machine.Heuristics != qdevice.HeuristicsOn || len(c.Warnings) != 3 {
		t.Errorf("got %+v, %v", c, err)
	}
	s.HeuristicsMaxExecs = 1
	c, err = Parse(k, s, lookup)
	if err != nil || len(c.Commands) != 0 || c.Machine.Heuristics != qdevice.HeuristicsOff || c.Warnings[3] != "Too much (2) heuristics execs defined (max is 1). Disabling heuristics." {
		t.Errorf("got %+v, %v", c, err)
	}
	c, err = Parse(usual("quorum.device.heuristics.mode", "sync"), s, lookup)
	if err != nil || c.Machine.Heuristics != qdevice.HeuristicsOff || c.Warnings[0] != "No valid heuristics execs defined. Disabling heuristics." {
		t.Errorf("got %+v, %v", c, err)
	}
	c, err = Parse(usual("quorum.device.heuristics.exec_b", "/b"), s, lookup)
	if err != nil || len(c.Commands) != 0 {
		t.Errorf("off by default: %+v, %v", c, err)
	}
}

// TestOddities are small things that C does, too.
func TestOddities(t *testing.T) {
	k := usual("quorum.device.timeout", "200000", "logging.debug", "loud", "nodelist.node.0.datacenterid", "north")
	c, err := Parse(k, DefaultSettings(), lookup)
	if err != nil || !slices.Equal(c.Warnings, []string{
		`nodelist.node.0.datacenterid is "north", must be a number: ignored`,
		"Heartbeat interval too big 160000. Adjusting to 120000.", "logging.debug value is not valid",
	}) {
		t.Errorf("%v, %v", c, err)
	}
	c, _ = Parse(usual("nodelist.node.3.ring0_addr", "192.0.2.9", "totem.clear_node_high_bit", "yes"), DefaultSettings(), lookup)
	if c.Nodes[2].ID != 0x40000209 {
		t.Errorf("%v", c.Nodes)
	}
	if c.OwnVotes() == nil {
		t.Error("ffsplit without votes is taken")
	}
	c, _ = Parse(usual("quorum.device.net.algorithm", "lms"), DefaultSettings(), lookup)
	if c.OwnVotes() != nil {
		t.Error("lms without votes is refused")
	}
	for _, p := range Prefixes() {
		if !slices.ContainsFunc(keyCases, func(c struct {
			key, value string
			want       any
			bad        string
		}) bool {
			return strings.HasPrefix(c.key, p)
		}) {
			t.Errorf("prefix %s is for nothing", p)
		}
	}
	for k := range maps.Keys(usual("totem.config_version", "1", "totem.clear_node_high_bit", "yes")) {
		if !slices.ContainsFunc(Prefixes(), func(p string) bool { return strings.HasPrefix(k, p) }) {
			t.Errorf("key %s is never asked for", k)
		}
	}
}

// TestSaturate: what is too much for a type becomes the most that it can hold, be an
// int of 32 bits or of 64.
func TestSaturate(t *testing.T) {
	for n, want := range map[int64]int64{0: 0, 7: 7, -1: -1, math.MaxInt32: math.MaxInt32, 1 << 40: 1 << 40, math.MaxInt64: math.MaxInt64} {
		if got := Saturate[int64](n); got != want {
			t.Errorf("int64: %d became %d", n, got)
		}
		if got := Saturate[int](n); int64(got) != min(want, math.MaxInt) {
			t.Errorf("int: %d became %d", n, got)
		}
		if got := Saturate[uint32](max(n, 0)); int64(got) != min(max(want, 0), math.MaxUint32) {
			t.Errorf("uint32: %d became %d", n, got)
		}
	}
	s := DefaultSettings()
	if err := s.Set("ipc_max_clients", "9223372036854775807"); err != nil || s.MaxClients != math.MaxInt {
		t.Errorf("%d clients, %v", s.MaxClients, err)
	}
}

// TestSettings holds the names, defaults and ranges of the C daemon's settings.
func TestSettings(t *testing.T) {
	get := func(s Settings, name string) any {
		return map[string]any{
			"lock_file": s.LockFile, "local_socket_file": s.SocketFile, "local_socket_umask": s.SocketUmask, "local_socket_gid": s.SocketGroup,
			"local_socket_backlog": s.Backlog, "max_cs_try_again": s.MaxTryAgain, "votequorum_device_name": s.DeviceName,
			"ipc_max_clients": s.MaxClients, "ipc_max_receive_size": s.MaxReceive, "ipc_max_send_size": s.MaxSend, "master_wins": s.MasterWins,
			"heuristics_min_timeout": s.HeuristicsTimeoutMin, "heuristics_max_timeout": s.HeuristicsTimeoutMax,
			"heuristics_min_interval": s.HeuristicsIntervalMin, "heuristics_max_interval": s.HeuristicsIntervalMax,
			"heuristics_max_execs": s.HeuristicsMaxExecs, "heuristics_use_execvp": s.HeuristicsSearchPath,
			"heuristics_max_processes": s.HeuristicsMaxProcesses, "heuristics_kill_list_interval": s.HeuristicsKillInterval.Milliseconds(),
			"net_nss_db_dir": s.CertDir, "net_min_msg_send_size": s.MinSendSize, "net_max_msg_receive_size": s.MaxReplySize,
			"net_max_send_buffers": s.SendBuffers, "net_nss_qnetd_cn": s.ServerName, "net_nss_client_cert_nickname": s.Nickname,
			"net_heartbeat_interval_min": s.HeartbeatMin, "net_heartbeat_interval_max": s.HeartbeatMax,
			"net_min_connect_timeout": s.ConnectTimeoutMin, "net_max_connect_timeout": s.ConnectTimeoutMax,
			"net_test_algorithm_enabled": s.TestAlgorithm, "withdraw_time": s.WithdrawTime.Milliseconds(),
		}[name]
	}
	long := strings.Repeat("n", 254)
	for _, c := range []struct{ name, def, good, bad string }{
		{"lock_file", "/var/run/corosync-qdevice/corosync-qdevice.pid", "/x", ""},
		{"local_socket_file", "/var/run/corosync-qdevice/corosync-qdevice.sock", "/x", ""},
		{"local_socket_umask", "", "077", "9"},
		{"local_socket_gid", "", "adm", ""},
		{"local_socket_backlog", "10", "1", "0"},
		{"max_cs_try_again", "10", "2147483647", "2147483648"},
		{"votequorum_device_name", "Qdevice", long, long + "n"},
		{"ipc_max_clients", "10", "0", "-1"},
		{"ipc_max_receive_size", "4096", "1024", "1023"},
		{"ipc_max_send_size", "65536", "1024", "1023"},
		{"heuristics_ipc_max_send_buffers", "<nil>", "10", "9"},
		{"heuristics_ipc_max_send_receive_size", "<nil>", "1024", "1023"},
		{"heuristics_min_timeout", "1000", "250", "249"},
		{"heuristics_max_timeout", "120000", "4294967295", "4294967296"},
		{"heuristics_min_interval", "1000", "250", "249"},
		{"heuristics_max_interval", "3600000", "250", "249"},
		{"heuristics_max_execs", "32", "1", "0"},
		{"heuristics_use_execvp", "false", "on", "perhaps"},
		{"heuristics_max_processes", "160", "1", "0"},
		{"heuristics_kill_list_interval", "5000", "250", "249"},
		{"net_nss_db_dir", "/etc/corosync/qdevice/net/nssdb", "/x", ""},
		{"net_initial_msg_receive_size", "<nil>", "16", "15"},
		{"net_initial_msg_send_size", "<nil>", "16", "15"},
		{"net_min_msg_send_size", "32768", "16", "15"},
		{"net_max_msg_receive_size", "16777216", "16", "15"},
		{"net_max_send_buffers", "10", "2", "1"},
		{"net_nss_qnetd_cn", "Qnetd Server", "x", ""},
		{"net_nss_client_cert_nickname", "Cluster Cert", "x", ""},
		{"net_heartbeat_interval_min", "1000", "1", "0"},
		{"net_heartbeat_interval_max", "120000", "1", "0"},
		{"net_min_connect_timeout", "1000", "1", "0"},
		{"net_max_connect_timeout", "120000", "1", "0"},
		{"net_test_algorithm_enabled", "false", "1", "2"},
		{"master_wins", "false", "YES", "never"},
		{"withdraw_time", "300", "0", "-1"},
	} {
		s := DefaultSettings()
		if got := fmt.Sprint(get(s, c.name)); got != c.def {
			t.Errorf("%s: default %s, want %s", c.name, got, c.def)
		}
		if err := s.Set(strings.ToUpper(c.name), c.good); err != nil {
			t.Errorf("%s=%s: %v", c.name, c.good, err)
		}
		if got := fmt.Sprint(get(s, c.name)); c.def != "<nil>" && got == c.def {
			t.Errorf("%s=%s changes nothing", c.name, c.good)
		}
		if c.bad == "" {
			continue
		}
		before := s
		if err := s.Set(c.name, c.bad); !errors.Is(err, ErrBadSetting) || s != before {
			t.Errorf("%s=%s: %v", c.name, c.bad, err)
		}
	}
	s := DefaultSettings()
	if err := s.Set("nothing", "1"); !errors.Is(err, ErrUnknownSetting) {
		t.Error(err)
	}
	if err := s.Set("master_wins", "model"); err != nil || s.MasterWins {
		t.Error(err)
	}
	if err := s.Set("net_max_msg_receive_size", "99999999999"); err != nil || s.MaxReplySize != 1<<32-1 {
		t.Error(s.MaxReplySize, err)
	}
	if s.fields()["net_max_send_buffers"]("5") && s.SendBuffers != 5 {
		t.Error(s.SendBuffers)
	}
}

// FuzzParse: whatever stands in the keys, nothing panics, equal keys give equal
// configurations, and a reload never takes anything away that a start needs.
func FuzzParse(f *testing.F) {
	for _, c := range keyCases {
		f.Add(c.key, c.value, c.key+"x", c.value)
	}
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		keys := usual(k1, v1, k2, v2)
		a, err := Parse(keys, DefaultSettings(), lookup)
		b, _ := Parse(keys, DefaultSettings(), lookup)
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%+v differs from %+v", a, b)
		}
		old, _ := Parse(usual(), DefaultSettings(), lookup)
		r := Reload(old, keys, DefaultSettings(), lookup)
		if len(r.Nodes) == 0 || len(r.Hosts) == 0 || r.Port == 0 || r.Machine.Cluster == "" || r.Machine.Timeout < 100*time.Millisecond || r.Machine.Heartbeat <= 0 {
			t.Errorf("%q=%q, %q=%q: %+v", k1, v1, k2, v2, r)
		}
		if err == nil && len(a.Warnings) == 0 && len(r.Warnings) != 0 {
			t.Errorf("a start takes what a reload does not: %v", r.Warnings)
		}
	})
}

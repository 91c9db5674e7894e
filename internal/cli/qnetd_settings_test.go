// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/arbiter"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/wire"
)

// TestDefaults: the C daemon's values, but TLS is required (SEC-5) and the
// listen backlog is the kernel's.
func TestDefaults(t *testing.T) {
	q, err := parseQNetd("corosync-qnetd", nil, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	c := q.cfg
	if c.Machine.TLS != wire.TLSRequired || !c.Machine.ClientCertRequired || c.Backlog != 0 || c.Network != "tcp" || len(c.Hosts) != 0 || c.Port != 5403 {
		t.Errorf("%+v", c)
	}
	if c.Machine.MaxClients != 0 || c.Machine.HoldTime != qnetd.HoldAuto || c.Machine.ProbeTime != 500*time.Millisecond || c.Machine.HandshakeTime != 15*time.Second {
		t.Errorf("%+v", c.Machine)
	}
	if c.CertDir != "/etc/corosync/qnetd/nssdb" || c.Store.String() != "/etc/corosync/qnetd/grants.db" ||
		c.LockFile != "/var/run/corosync-qnetd/corosync-qnetd.pid" || c.Control.Path != "/var/run/corosync-qnetd/corosync-qnetd.sock" {
		t.Errorf("%+v", c)
	}
}

// TestEverySetting tries each name of -S: what it changes, and what it refuses.
// What a value does is tried where it is used.
func TestEverySetting(t *testing.T) {
	gid := int64(os.Getgid())
	tried := map[string]bool{}
	for _, row := range []struct {
		name, value string
		got         func(c *arbiter.Config) any
		want        any
		bad         string // values that are refused
	}{
		{"listen_backlog", "7", func(c *arbiter.Config) any { return c.Backlog }, 7, "0 x -1 2147483648"},
		{"max_client_send_buffers", "2", func(c *arbiter.Config) any { return c.SendQueue }, 2, "1 x"},
		{"max_client_send_size", "16", func(c *arbiter.Config) any { return c.Machine.MaxReplySize }, uint32(16), "15 x"},
		{"max_client_receive_size", "99999999999", func(c *arbiter.Config) any { return c.Machine.MaxRequestSize }, uint32(1<<32 - 1), "15 x"},
		{"nss_db_dir", "/x/nssdb", func(c *arbiter.Config) any { return c.CertDir + " " + c.Store.String() }, "/x/nssdb /x/grants.db", ""},
		{"cert_nickname", "any", func(*arbiter.Config) any { return nil }, nil, ""},
		{"heartbeat_interval_min", "1", func(c *arbiter.Config) any { return c.Machine.HeartbeatMin }, uint32(1), "0 4294967296"},
		{"heartbeat_interval_max", "4294967295", func(c *arbiter.Config) any { return c.Machine.HeartbeatMax }, uint32(1<<32 - 1), "0 4294967296"},
		{"dpd_enabled", "No", func(c *arbiter.Config) any { return c.Machine.DPD }, false, "maybe 2"},
		{"dpd_interval", "5", func(*arbiter.Config) any { return nil }, nil, ""},
		{"dpd_interval_coefficient", "1000", func(c *arbiter.Config) any { return c.Machine.DPDFactor }, 1000.0, "0.9 1000.1 nan inf x"},
		{"lock_file", "/x/pid", func(c *arbiter.Config) any { return c.LockFile }, "/x/pid", ""},
		{"local_socket_file", "/x/sock", func(c *arbiter.Config) any { return c.Control.Path }, "/x/sock", ""},
		{"local_socket_umask", "017", func(c *arbiter.Config) any {
			return fmt.Sprint(c.Control.Options.SetUmask, c.Control.Options.Umask)
		}, "true 15", "8 1000 x"},
		{"local_socket_gid", fmt.Sprint(gid), func(c *arbiter.Config) any { return c.Control.Options.GID }, gid, "no-such-group -2"},
		{"local_socket_gid", "root", func(c *arbiter.Config) any { return c.Control.Options.GID }, int64(0), ""},
		{"local_socket_backlog", "1", func(c *arbiter.Config) any { return c.Control.Options.Backlog }, 1, "0"},
		{"ipc_max_clients", "0", func(c *arbiter.Config) any { return c.Control.Limits.MaxClients }, 0, "-1"},
		{"ipc_max_clients", "9223372036854775807", func(c *arbiter.Config) any { return c.Control.Limits.MaxClients }, math.MaxInt, ""},
		{"max_client_send_buffers", "4294967297", func(c *arbiter.Config) any { return int64(c.SendQueue) }, min(int64(math.MaxInt), 1<<32+1), ""},
		{"local_socket_gid", "4000000000", func(c *arbiter.Config) any { return c.Control.Options.GID }, int64(4000000000), ""},
		{"ipc_max_receive_size", "1024", func(c *arbiter.Config) any { return c.Control.Limits.MaxReceive }, 1024, "1023"},
		{"ipc_max_send_size", "1024", func(c *arbiter.Config) any { return c.Control.Limits.MaxSend }, 1024, "1023"},
		{"keep_active_partition_tie_breaker", "on", func(c *arbiter.Config) any { return c.Machine.KeepActivePartition }, true, "maybe"},
		{"hold_time", "0", func(c *arbiter.Config) any { return c.Machine.HoldTime }, time.Duration(0), "-1 x"},
		{"hold_time", "auto", func(c *arbiter.Config) any { return c.Machine.HoldTime }, qnetd.HoldAuto, ""},
		{"probe_time", "250", func(c *arbiter.Config) any { return c.Machine.ProbeTime }, 250 * time.Millisecond, "0 x"},
	} {
		tried[row.name] = true
		set := func(value string) (*arbiter.Config, error) {
			q, err := parseQNetd("corosync-qnetd", []string{"-S", strings.ToUpper(row.name) + "=" + value}, &bytes.Buffer{})
			if err != nil {
				return nil, err
			}
			return &q.cfg, nil
		}
		c, err := set(row.value)
		if err != nil {
			t.Errorf("%s=%s: %v", row.name, row.value, err)
			continue
		}
		if got := row.got(c); got != row.want {
			t.Errorf("%s=%s: %v, want %v", row.name, row.value, got, row.want)
		}
		for bad := range strings.FieldsSeq(row.bad) {
			want := fmt.Sprintf("Invalid value '%s' for option '%s'", bad, strings.ToUpper(row.name))
			if _, err := set(bad); err == nil || err.Error() != want {
				t.Errorf("%s=%s: %v", row.name, bad, err)
			}
		}
	}
	man, err := os.ReadFile("../../man/corosync-qnetd.8")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range qnetdSettings() {
		if !tried[s.name] {
			t.Errorf("%s was not tried", s.name)
		}
		if !strings.Contains(strings.ReplaceAll(string(man), `\-`, "-"), s.name) {
			t.Errorf("%s is not in the manual page", s.name)
		}
	}
}

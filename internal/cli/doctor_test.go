// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/doctor"
)

// TestDoctor: lines that stand below each other, JSON of the same, and exit codes. What
// is found is tried in package doctor.
func TestDoctor(t *testing.T) {
	c := newCluster(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "corosync.conf")
	const text = `totem {
 version: 2
 cluster_name: pve
 config_version: 4
 transport: knet
}
quorum {
 provider: corosync_votequorum
}
nodelist {
 node {
  ring0_addr: 192.0.2.1
  nodeid: 1
 }
 node {
  ring0_addr: 192.0.2.2
  nodeid: 2
 }
 node {
  ring0_addr: 192.0.2.3
  nodeid: 3
 }
}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"quorate", "doctor", "--conf", file, "--sockets", c.dir, "--socket", filepath.Join(dir, "none")}
	code, out, errs := call(args...)
	for _, want := range []string{
		"ok    corosync        running, version 4 of the configuration, ring 1.4\n",
		"ok    quorum          quorate: 2 members\n",
		"note  names           no quorum device is configured, so there is no arbiter to check\n                      If it should have one: on Proxmox, run `pvecm qdevice setup ADDRESS`. Elsewhere, add quorum.device to corosync.conf.\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("without %q", want)
		}
	}
	if code != 0 || errs != "" || strings.Contains(out, "\x1b") || t.Failed() {
		t.Errorf("exit code %d, output\n%s%s", code, out, errs)
	}
	_, out, _ = call(append(args, "--json")...)
	var r doctor.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || len(r.Results) < 5 || !r.OK {
		t.Errorf("%v, %s", err, out)
	}
	code, out, errs = call(append(args, "--set", "net_test_algorithm_enabled=perhaps")...)
	if code != 1 || out != "" || errs != "quorate: --set net_test_algorithm_enabled=perhaps: Invalid value 'perhaps' for option 'net_test_algorithm_enabled'\n" {
		t.Errorf("exit code %d, output\n%s%s", code, out, errs)
	}
	device := strings.Replace(text, "corosync_votequorum\n", `corosync_votequorum
 device {
  model: net
  votes: 1
  net {
   algorithm: test
   host: 127.0.0.1
   port: 1
   tls: off
  }
 }
`, 1)
	if err := os.WriteFile(file, []byte(device), 0o600); err != nil {
		t.Fatal(err)
	}
	for set, fault := range map[string]bool{"net_test_algorithm_enabled=on": false, "net_test_algorithm_enabled=off": true} {
		_, out, _ = call(append(args, "--set", set)...)
		if strings.Contains(out, "corosync-qdevice does not start with the algorithm test") != fault {
			t.Errorf("%s:\n%s", set, out)
		}
	}
	if err := os.WriteFile(file, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, _ = call(args...)
	if code != 1 || !strings.HasPrefix(out, "FAIL  corosync.conf   "+file+": line 1: ") {
		t.Errorf("exit code %d, output\n%s", code, out)
	}
}

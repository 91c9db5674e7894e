// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestDepsOnProxmox: where /etc/pve is, nothing is installed for the tests, and they
// say why. A mount namespace with an /etc of its own plays the node; the package tools
// are stand-ins, one of which says that nothing is installed.
func TestDepsOnProxmox(t *testing.T) {
	needHosts(t)
	dir := t.TempDir()
	called := filepath.Join(dir, "called")
	for name, script := range map[string]string{
		"dpkg-query": "#!/bin/sh\nexit 1\n",
		"apt-get":    "#!/bin/sh\ntouch " + called + "\n",
		// They would change this machine's services.
		"deb-systemd-helper": "#!/bin/sh\n",
		"update-rc.d":        "#!/bin/sh\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run := func(etc string) (string, int) {
		cmd := exec.Command("unshare", "-m", "--propagation", "private", "sh", "-c",
			"mount -t tmpfs tmpfs /etc && "+etc+" && exec ../../scripts/deps")
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return string(out), cmd.ProcessState.ExitCode()
	}
	out, code := run("mkdir /etc/pve")
	if code != 1 || !strings.Contains(out, "Proxmox node") || !strings.Contains(out, "corosync-qnetd") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if _, err := os.Stat(called); err == nil {
		t.Error("apt-get was called")
	}
	if out, code := run("true"); code != 0 {
		t.Errorf("without /etc/pve: exit code %d:\n%s", code, out)
	}
	if _, err := os.Stat(called); err != nil {
		t.Error("without /etc/pve apt-get was not called, so the test proves nothing")
	}
}

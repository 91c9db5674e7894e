// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorate/quorate/test/interop/lab"
)

// armBuild is the arbiter's program for a Raspberry Pi 2, built once.
var armBuild = sync.OnceValues(buildARM)

// buildARM builds quorate for an ARMv7 and returns a script that runs it on QEMU's
// processor, under the name by which the script was called.
func buildARM() (string, error) {
	program, script := filepath.Join(suite.dir, "quorate-armv7"), filepath.Join(suite.dir, "armv7")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "../../cmd/quorate")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH=arm", "GOARM=7")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build for ARMv7: %w\n%s", err, out)
	}
	text := fmt.Sprintf("#!/bin/sh\nexec %s -0 \"$(basename \"$0\")\" %s \"$@\"\n", lab.ARMEmulator, program)
	return script, os.WriteFile(script, []byte(text), 0o755)
}

// TestARMv7 cuts two nodes apart whose arbiter runs on 32 bits: over TLS, the
// tie-breaker's side gets the vote, the grant is on the disk, and after a restart and a
// heal both are back. The tools of that machine tell of it, too.
func TestARMv7(t *testing.T) {
	with(t, func(p pair) bool { return p == pair{lab.KindGo, lab.KindC} }, func(t *testing.T, r *trial) {
		script, err := armBuild()
		if err != nil {
			t.Fatal(err)
		}
		l := r.newLab(t, lab.Config{Nodes: 2, Binary: script})
		l.Start()
		if comm := l.Arbiter.MustRun("sh", "-c", "cat /proc/$(cat /run/corosync-qnetd/corosync-qnetd.pid)/cmdline | tr '\\0' ' '"); !strings.Contains(comm, lab.ARMEmulator) {
			t.Fatalf("the arbiter is %q, not on the emulator", comm)
		}
		one, two := l.Nodes[0], l.Nodes[1]
		from := lab.Now()
		lab.Cut(hosts(one), hosts(two))
		took := awaitAlone(t, l, from, 30*time.Second, one, 1)
		awaitNotQuorate(t, two)
		text := l.Arbiter.MustRun("corosync-qnetd-tool", "-l")
		first, second, _ := strings.Cut(text, "Node ID 2:")
		if strings.Contains(first, "NACK") || !strings.Contains(first, "ACK") || !strings.Contains(second, "NACK") {
			t.Errorf("the tool on the arbiter's host says\n%s", text)
		}
		l.Arbiter.Kill("qnetd")
		l.StartArbiter()
		lab.Heal(hosts(one), hosts(two))
		l.AwaitWhole()
		noneTwice(t, r, l, from)
		r.measured("node 1 active alone after %.1f s", took.Seconds())
	})
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnetd"
)

// TestSecurityPage: SECURITY.md states the limits that hold here. Those of the machine are
// held to it in internal/qnetd.
func TestSecurityPage(t *testing.T) {
	b, err := os.ReadFile("../../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	page := strings.Join(strings.Fields(string(b)), " ")
	kib := func(n int) string { return fmt.Sprintf("%d KiB", n>>10) }
	for _, want := range []string{
		fmt.Sprintf("| connections | %d,%03d, all", maxStrangers/1000, maxStrangers%1000),
		"| a message | " + kib(strangerReceive),
		"| a TLS handshake | " + kib(strangerShakes),
		fmt.Sprintf("| %d ms of each turn, then all other", shareTime/time.Millisecond),
		fmt.Sprintf("| %d ms of each turn, all strangers", shareTime/time.Millisecond),
		"| " + kib(clusterBurst) + " at once, then " + kib(clusterRate) + " a second; the log says",
		"| " + kib(strangerBurst) + " at once, then " + kib(strangerRate) + " a second, all strangers",
		fmt.Sprintf("%d MiB at once, then %s a second", totalBurst>>20, kib(totalRate)),
		fmt.Sprintf("cut at %d and %d bytes", nameLimit, reasonLimit),
		fmt.Sprintf("| time until the Init | %d s", qnetd.Defaults().HandshakeTime/time.Second),
		fmt.Sprintf("Messages over %s", kib(int(qnetd.Defaults().MaxRequestSize))),
	} {
		if !strings.Contains(page, want) {
			t.Errorf("SECURITY.md does not say %q", want)
		}
	}
	unit, err := os.ReadFile("../../packaging/systemd/corosync-qnetd.service")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(unit), "\nMemoryMax=512M\n") || !strings.Contains(page, "limits the arbiter to 512 MB") {
		t.Error("SECURITY.md and the unit disagree on how much memory the arbiter may use")
	}
}

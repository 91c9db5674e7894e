// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCertificatesChange: the arbiter is set up anew, with a CA of its own, and the
// node's files with it. The running daemon shows and wants the new certificates at its
// next connection; by the old ones neither side would take the other.
func TestCertificatesChange(t *testing.T) {
	before := startArbiter(t, "127.0.0.1", 0, t.TempDir())
	dir := enrol(t, filepath.Join(before.dir, "nssdb"))
	m := newMachine(t, 1, before.addr, dir)
	m.start()
	m.awaitVote()

	connections := func() int { return strings.Count(m.log.String(), "event=connected ") }
	if n := connections(); n != 1 {
		t.Fatalf("%d connections", n)
	}
	if err := before.stop(); err != nil {
		t.Fatal(err)
	}
	after := startArbiter(t, "127.0.0.1", before.port(t), t.TempDir())
	m.await("refused", func() bool {
		return strings.Contains(m.log.String(), "is not the arbiter that this cluster is enrolled with")
	})
	fresh := enrol(t, filepath.Join(after.dir, "nssdb"))
	for _, name := range []string{"qdevice-net-ca.crt", "qdevice-net-cluster.pem"} {
		if err := os.Rename(filepath.Join(fresh, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	m.await("connected with new certificates", func() bool { return connections() == 2 })
	if !strings.Contains(m.log.String(), "event=certs_reloaded") {
		t.Errorf("the log does not say that there are new certificates:\n%s", m.log)
	}
	if text := m.ask("status verbose"); !strings.Contains(text, "TLS active:\t\tYes (client certificate sent)") {
		t.Errorf("status:\n%s", text)
	}
	m.stop()
}

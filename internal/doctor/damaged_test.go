// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quorate/quorate/corosync/conf"
)

// TestUnusableFiles: a file that can't be read or used at all is called by its name,
// with what to do that mends just that.
func TestUnusableFiles(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(*world)
		want  string
	}{
		{"a long corosync.conf", func(w *world) { w.conf += strings.Repeat("#\n", conf.MaxSize/2) },
			"FAIL corosync.conf: FILE: it is longer than allowed for a corosync.conf (1048576 bytes)\n    Check what is in it, and whether Corosync reads this file.\n"},
		{"a directory", func(w *world) { w.conf, w.cfg.ConfFile = "", filepath.Dir(w.cfg.ConfFile) },
			"FAIL corosync.conf: FILE is a directory\n    Name the file: `quorate doctor --conf FILE/corosync.conf`.\n"},
		{"below a file", func(w *world) {
			w.must(os.WriteFile(w.cfg.ConfFile, nil, 0o600))
			w.conf, w.cfg.ConfFile = "", filepath.Join(w.cfg.ConfFile, "x")
		}, "FAIL corosync.conf: can't open FILE: not a directory\n    Find out why it can't be read: `cat FILE`.\n"},
		{"the cluster's certificate", func(w *world) {
			w.must(os.WriteFile(filepath.Join(w.cfg.Settings.CertDir, "qdevice-net-cluster.pem"), []byte("-----BEGIN"), 0o600))
		}, "FAIL certificates: CERTS/qdevice-net-cluster.pem: tls: failed to find any PEM data in certificate input\n" +
			"    Copy qdevice-net-ca.crt and qdevice-net-cluster.pem from CERTS of another node of the cluster: all nodes have the same. " +
			"If no other node has them: run `mv CERTS CERTS.old`, copy qnetd-cacert.crt from the arbiter to this node and run `quorate cert trust qnetd-cacert.crt --node-dir CERTS`.\n"},
		{"the CA's certificate", func(w *world) { w.must(os.Truncate(filepath.Join(w.cfg.Settings.CertDir, "qdevice-net-ca.crt"), 100)) },
			"FAIL certificates: CERTS/qdevice-net-ca.crt: there is no certificate in it\n    Copy qdevice-net-ca.crt and "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.load()
			tt.spoil(w)
			r, got := w.run()
			got = strings.NewReplacer(w.cfg.ConfFile, "FILE", w.cfg.Settings.CertDir, "CERTS").Replace(got)
			if !strings.Contains("\n"+got, "\n"+tt.want) || r.OK {
				t.Errorf("ok: %v, without\n%s:\n%s", r.OK, tt.want, got)
			}
		})
	}
}

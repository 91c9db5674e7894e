// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestStartupErrors: what keeps an arbiter from starting is said in plain words, once, and
// not in those of a library.
func TestStartupErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, taken, _ := net.SplitHostPort(l.Addr().String())
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	base := []string{"quorate", "qnetd", "--tls", "off", "--state", dir, "--lock-file", filepath.Join(dir, "pid"), "--socket", filepath.Join(dir, "sock")}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"port in use":       {[]string{"--listen", "127.0.0.1", "--port", taken}, "error   127.0.0.1 port " + taken + " is in use by another program. `ss "},
		"any address":       {[]string{"--listen", "", "--port", taken}, "error   port " + taken + " is in use by another program. `ss "},
		"address elsewhere": {[]string{"--listen", "192.0.2.77"}, "can't listen on 192.0.2.77 port 5403: this machine does not have that address"},
		"no such name":      {[]string{"--listen", "arbiter.invalid"}, "can't listen on arbiter.invalid:5403: the name arbiter.invalid"},
		"no such directory": {[]string{"--state", file + "/a", "--tls", "required"}, "not a directory"},
		"no such place":     {[]string{"--socket", file + "/a/sock"}, "can't make " + file + "/a: not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errs := call(append(base[:len(base):len(base)], c.args...)...)
			if code != 1 || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
				t.Errorf("exit code %d, %q, want %q", code, errs, c.want)
			}
			for _, text := range []string{"listen tcp", "bind:", "lookup ", "mkdir ", "dial "} {
				if strings.Contains(errs, text) {
					t.Errorf("%q has %q", errs, text)
				}
			}
		})
	}
}

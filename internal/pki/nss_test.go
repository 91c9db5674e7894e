// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/advice"
)

// TestBrokenDatabase: an NSS database that can't be read is told in NSS's words alone,
// and with what to do, which then works.
func TestBrokenDatabase(t *testing.T) {
	for name, harm := range map[string]func(file func(string) string) error{
		"no keys": func(file func(string) string) error { return os.Remove(file("key4.db")) },
		"cut":     func(file func(string) string) error { return os.Truncate(file("cert9.db"), 5000) },
		"empty": func(file func(string) string) error {
			return errors.Join(os.Truncate(file("cert9.db"), 0), os.Truncate(file("key4.db"), 0))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCTools(t)
			c.qnetd("-i")
			dir := c.arbiter()
			if err := harm(func(base string) string { return filepath.Join(dir, base) }); err != nil {
				t.Fatal(err)
			}
			_, err := SetUp(dir, InitOptions{})
			want := advice.RestoreArbiter.WithWord("dir", dir).With("where", Where(dir)).String()
			if err == nil || strings.Contains(err.Error(), "exit status") || !strings.Contains(err.Error(), "can't be read: certutil says \"") || !strings.HasSuffix(err.Error(), want) {
				t.Fatalf("got %v", err)
			}
			if err := os.Rename(dir, dir+".damaged"); err != nil {
				t.Fatal(err)
			}
			if did, err := SetUp(dir, InitOptions{}); err != nil || did != Created {
				t.Errorf("having done as told: %v, %v", did, err)
			}
		})
	}
}

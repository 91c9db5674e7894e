// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestNotAFile opens what is no store at all. It is refused at once, with what to do, and
// stays as it is.
func TestNotAFile(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"a directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"100 GB of zeros": func(path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 100<<30))
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "grants.db")
			must(t, put(path))
			before, err := os.Lstat(path)
			must(t, err)
			start := time.Now()
			b, err := Open(path)
			if err == nil {
				must(t, b.Close())
			}
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "grants.db.damaged") || strings.Contains(err.Error(), "open ") {
				t.Errorf("Open: %v", err)
			}
			if d := time.Since(start); d > 5*time.Second { // reading it all takes minutes
				t.Errorf("Open took %v", d)
			}
			after, err := os.Lstat(path)
			must(t, err)
			if after.Size() != before.Size() || after.Mode() != before.Mode() {
				t.Errorf("%v of %d bytes became %v of %d", before.Mode(), before.Size(), after.Mode(), after.Size())
			}
		})
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package limited

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := ReadFile(path, 5); string(b) != "12345" || err != nil {
		t.Errorf("as long as allowed: %q, %v", b, err)
	}
	if _, err := ReadFile(path, 4); err == nil || err.Error() != path+" has more than 4 bytes" {
		t.Errorf("too long: %v", err)
	}
	if _, err := ReadFile("/dev/zero", 1<<10); err == nil {
		t.Error("what never ends was read")
	}
	if _, err := ReadFile(path+"x", 4); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
}

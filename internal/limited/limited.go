// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package limited reads files that somebody has named. It promises to stop after as
// many bytes as the caller allows, since what was named may be a disk, or never end.
// It does not look at what it reads.
package limited

import (
	"fmt"
	"io"
	"os"
)

// ReadFile reads a file of at most so many bytes; more are an error that names it.
func ReadFile(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("%s has more than %d bytes", path, most)
	}
	return b, err
}

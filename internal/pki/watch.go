// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package pki

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// checkInterval is how often a watcher looks at its files at most.
const checkInterval = time.Second

// watcher keeps what was loaded from files of a directory, and loads it again
// when it is asked for and the files have changed.
type watcher[T any] struct {
	names  []string
	report func(error)
	load   func(dir string) (T, error)

	mu      sync.Mutex
	dir     string
	value   T
	stamp   string
	checked time.Time
}

// watch loads what the named files of dir have. Report is called after each
// further time, with nil or with the reason why the old value stays.
func watch[T any](dir string, names []string, report func(error), load func(dir string) (T, error)) (*watcher[T], error) {
	w := &watcher[T]{names: names, report: report, load: load}
	return w, w.Move(dir)
}

// Move loads what the files of dir have, and watches those from now on. On an
// error all stays as it was.
func (w *watcher[T]) Move(dir string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	stamp, now := stampOf(dir, w.names...), time.Now() // before it is read: what comes later counts as new
	v, err := w.load(dir)
	if err != nil {
		return err
	}
	w.dir, w.value, w.stamp, w.checked = dir, v, stamp, now
	return nil
}

// current returns the value for a handshake that begins now.
func (w *watcher[T]) current(now time.Time) T {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.checked) < checkInterval {
		return w.value
	}
	w.checked = now
	stamp := stampOf(w.dir, w.names...)
	if stamp == w.stamp {
		return w.value
	}
	w.stamp = stamp
	v, err := w.load(w.dir)
	if err == nil {
		w.value = v
	}
	w.report(err)
	return w.value
}

// stampOf tells files apart from any that were there before.
func stampOf(dir string, names ...string) string {
	var b strings.Builder
	for _, name := range names {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			fmt.Fprintln(&b, err)
			continue
		}
		fmt.Fprintln(&b, info.ModTime().UnixNano(), info.Size())
	}
	return b.String()
}

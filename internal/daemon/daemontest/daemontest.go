// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package daemontest has what the tests of both daemons share: it runs one, keeps its log, waits
// for what other goroutines bring, and makes outputs that take nothing.
//
// # Limitations
//
// It knows neither daemon, and no program imports it.
package daemontest

import (
	"bytes"
	"context"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
)

// LogBuffer is what a daemon has logged. Its zero value is empty, and its methods may be called
// from several goroutines.
type LogBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *LogBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns all that was written.
func (l *LogBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Start runs a daemon until the test ends, or stop is called, which may be done twice. run has to
// return when its context is done, and to call ready once with the address on which the daemon
// listens. The test fails if the daemon ends with an error, and then shows its log.
func Start(t *testing.T, log *LogBuffer, run func(ctx context.Context, ready func(addr string)) error) (addr string, stop func() error) {
	t.Helper()
	ready := make(chan string, 1)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx, func(addr string) { ready <- addr }) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("daemon ended with: %v", err)
		}
		if t.Failed() {
			t.Log(log)
		}
	})
	select {
	case addr = <-ready:
	case err := <-done:
		t.Fatalf("daemon did not start: %v", err)
	}
	return addr, stop
}

// Settle waits until ok: other goroutines of this process are at work. The test fails with what if
// that takes 20 s.
func Settle(t *testing.T, ok func() bool, what func() string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(what())
		}
	}
}

// Within fails if do takes longer than it may.
func Within(t *testing.T, limit time.Duration, what string, do func()) {
	t.Helper()
	done, start := make(chan struct{}), time.Now()
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: nothing for 20 s\n%s", what, Stacks())
	}
	if d := time.Since(start); d > limit {
		t.Errorf("%s took %v", what, d)
	}
}

// OpenFiles counts the descriptors of this process.
func OpenFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// Stacks are those of all goroutines.
func Stacks() string {
	b := make([]byte, 1<<20)
	return string(b[:runtime.Stack(b, true)])
}

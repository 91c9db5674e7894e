// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"runtime"
	"testing"
)

// TestUseCores: all cores are all of them, though somebody has set one, and a limit
// that the user has set is kept.
func TestUseCores(t *testing.T) {
	was := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(was)
	t.Setenv("GOMAXPROCS", "")
	runtime.SetDefaultGOMAXPROCS()
	want := runtime.GOMAXPROCS(0)
	for range 2 {
		useCores(false)
		useCores(false)
		if got := runtime.GOMAXPROCS(0); got != 1 {
			t.Fatalf("%d cores, want 1", got)
		}
		useCores(true)
		if got := runtime.GOMAXPROCS(0); got != want {
			t.Fatalf("%d cores, want %d", got, want)
		}
	}
	t.Setenv("GOMAXPROCS", "3")
	useCores(false)
	useCores(true)
	if got := runtime.GOMAXPROCS(0); got != 3 {
		t.Errorf("%d cores, want the 3 of the environment", got)
	}
}

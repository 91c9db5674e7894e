// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package leak

import (
	"sync"
	"testing"
)

func TestGoroutines(t *testing.T) {
	before := Goroutines()
	end := make(chan struct{})
	var wg sync.WaitGroup
	const n = 1000 // more than the first buffer holds
	for range n {
		wg.Go(func() { <-end })
	}
	if got := Goroutines(); got != before+n {
		t.Errorf("%d, want %d", got, before+n)
	}
	close(end)
	wg.Wait()
}

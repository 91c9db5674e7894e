// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"os"
	"runtime"
	"strconv"
)

// useCores lets the scheduler use one core, or all that the process may use. An
// arbiter's heartbeats wake one goroutine after another; on several cores each of them
// would wake a thread to look for work that is not there, which costs more than the
// work. What "all" is does not depend on what is in use now.
func useCores(all bool) {
	if !all {
		runtime.GOMAXPROCS(1)
		return
	}
	if n, err := strconv.Atoi(os.Getenv("GOMAXPROCS")); err == nil && n > 0 {
		runtime.GOMAXPROCS(n)
		return
	}
	runtime.SetDefaultGOMAXPROCS()
}

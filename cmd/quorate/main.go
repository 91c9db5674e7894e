// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Quorate keeps a quorum in clusters with an even number of nodes through a
// third vote on a small machine. See the README, and `quorate help`.
//
// The one binary is all of it; under the name of one of Corosync's programs it
// behaves as that program does.
package main

import (
	"context"
	"os"

	"github.com/quorate/quorate/internal/cli"
)

func main() {
	os.Exit(cli.Main(context.Background(), os.Args, os.Stdout, os.Stderr))
}

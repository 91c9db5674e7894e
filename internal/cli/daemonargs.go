// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/quorate/quorate/internal/daemon"
)

// daemonArgs is what the command lines of both C daemons have alike.
type daemonArgs struct {
	foreground bool
	debug      int
	print      string // usage or version, instead of a daemon
}

// begin prints what was asked for instead of a daemon, or lets the daemon go on in the
// background. Unless it has ended with that, the caller is the daemon.
func (a *daemonArgs) begin(stdout, stderr io.Writer) (code int, ended bool) {
	switch {
	case a.print != "":
		fmt.Fprint(stdout, a.print)
		return 0, true
	case !a.foreground && !daemon.Detached():
		return daemon.Detach(stderr), true
	}
	return 0, false
}

// refuseArgs says what is wrong with a daemon's command line, as C does.
func refuseArgs(prog, usage string, err error, stdout, stderr io.Writer) int {
	fmt.Fprintf(stderr, "%s: %s\n", prog, err)
	var misuse *optionError
	if errors.As(err, &misuse) {
		fmt.Fprint(stdout, usage)
	}
	return 1
}

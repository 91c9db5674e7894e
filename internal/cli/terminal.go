// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"io"
	"os"

	"golang.org/x/term"
)

// isTerminal reports whether an input or an output is a terminal.
func isTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colour reports whether out is a terminal that wants colour.
func colour(out io.Writer) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(out)
}

// terminalWidth returns how wide the terminal behind an output is, 0 if it does not say,
// and whether there is one.
func terminalWidth(out io.Writer) (width int, terminal bool) {
	f, ok := out.(*os.File)
	if !ok || !isTerminal(f) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 0 {
		width = 0
	}
	return width, true
}

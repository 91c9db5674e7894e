// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import "runtime/debug"

// Version is the release of quorate.
const Version = "0.1.0"

// CompatVersion is what the C programs' names answer to -v: the C release whose
// behaviour is the reference, and ours.
const CompatVersion = "3.0.3+quorate-" + Version

// buildVersion adds the commit, where the binary was built with one.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return Version + " (" + s.Value[:12] + ")"
		}
	}
	return Version
}

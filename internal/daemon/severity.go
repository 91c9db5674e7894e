// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"log/slog"
	"log/syslog"
)

// severity is how a level is called in each of the logs.
type severity struct {
	name     string
	priority string // as sd-daemon(3) writes it
	write    func(*syslog.Writer, string) error
}

func severityOf(l slog.Level) severity {
	switch {
	case l < slog.LevelInfo:
		return severity{"debug", "<7>", (*syslog.Writer).Debug}
	case l < slog.LevelWarn:
		return severity{"info", "<6>", (*syslog.Writer).Info}
	case l < slog.LevelError:
		return severity{"warning", "<4>", (*syslog.Writer).Warning}
	}
	return severity{"error", "<3>", (*syslog.Writer).Err}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// caught turns a panic of the function that defers it into an error: a defect must
// not keep the vote from being taken back. The user gets the error's line; the
// stack, which a report needs, goes to the log.
func caught(log *slog.Logger, err *error) {
	if r := recover(); r != nil {
		log.Error("this is a defect of quorate: please report it", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		*err = fmt.Errorf("internal error: %v", r)
	}
}

// guard runs a task of the daemon.
func (d *node) guard(run func(context.Context) error, ctx context.Context) (err error) {
	defer caught(d.log, &err)
	return run(ctx)
}

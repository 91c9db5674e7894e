// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/internal/daemon"
)

// withdrawTime is how long Withdraw tries. systemd gives an ExecStopPost 90 s.
const withdrawTime = 10 * time.Second

// Withdraw takes back what a node daemon that was killed has left in votequorum:
// its registration, and with it its vote, which Corosync would count until the
// device timeout (S6). It reports whether there was anything to take back. Where
// no Corosync runs there is not. A Corosync that is too busy is asked again, for 10 s
// in all. It is daemon.ErrRunning if a daemon holds the lock file.
func Withdraw(ctx context.Context, o qb.Options, name, lockFile string) (bool, error) {
	if err := daemon.CheckUnlocked(lockFile); err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, withdrawTime)
	defer cancel()
	err := whileBusy(ctx, func() error { return unregister(ctx, o, name) })
	switch {
	case errors.Is(err, corosync.ErrLibrary), errors.Is(err, corosync.ErrNotExist):
		return false, nil
	case errors.Is(err, corosync.ErrInvalidParam):
		return false, fmt.Errorf("the quorum device has another name than %s: %w", name, err)
	}
	return err == nil, err
}

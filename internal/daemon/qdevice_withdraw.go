// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"context"
	"errors"
	"fmt"

	"quorate/corosync"
	"quorate/corosync/qb"
	"quorate/corosync/votequorum"
)

// Withdraw takes back what a node daemon that was killed has left in votequorum:
// its registration, and with it its vote, which Corosync would count until the
// device timeout (S6). It reports whether there was anything to take back. Where
// no Corosync runs there is not. It is ErrRunning if a daemon holds the lock file.
func Withdraw(ctx context.Context, o qb.Options, name, lockFile string) (bool, error) {
	if err := lockIsFree(lockFile); err != nil {
		return false, err
	}
	c, err := votequorum.Dial(ctx, o)
	if errors.Is(err, corosync.ErrLibrary) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer c.Close()
	err = c.Unregister(ctx, name)
	switch {
	case errors.Is(err, corosync.ErrNotExist):
		return false, nil
	case errors.Is(err, corosync.ErrInvalidParam):
		return false, fmt.Errorf("the quorum device has another name than %s: %w", name, err)
	}
	return err == nil, err
}

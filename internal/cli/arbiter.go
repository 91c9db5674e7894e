// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/doctor"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/status"
)

// queryArbiter asks the arbiter behind a socket for a snapshot, and tells whether it is
// Corosync's own, which has none. The error is the system's where nothing listens,
// and doctor.ErrFrozen where nothing answers within askTime.
func queryArbiter(ctx context.Context, socket string) (s *status.QNetd, isC bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	c, err := control.Dial(ctx, socket)
	if err != nil {
		return nil, false, err
	}
	text, err := control.Ask(ctx, c, "json")
	var refused control.DaemonError
	switch {
	case errors.As(err, &refused):
		return nil, true, err
	case errors.Is(err, control.ErrSilent):
		return nil, false, doctor.ErrFrozen
	case err != nil:
		return nil, false, err
	}
	s = new(status.QNetd)
	if err := json.Unmarshal(text, s); err != nil {
		return nil, false, fmt.Errorf("its answer can't be read: %w", err)
	}
	return s, false, nil
}

// isArbiter reports whether this machine has an arbiter: one that runs, or the files of
// one.
func isArbiter(ctx context.Context, socket, certDir string) bool {
	c, err := control.Dial(ctx, socket)
	if err == nil {
		_ = c.Close()
	}
	if isThere(err) {
		return true
	}
	_, err = os.Stat(filepath.Join(certDir, pki.CACertFile))
	return isThere(err)
}

// isThere reports whether a file is there by the error of using it: one that does not let
// this user in is.
func isThere(err error) bool { return err == nil || errors.Is(err, fs.ErrPermission) }

// isNode reports whether this machine is a node of a cluster, as far as a
// corosync.conf makes it one.
func isNode(confFile string) bool {
	_, err := os.Stat(confFile)
	return !errors.Is(err, fs.ErrNotExist)
}

// withoutCorosync is a status where no Corosync answers, which err says. An arbiter has
// none: there the status is that of its clusters.
func (s *statusCommand) withoutCorosync(ctx context.Context, err error) error {
	if isNode(s.confFile) || !isArbiter(ctx, s.arbiter, s.arbiterCerts) {
		return err
	}
	const what = "this machine is an arbiter, not a node of a cluster"
	if s.json {
		return fmt.Errorf("%s. %s", what, advice.ClustersJSON)
	}
	st, err := askStatus(ctx, s.arbiter)
	if err != nil {
		return fmt.Errorf("%s, and %w", what, err)
	}
	b := status.AppendClusters([]byte("This machine is an arbiter, not a node of a cluster.\n\n"), st, s.now(), colour(s.out))
	_, err = s.out.Write(b)
	return err
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/pki"
)

// certs loads a node's certificates when they are first needed, and again
// when they have changed. Its method may be called from several goroutines.
type certs struct {
	dir, name string
	nickname  string // of the cluster's certificate in an NSS database
	log       *slog.Logger

	mu  sync.Mutex
	cfg *tls.Config
}

// forget lets go of what was loaded.
func (c *certs) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cfg = nil
}

// config returns the client's side of TLS.
func (c *certs) config() (*tls.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cfg != nil {
		return c.cfg, nil
	}
	r, err := pki.NewNodeReloader(c.dir, c.name, c.nickname, func(err error) {
		if err != nil {
			daemon.LogEvent(c.log, event.Event{Kind: event.CertsUnusable, Level: event.Error, Reason: fault.Words(err)})
			return
		}
		daemon.LogEvent(c.log, event.Event{Kind: event.CertsReloaded, Level: event.Info, What: c.dir})
	})
	if errors.Is(err, pki.ErrNoNode) {
		return nil, fmt.Errorf("%w. %s", err, advice.TrustFirst.With("flags", pki.NodeFlags(c.dir)))
	}
	if err != nil {
		return nil, err
	}
	if r.Ensured() == pki.TakenOver {
		daemon.LogEvent(c.log, event.Event{Kind: event.CertsTakenOver, Level: event.Info, What: c.dir})
	}
	for _, w := range r.Node().Warnings(time.Now()) {
		daemon.LogEvent(c.log, event.Event{Kind: event.CertsWarning, Level: event.Warning, Reason: w})
	}
	c.cfg = r.TLSConfig()
	return c.cfg, nil
}

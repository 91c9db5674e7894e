// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/pki"
)

// nodeCerts loads a node's certificates when they are first needed, and again
// when they have changed. Its method may be called from several goroutines.
type nodeCerts struct {
	dir, name string
	nickname  string // of the cluster's certificate in an NSS database
	log       *slog.Logger

	mu  sync.Mutex
	cfg *tls.Config
}

// forget lets go of what was loaded.
func (c *nodeCerts) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cfg = nil
}

// config returns the client's side of TLS.
func (c *nodeCerts) config() (*tls.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cfg != nil {
		return c.cfg, nil
	}
	r, err := pki.NewNodeReloader(c.dir, c.name, c.nickname, func(err error) {
		if err != nil {
			logEvent(c.log, event.Event{Kind: event.CertsUnusable, Level: event.Error, Reason: oneLine(err)})
			return
		}
		logEvent(c.log, event.Event{Kind: event.CertsReloaded, Level: event.Info, What: c.dir})
	})
	if errors.Is(err, pki.ErrNoNode) {
		return nil, fmt.Errorf("%w. %s", err, advice.TrustFirst.With("flags", pki.NodeFlags(c.dir)))
	}
	if err != nil {
		return nil, err
	}
	if r.Ensured() == pki.TakenOver {
		logEvent(c.log, event.Event{Kind: event.CertsTakenOver, Level: event.Info, What: c.dir})
	}
	for _, w := range r.Node().Warnings(time.Now()) {
		logEvent(c.log, event.Event{Kind: event.CertsWarning, Level: event.Warning, Reason: w})
	}
	c.cfg = r.TLSConfig()
	return c.cfg, nil
}

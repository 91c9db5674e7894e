// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"slices"

	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/nodeconf"
)

// hosts are the arbiter's addresses as they are configured: in which order they are tried, and
// what went wrong with each.
type hosts struct {
	order    []int             // by preference; those that failed last come last
	failures map[string]string // by host: why the last try to use it has failed
}

// place is where the next link looks for the arbiter.
func (h *hosts) place(cfg *nodeconf.Config) place {
	if len(h.order) != len(cfg.Hosts) {
		h.order = make([]int, len(cfg.Hosts))
		for i := range h.order {
			h.order[i] = i
		}
	}
	p := place{port: cfg.Port, ipVersion: cfg.IPVersion}
	for _, i := range h.order {
		p.hosts = append(p.hosts, cfg.Hosts[i])
	}
	return p
}

// refused notes which hosts a link could not reach.
func (h *hosts) refused(k *link) {
	for i, err := range k.refused {
		if err != nil {
			h.failures[k.place.hosts[i]] = fault.Words(err)
		}
	}
}

// failed notes why a link has ended. A host that it had reached becomes the last
// one to be tried: what answers there may be no arbiter, or another one.
func (h *hosts) failed(k *link, why string) {
	if k == nil || !k.up {
		return
	}
	h.failures[k.place.hosts[k.host]] = why
	if len(h.order) == len(k.place.hosts) {
		i := k.host
		h.order = append(append(slices.Clone(h.order[:i]), h.order[i+1:]...), h.order[i])
	}
}

// forget lets go of all of it: the configuration names other hosts now.
func (h *hosts) forget() {
	clear(h.failures)
	h.order = nil
}

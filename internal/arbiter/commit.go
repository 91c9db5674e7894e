// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"context"
	"errors"
	"sync"

	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/store"
)

// committer writes grants to the store. While one transaction is under way
// the next ones gather and share the one that follows.
type committer struct {
	store store.Store
	done  func([]qnetd.Persisted) // called from the committer's goroutine

	mu      sync.Mutex
	wake    chan struct{} // capacity 1
	pending []qnetd.Persist
	gone    []string // clusters whose records go before that

	revisions map[string]uint64 // of each cluster's record as stored
}

func newCommitter(st store.Store, recs []store.Record, done func([]qnetd.Persisted)) *committer {
	c := &committer{store: st, done: done, wake: make(chan struct{}, 1), revisions: make(map[string]uint64)}
	for _, r := range recs {
		c.revisions[r.Cluster] = r.Revision
	}
	return c
}

// add takes grants to be written. It does not wait.
func (c *committer) add(ps []qnetd.Persist) {
	c.mu.Lock()
	c.pending = append(c.pending, ps...)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// forget takes a cluster whose record is to be removed. It does not wait.
func (c *committer) forget(cluster string) {
	c.mu.Lock()
	c.gone = append(c.gone, cluster)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// remove removes records. What can't be removed now is there after the next start, and is
// forgotten again then.
func (c *committer) remove(ctx context.Context, clusters []string) {
	var recs []store.Record
	for _, name := range clusters {
		if rev := c.revisions[name]; rev > 0 {
			recs = append(recs, store.Record{Cluster: name, Revision: rev, Gone: true})
		}
	}
	if len(recs) == 0 || c.store.Save(ctx, recs) != nil {
		return
	}
	for _, r := range recs {
		delete(c.revisions, r.Cluster)
	}
}

// run writes until ctx is done. Grants that have not been written by then are
// dropped: their ACKs never left.
func (c *committer) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.wake:
		}
		c.mu.Lock()
		batch, gone := c.pending, c.gone
		c.pending, c.gone = nil, nil
		c.mu.Unlock()
		c.remove(ctx, gone)
		if len(batch) > 0 {
			c.done(c.commit(ctx, batch))
		}
	}
}

// commit writes a batch in one transaction. If that is refused for a reason that
// may be one record's, the batch is halved, so that one cluster's trouble does not
// keep the others from their vote.
func (c *committer) commit(ctx context.Context, batch []qnetd.Persist) []qnetd.Persisted {
	err := c.save(ctx, batch)
	if err != nil && len(batch) > 1 && !errors.Is(err, store.ErrReadOnly) {
		half := len(batch) / 2
		return append(c.commit(ctx, batch[:half]), c.commit(ctx, batch[half:])...)
	}
	results := make([]qnetd.Persisted, len(batch))
	for i, p := range batch {
		results[i] = qnetd.Persisted{ID: p.ID, Err: err}
	}
	return results
}

func (c *committer) save(ctx context.Context, batch []qnetd.Persist) error {
	recs := make([]store.Record, len(batch))
	for i, p := range batch {
		recs[i] = store.Record{Cluster: p.Cluster, Revision: c.revisions[p.Cluster], Grant: p.Grant}
	}
	if err := c.store.Save(ctx, recs); err != nil {
		return err
	}
	for _, p := range batch {
		c.revisions[p.Cluster]++
	}
	return nil
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/store"
)

// committer writes grants to the store. While one transaction is under way
// the next ones gather and share the one that follows.
type committer struct {
	store store.Store
	done  func(answers []qnetd.Input) // called from the committer's goroutine

	mu      sync.Mutex
	wake    chan struct{} // capacity 1
	pending []qnetd.Persist
	removed []string // clusters whose records go before that

	revisions map[string]uint64 // of each cluster's record as it was read or written last
}

func newCommitter(st store.Store, recs []store.Record, done func(answers []qnetd.Input)) *committer {
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
	c.removed = append(c.removed, cluster)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// remove removes records. What can't be removed now, or is another writer's by now, is there
// after the next start, and is forgotten again then.
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
		batch, removed := c.pending, c.removed
		c.pending, c.removed = nil, nil
		c.mu.Unlock()
		c.remove(ctx, removed)
		if len(batch) > 0 {
			c.done(c.answers(ctx, c.commit(ctx, batch), batch))
		}
	}
}

// answers are what the machine is told of a batch. What another writer has changed is read
// again, all at once. If it can't be, the next try of the same grant reads it.
func (c *committer) answers(ctx context.Context, results []qnetd.Persisted, batch []qnetd.Persist) []qnetd.Input {
	answers := make([]qnetd.Input, len(results))
	var changed []int
	for i, r := range results {
		answers[i] = r
		if errors.Is(r.Err, store.ErrChanged) {
			changed = append(changed, i)
		}
	}
	if len(changed) == 0 {
		return answers
	}
	recs, err := c.store.Load(ctx)
	if err != nil {
		return answers
	}
	for _, i := range changed {
		answers[i] = c.reread(batch[i], recs)
	}
	return answers
}

// reread takes what is on record of a cluster for the newest there is.
func (c *committer) reread(p qnetd.Persist, recs []store.Record) qnetd.RecordChanged {
	i, known := slices.BinarySearchFunc(recs, p.Cluster, func(r store.Record, name string) int { return strings.Compare(r.Cluster, name) })
	if !known {
		delete(c.revisions, p.Cluster)
		return qnetd.RecordChanged{ID: p.ID}
	}
	c.revisions[p.Cluster] = recs[i].Revision
	return qnetd.RecordChanged{ID: p.ID, Grant: recs[i].Grant, Known: true}
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

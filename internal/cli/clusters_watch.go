// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"context"
	"time"

	"github.com/quorate/quorate/internal/status"
)

// follow shows the clusters until ctx is done: on a terminal as a screen, and elsewhere
// once for each change. An arbiter that is away is waited for. It returns as a single look
// would have at the end.
func (c *clustersCommand) follow(ctx context.Context) error {
	ctx, stop := untilSignal(ctx)
	defer stop()
	if _, terminal := terminalWidth(c.out); terminal && !c.json {
		return screen{who: "the arbiter", title: "quorate clusters"}.run(ctx, c.out, c.look)
	}
	var shown []byte
	return c.look(ctx, func(l looked) error {
		st, _ := l.found.(arbiterSubject)
		mark, err := st.essence(l.failed)
		if err != nil || bytes.Equal(mark, shown) {
			return err
		}
		text, err := c.text(st.s, l.failed)
		if err != nil {
			return err
		}
		if !c.json && shown != nil {
			text = append([]byte("\n"), text...)
		}
		shown = mark
		_, err = c.out.Write(text)
		return err
	})
}

// look asks again and again until ctx is done, and shows each time what it has found.
func (c *clustersCommand) look(ctx context.Context, show func(looked) error) error {
	for {
		st, err := c.ask(ctx)
		if ctx.Err() != nil {
			return nil
		}
		l := looked{failed: err, at: c.now()}
		if err == nil {
			l.found = arbiterSubject{st, l.at}
		}
		if err := show(l); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(watchInterval):
		}
	}
}

// arbiterSubject is an arbiter's snapshot on a screen.
type arbiterSubject struct {
	s  *status.QNetd
	at time.Time
}

func (a arbiterSubject) overview(colour bool, width int) (verdict, rest []byte) {
	return status.ClustersOverview(a.s, a.at, colour, width)
}

func (a arbiterSubject) changes(before subject) []string {
	if b, ok := before.(arbiterSubject); ok {
		return status.ClusterChanges(b.s, a.s)
	}
	return nil
}

// essence is what has to change before the clusters are shown again: all that does not
// change by itself as time goes by.
func (a arbiterSubject) essence(failed error) ([]byte, error) {
	if failed != nil {
		return []byte(failed.Error()), nil
	}
	e := *a.s
	e.Clusters = append([]status.Cluster(nil), e.Clusters...)
	for i := range e.Clusters {
		c := &e.Clusters[i]
		c.Nodes = append([]status.Node(nil), c.Nodes...)
		for j := range c.Nodes {
			c.Nodes[j].LastHeard = time.Time{}
		}
		c.Holders = append([]status.Holder(nil), c.Holders...)
		for j := range c.Holders {
			c.Holders[j].Until = time.Time{}
		}
	}
	return status.AppendJSON(nil, &e, "")
}

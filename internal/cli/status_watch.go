// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	live "github.com/quorate/quorate/internal/cluster"
	"github.com/quorate/quorate/internal/status"
)

// watchInterval is how often a watched status is looked at without a reason: the
// node daemon does not tell of changes.
const watchInterval = time.Second

// follow shows the status until ctx is done: on a terminal as a screen, and elsewhere once
// for each change. While Corosync is away it is waited for. It returns as a single status
// would have at the end.
func (s *statusCommand) follow(ctx context.Context) error {
	ctx, stop := untilSignal(ctx)
	defer stop()
	if _, terminal := terminalWidth(s.out); terminal && !s.json && !s.pvecm {
		view := screen{who: "Corosync", title: "quorate status"}
		return view.run(ctx, s.out, func(ctx context.Context, show func(looked) error) error {
			return s.look(ctx, func(r *status.Report, failed error) error {
				l := looked{failed: failed, at: s.now()}
				if r != nil {
					l.found = nodeSubject{r}
				}
				return show(l)
			})
		})
	}
	return s.look(ctx, s.display())
}

// nodeSubject is a node's report on a screen.
type nodeSubject struct{ r *status.Report }

func (n nodeSubject) overview(colour bool, width int) (verdict, rest []byte) {
	return status.Overview(n.r, colour, width)
}

func (n nodeSubject) changes(before subject) []string {
	if b, ok := before.(nodeSubject); ok {
		return status.Changes(b.r, n.r)
	}
	return nil
}

// look looks again and again until ctx is done, and shows each time what it has found.
func (s *statusCommand) look(ctx context.Context, show func(*status.Report, error) error) error {
	var last error // of the last look
	for {
		look, cancel := patient(ctx)
		c, err := live.Open(look, s.corosync)
		cancel()
		if err == nil {
			last, err = s.followClient(ctx, c, show)
			c.Close()
		}
		if ctx.Err() != nil {
			return last
		}
		last = corosyncError(err)
		if err := show(nil, last); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return last
		case <-time.After(watchInterval):
		}
	}
}

// followClient shows the status while a Corosync lasts: last is what a single status
// would have returned, err why it is over.
func (s *statusCommand) followClient(ctx context.Context, c *live.Client, show func(*status.Report, error) error) (last, err error) {
	for {
		look, cancel := patient(ctx)
		r, err := s.report(look, c)
		cancel()
		if err != nil {
			return last, err
		}
		last = quorateError(r.Quorum.Quorate)
		if err := show(r, nil); err != nil {
			return last, err
		}
		select {
		case <-ctx.Done():
			return last, nil
		case <-c.Done():
		case <-c.Changes():
		case <-time.After(watchInterval):
		}
	}
}

// display returns how reports, or errors in their place, are shown one after the other.
func (s *statusCommand) display() func(*status.Report, error) error {
	var shown []byte
	return func(r *status.Report, failed error) error {
		mark, err := essence(r, failed)
		if err != nil || bytes.Equal(mark, shown) {
			return err
		}
		text, err := s.text(r, failed)
		if err != nil {
			return err
		}
		if !s.json && shown != nil {
			text = append([]byte("\n"), text...)
		}
		shown = mark
		_, err = s.out.Write(text)
		return err
	}
}

// text renders a report, or the error that took its place.
func (s *statusCommand) text(r *status.Report, failed error) ([]byte, error) {
	if failed == nil {
		return s.render(r)
	}
	if s.json {
		b, err := json.Marshal(map[string]any{"at": s.now().Round(0), "error": failed.Error()})
		return append(status.EscapeJSON(b), '\n'), err
	}
	return []byte(s.now().Format(time.ANSIC) + "\n" + status.EscapeText(failed.Error()) + "\n"), nil
}

// essence is what has to change before a report is shown again: all that does not
// change by itself as time goes by.
func essence(r *status.Report, failed error) ([]byte, error) {
	if failed != nil {
		return []byte(failed.Error()), nil
	}
	e := *r
	e.At = time.Time{}
	if r.Daemon != nil {
		d := *r.Daemon
		d.LastPoll, d.Echoed, d.FreshUntil, d.RoundTrip = time.Time{}, time.Time{}, time.Time{}, 0
		d.Since, d.Connected, d.LostAt, d.Started, d.ArbiterReason.At = time.Time{}, time.Time{}, time.Time{}, time.Time{}, time.Time{}
		d.Commands = append([]status.HeuristicsCommand(nil), d.Commands...)
		for i := range d.Commands {
			d.Commands[i].Duration, d.Commands[i].At = 0, time.Time{}
		}
		e.Daemon = &d
	}
	return json.Marshal(e)
}

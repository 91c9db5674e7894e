// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package ui

import (
	"context"
	"errors"
	"io"
	"sync"

	tea "charm.land/bubbletea/v2"

	"quorate/internal/lab"
)

// Run shows a laboratory on the terminal until it is quit, or ctx is done: then
// its error is ctx's. After ctrl-c it is context.Canceled.
func Run(ctx context.Context, l *lab.Lab, in io.Reader, out io.Writer) error {
	events, next := l.Events(0)
	inner, stop := context.WithCancel(ctx)
	p := tea.NewProgram(New(inner, l, State{View: l.View(), Events: events}),
		tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler())
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-inner.Done():
				return
			case <-l.Updates():
			}
			events, next = l.Events(next)
			p.Send(State{View: l.View(), Events: events})
		}
	})
	last, err := p.Run()
	stop()
	wg.Wait()
	if errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil {
		return ctx.Err()
	}
	if m, ok := last.(Model); ok && m.interrupted && err == nil {
		return context.Canceled
	}
	return err
}

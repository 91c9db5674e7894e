// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package ui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/quorate/quorate/internal/lab"
)

// Run shows a laboratory on the terminal until it is quit, or ctx is done: then
// its error is ctx's. After ctrl-c it is context.Canceled, and lab.ErrAlarm if
// something was seen that must never be. What has happened is left on the terminal.
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
	m, ok := last.(Model)
	if !ok {
		return err
	}
	events, _ = l.Events(next)
	m.update(State{View: l.View(), Events: events})
	verdict := m.leave(out)
	switch {
	case errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case verdict != nil:
		return verdict
	case m.interrupted:
		return context.Canceled
	}
	return nil
}

// leave prints what has happened, and the last sentence. The error is lab.ErrAlarm.
func (m Model) leave(out io.Writer) error {
	lines := m.lab.Headline()
	if m.gone > 0 {
		lines = append(lines, fmt.Sprintf("(%d lines more were here)", m.gone))
	}
	lines = append(lines, "")
	for _, s := range m.log {
		lines = append(lines, s.prefix+s.text)
	}
	text, err := lab.Verdict(m.alarm)
	if err == nil {
		lines = append(lines, "", Paint(lab.Dim, text))
	}
	for _, l := range lines {
		if _, werr := lipgloss.Fprintln(out, strings.TrimRight(l, " ")); werr != nil {
			break // nobody is left to read it
		}
	}
	return err
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	live "quorate/internal/cluster"
	"quorate/internal/status"
)

// watchInterval is how often a watched status is looked at without a reason: the
// node daemon does not tell of changes.
const watchInterval = time.Second

// follow shows the status until ctx is done: drawn anew in place on a terminal, and
// elsewhere once for each change. While Corosync is away it is waited for. It returns
// as a single status would have at the end.
func (s *statusCommand) follow(ctx context.Context) error {
	ctx, stop := untilSignal(ctx)
	defer stop()
	show, end := s.display()
	defer end()
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

// display returns how reports, or errors in their place, are shown, and what ends it.
func (s *statusCommand) display() (show func(*status.Report, error) error, end func()) {
	write := func(b []byte) error {
		_, err := s.out.Write(b)
		return err
	}
	if f, ok := s.out.(*os.File); ok && !s.json && term.IsTerminal(int(f.Fd())) {
		_ = write([]byte("\x1b[2J\x1b[?25l")) // no cursor meanwhile
		return func(r *status.Report, failed error) error {
			width, height, err := term.GetSize(int(f.Fd()))
			if err != nil || width <= 0 || height <= 0 {
				width, height = 80, 24
			}
			text, err := s.text(r, failed)
			if err != nil {
				return err
			}
			return write(frame(text, width, height))
		}, func() { _ = write([]byte("\x1b[?25h\n")) }
	}
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
		return write(text)
	}, func() {}
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

// frame draws a text over the last one, from the top left corner on, no wider and no
// higher than the terminal. Escape sequences take no room.
func frame(text []byte, width, height int) []byte {
	b := []byte("\x1b[H")
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	more := len(lines) > height
	if more {
		lines = lines[:max(height-1, 0)]
	}
	for i, line := range lines {
		if i > 0 {
			b = append(b, '\n')
		}
		b = append(appendCut(b, line, width), "\x1b[K"...)
	}
	if more {
		b = append(b, "\n\x1b[K..."...)
	}
	return append(b, "\x1b[J"...)
}

// appendCut appends as much of a line as fits into width columns, with every escape
// sequence in it.
func appendCut(b, line []byte, width int) []byte {
	for len(line) > 0 {
		if line[0] == 0x1b {
			n := bytes.IndexByte(line, 'm') + 1
			if n == 0 {
				return b
			}
			b, line = append(b, line[:n]...), line[n:]
			continue
		}
		_, n := utf8.DecodeRune(line)
		if width > 0 {
			b = append(b, line[:n]...)
			width--
		}
		line = line[n:]
	}
	return b
}

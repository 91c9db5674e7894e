// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/quorate/quorate/internal/status"
)

// newsKept is how many changes a screen remembers.
const newsKept = 50

// subject is what a screen shows: one look at a node, or at an arbiter.
type subject interface {
	// overview is the verdict, and the rest, wrapped into width columns.
	overview(colour bool, width int) (verdict, rest []byte)

	// changes tells in sentences what is different from the look before, which is
	// of the same kind.
	changes(before subject) []string
}

// looked is what a look at this machine found: a subject, or why there is none.
type looked struct {
	found  subject // nil: there is none
	failed error
	at     time.Time
}

// screen is a watched status on a terminal. The verdict and what is new are always in
// sight; the rest is scrolled.
type screen struct {
	who           string // who is asked, and answers again: "Corosync"
	title         string // of the window
	width, height int
	colour        bool
	now           looked
	last          subject  // before now, if that failed
	news          []string // newest last
	top           int      // first line of the rest that is shown
}

// Init implements tea.Model.
func (s screen) Init() tea.Cmd { return nil }

// Update implements tea.Model.
func (s screen) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		s.width, s.height = msg.Width, msg.Height
	case looked:
		s.record(msg)
	case tea.KeyPressMsg:
		_, rest, room := s.layout()
		switch msg.String() {
		case "q", "esc", "ctrl+c":
			return s, tea.Quit
		case "up", "k":
			s.top--
		case "down", "j", "enter":
			s.top++
		case "pgup", "b":
			s.top -= max(room-1, 1)
		case "pgdown", "space", " ":
			s.top += max(room-1, 1)
		case "home", "g":
			s.top = 0
		case "end", "G":
			s.top = len(rest)
		}
		s.top = max(0, min(s.top, len(rest)-room))
	}
	return s, nil
}

// record keeps a look, and of what it has changed.
func (s *screen) record(l looked) {
	before, failed := s.now.found, s.now.failed
	if before == nil {
		before = s.last
	}
	var list []string
	switch {
	case l.failed != nil && (failed == nil || failed.Error() != l.failed.Error()):
		list = []string{status.EscapeName(l.failed.Error())}
	case l.failed == nil && failed != nil:
		list = []string{s.who + " answers again"}
	}
	if l.found != nil && before != nil {
		list = append(list, l.found.changes(before)...)
	}
	for _, text := range list {
		s.news = append(s.news, l.at.Format(time.TimeOnly)+"  "+text)
	}
	s.news = s.news[max(0, len(s.news)-newsKept):]
	if l.found == nil {
		s.last = before
	}
	s.now = l
}

// View implements tea.Model.
func (s screen) View() tea.View {
	v := tea.NewView(strings.Join(s.lines(), "\n"))
	v.AltScreen = true
	v.WindowTitle = s.title
	return v
}

// lines is what the screen shows: never more lines or columns than it has.
func (s screen) lines() []string {
	if s.width <= 0 || s.height <= 0 {
		return nil
	}
	head, rest, room := s.layout()
	shown := append([]string(nil), head...)
	if room > 0 {
		top := max(0, min(s.top, len(rest)-room))
		end := min(top+room, len(rest))
		shown = append(shown, rest[top:end]...)
		for len(shown) < len(head)+room {
			shown = append(shown, "")
		}
		shown = append(shown, s.keys(top, end, len(rest)))
	}
	return shown[:min(len(shown), s.height)]
}

// layout returns what is always in sight, what is scrolled, and how many lines there are
// for that.
func (s screen) layout() (head, rest []string, room int) {
	verdict, body := s.text()
	head = split(verdict)
	if room = s.height - len(head) - 2; room > 3 && len(s.news) > 0 { // a blank line, and the keys
		var news []string
		for _, n := range s.news {
			news = append(news, split(status.Wrap([]byte(n+"\n"), s.width, nil))...)
		}
		news = news[max(0, len(news)-min(5, room/3)):]
		head = append(append(head, ""), news...)
		room -= len(news) + 1
	}
	return append(head, ""), split(body), max(room, 0)
}

// text is the verdict and the rest, wrapped.
func (s screen) text() (verdict, rest []byte) {
	switch {
	case s.now.found != nil:
		return s.now.found.overview(s.colour, s.width)
	case s.now.failed != nil:
		return status.Wrap([]byte(status.EscapeText(s.now.failed.Error())+"\n"), s.width, nil), nil
	}
	return []byte("Asking " + s.who + " ...\n"), nil
}

// keys is the last line.
func (s screen) keys(top, end, all int) string {
	forms := []string{"q: quit", ""}
	if all > end-top {
		where := fmt.Sprintf("lines %d to %d of %d", top+1, end, all)
		forms = append([]string{where + "   up, down, space, b: scroll   q: quit", where + "   up, down, q: quit", where}, forms...)
	}
	for _, text := range forms {
		if len(text) <= s.width {
			return text
		}
	}
	return ""
}

func split(text []byte) []string {
	text = bytes.TrimRight(text, "\n")
	if len(text) == 0 {
		return nil
	}
	return strings.Split(string(text), "\n")
}

// run shows a screen on a terminal until ctx is done or it is quit. look calls its
// argument for every look, until its context is done, and returns what a single status
// would have at the end.
func (s screen) run(ctx context.Context, out io.Writer, look func(context.Context, func(looked) error) error) error {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	var in io.Reader
	if isTerminal(os.Stdin) {
		in = os.Stdin
	}
	s.colour = colour(out)
	p := tea.NewProgram(s, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler())
	var last error
	var wg sync.WaitGroup
	wg.Go(func() {
		last = look(inner, func(l looked) error {
			p.Send(l)
			return nil
		})
	})
	model, err := p.Run()
	stop()
	wg.Wait()
	if err != nil && !(errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil) {
		return err
	}
	if m, ok := model.(screen); ok { // what was in sight stays
		m.height = 0
		head, _, _ := m.layout()
		_, _ = fmt.Fprintln(out, strings.TrimRight(strings.Join(head, "\n"), "\n"))
	}
	return last
}

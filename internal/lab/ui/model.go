// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package ui

import (
	"context"
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/quorate/quorate/internal/lab"
	"github.com/quorate/quorate/internal/scenario"
)

// Laboratory is what the UI needs of a lab.Lab.
type Laboratory interface {
	Nodes() int
	Headline() []string
	Do(ctx context.Context, c scenario.Command) ([]string, error)
}

// State is news of the laboratory.
type State struct {
	View   lab.View
	Events []lab.Event // since the State before
}

// answer is what came of a command.
type answer struct {
	lines []string
	err   error
}

// What the model keeps at most.
const (
	maxLog     = 500 // lines of what has happened
	maxHistory = 100 // lines that were typed
)

// Model is what is on the screen. Its zero value is not usable: see New.
type Model struct {
	ctx context.Context
	lab Laboratory

	width, height int
	view          lab.View
	log           []logLine // painted, the last one the newest
	gone          int       // lines that log has no more
	alarm         bool      // something was seen that must never be
	help          bool
	helpTop       int // the first line of the help that is on the screen
	back          int // by how many lines what has happened was scrolled back
	down          int // by how many lines a page was scrolled whose table is too long
	input         line
	hints         []string // the lines that the input may become; tab takes the first
	history       []string // the last one the newest
	at            int      // in history; len(history) is what is being typed
	draft         line     // what was being typed
	interrupted   bool     // ended with ctrl-c, and not with quit
}

// New returns the model of a laboratory whose present state is s. Commands end
// with ctx.
func New(ctx context.Context, l Laboratory, s State) Model {
	m := Model{ctx: ctx, lab: l, width: 80, height: 24}
	m.update(s)
	return m
}

// Init implements tea.Model.
func (m Model) Init() tea.Cmd { return nil }

// Update implements tea.Model.
func (m Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = max(msg.Width, 1), max(msg.Height, 1)
		return m, nil
	case State:
		m.update(msg)
		return m, nil
	case answer:
		for _, l := range msg.lines {
			m.print("  ", Paint(lab.Good, l))
		}
		if msg.err != nil {
			m.print("  ", Paint(lab.Bad, msg.err.Error()))
		}
		return m, nil
	case tea.PasteMsg:
		m.input = m.input.insert(msg.Content)
		m.suggest()
	case tea.KeyPressMsg:
		return m.key(msg)
	}
	return m, nil
}

// update adds news of the laboratory.
func (m *Model) update(s State) {
	m.view = s.View
	for _, e := range s.Events {
		m.alarm = m.alarm || e.Alarm()
		prefix, text := e.Parts(Paint)
		m.print(prefix, text)
	}
	m.suggest()
}

// print adds a line of what has happened. Whoever has scrolled back keeps the same lines
// in sight.
func (m *Model) print(prefix, text string) {
	m.log = append(m.log, logLine{prefix, text})
	if m.back > 0 {
		m.back += len(hang(prefix+text, m.width, lipgloss.Width(prefix)))
	}
	if over := len(m.log) - maxLog; over > 0 {
		m.gone += over
		m.log = append([]logLine(nil), m.log[over:]...)
	}
}

// suggest works out what the tab key completes the input to.
func (m *Model) suggest() { m.hints = lab.Complete(m.input.String(), &m.view) }

// hint is what the tab key would add. Before anything is typed there is none.
func (m *Model) hint() string {
	typed := m.input.String()
	if typed == "" || len(m.hints) == 0 {
		return ""
	}
	return m.hints[0][len(typed):]
}

// key takes a key.
func (m Model) key(k tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	empty := len(m.input.text) == 0
	name := k.String()
	switch {
	case name == "ctrl+c":
		m.interrupted = true
		return m, tea.Quit
	case name == "ctrl+d" && empty:
		return m, tea.Quit
	case name == "pgup", name == "pgdown":
		m.scroll(map[string]int{"pgup": -1, "pgdown": 1}[name])
		return m, nil
	case m.help && !m.closeHelp(k):
		return m, nil
	}
	switch {
	case name == "esc":
		m.input, m.back, m.down = line{}, 0, 0
	case name == "enter":
		return m.enter()
	case name == "up", name == "ctrl+p":
		m.recall(-1)
	case name == "down", name == "ctrl+n":
		m.recall(1)
	case name == "tab":
		m.input = lineOf(m.input.String() + m.hint())
	case name == "?" && empty:
		m.help, m.helpTop = true, 0
	case empty && keyCommand(name, &m.view) != "":
		return m.do(keyCommand(name, &m.view))
	default:
		edited, ok := m.input.edit(name)
		if !ok {
			edited = m.input.insert(k.Text)
		}
		m.input = edited
	}
	m.suggest()
	return m, nil
}

// closeHelp takes the key that is pressed while the help is there. It closes the help,
// and does nothing else unless it is a letter: that begins a command. Up and down scroll.
func (m *Model) closeHelp(k tea.KeyPressMsg) (letter bool) {
	switch k.String() {
	case "up":
		m.helpTop = max(0, m.helpTop-1)
		return false
	case "down":
		_, m.helpTop = view(m.helpPage(), max(1, m.height-2), m.helpTop+1)
		return false
	}
	m.help = false
	return len(m.input.text) > 0 || k.Text != "" && unicode.IsLetter([]rune(k.Text)[0])
}

// recall goes through the history.
func (m *Model) recall(by int) {
	if m.at == len(m.history) {
		m.draft = m.input
	}
	m.at = min(max(m.at+by, 0), len(m.history))
	m.input = m.draft
	if m.at < len(m.history) {
		m.input = lineOf(m.history[m.at])
	}
}

// enter does what was typed.
func (m Model) enter() (tea.Model, tea.Cmd) {
	typed := strings.TrimSpace(m.input.String())
	m.input, m.draft = line{}, line{}
	if typed != "" && (len(m.history) == 0 || m.history[len(m.history)-1] != typed) {
		m.history = append(m.history, typed)
		if over := len(m.history) - maxHistory; over > 0 {
			m.history = append([]string(nil), m.history[over:]...)
		}
	}
	m.at = len(m.history)
	m.suggest()
	if typed == "" {
		return m, nil
	}
	return m.do(typed)
}

// do begins to do a line. All of it must make sense before any of it is done.
func (m Model) do(text string) (tea.Model, tea.Cmd) {
	m.back, m.down = 0, 0
	m.print("", Paint(lab.Strong, "> "+text))
	commands, err := lab.Parse(text, m.lab.Nodes())
	if err != nil {
		m.print("  ", Paint(lab.Bad, err.Error()))
		return m, nil
	}
	var cmds []tea.Cmd
	for _, c := range commands {
		switch c.Verb {
		case scenario.Quit:
			return m, tea.Sequence(append(cmds, tea.Quit)...)
		case scenario.Help:
			m.help, m.helpTop = true, 0
		case scenario.Show:
			m.print("  ", "The table above is the status.")
		case scenario.Wait, scenario.Settle:
			m.print("  ", "wait is for scripts. Here you see what happens as it happens.")
		default:
			cmds = append(cmds, m.command(c))
		}
	}
	return m, tea.Sequence(cmds...)
}

// command does one command of the laboratory.
func (m Model) command(c scenario.Command) tea.Cmd {
	return func() tea.Msg {
		lines, err := m.lab.Do(m.ctx, c)
		return answer{lines: lines, err: err}
	}
}

// View implements tea.Model.
func (m Model) View() tea.View {
	lines, prompt := m.screen()
	v := tea.NewView(strings.Join(lines, "\n"))
	v.AltScreen = true
	v.WindowTitle = "quorate lab"
	_, column := m.input.show(m.width, "")
	v.Cursor = tea.NewCursor(column, prompt)
	return v
}

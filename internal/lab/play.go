// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/scenario"
)

// Player prints the transcript of a laboratory.
type Player struct {
	Lab   *Lab
	Out   io.Writer
	Paint Painter // nil paints nothing

	scenario bool // it plays one, and waits when that says so
	next     int  // of the next event
	alarm    bool
	err      error // of Out
}

// ErrAlarm is returned when something was seen that must never be.
var ErrAlarm = errors.New("something happened that must never happen: see ALARM above")

// calmTime is how long the player waits for calm. A laboratory that a script has
// left without calm, with a node that flaps, goes on after it.
const calmTime = 30 * time.Second

func (p *Player) paint(t Tone, s string) string {
	if p.Paint == nil {
		return s
	}
	return p.Paint(t, s)
}

func (p *Player) print(lines ...string) {
	for _, l := range lines {
		if _, err := fmt.Fprintln(p.Out, strings.TrimRight(l, " ")); err != nil && p.err == nil {
			p.err = err
		}
	}
}

// Begin prints the head of a transcript: what the laboratory is, and its table
// once it is calm.
func (p *Player) Begin(ctx context.Context) error {
	for i, l := range p.Lab.Headline() {
		tone := Strong
		if i > 0 {
			tone = Dim
		}
		p.print(p.paint(tone, l))
	}
	if err := p.calm(ctx, false); err != nil {
		return err
	}
	p.print("")
	p.table()
	p.print("")
	return p.err
}

// Play plays a file to its end. After each line of a script all is waited for to be
// calm; a scenario waits when it says so.
func (p *Player) Play(ctx context.Context, f *scenario.File) error {
	p.scenario = !f.Script
	p.comments(f.Comment)
	for i := 0; i < len(f.Commands); {
		p.comments(f.Commands[i].Comment)
		line := []scenario.Command{f.Commands[i].Command}
		for i++; i < len(f.Commands) && f.Commands[i].Same; i++ {
			line = append(line, f.Commands[i].Command)
		}
		if err := p.Do(ctx, line); err != nil {
			return err
		}
	}
	p.comments(f.End())
	return p.End()
}

// comments prints the lines above a command.
func (p *Player) comments(lines []string) {
	for _, l := range lines {
		switch text := strings.TrimSpace(strings.TrimPrefix(l, "#")); {
		case text != "":
			p.print(p.paint(Dim, "# "+text))
		case l == "":
			p.print("")
		}
	}
}

// End says how it was on the whole. The error is ErrAlarm, or says that nothing
// could be printed.
func (p *Player) End() error {
	text, err := Verdict(p.alarm)
	if err != nil {
		return err
	}
	p.print("", p.paint(Dim, text))
	return p.err
}

// Verdict is the last sentence about a laboratory, or ErrAlarm if there was an alarm.
func Verdict(alarm bool) (string, error) {
	if alarm {
		return "", ErrAlarm
	}
	return "At no instant were two partitions quorate at once.", nil
}

// Type does a line that was typed. What is wrong with it is printed. It reports
// whether it was quit.
func (p *Player) Type(ctx context.Context, line string) (quit bool, err error) {
	commands, err := Parse(line, p.Lab.Nodes())
	if err != nil {
		p.print("  " + p.paint(Bad, err.Error()))
		return false, p.err
	}
	for i, c := range commands {
		if c.Verb == scenario.Quit {
			return true, p.Do(ctx, commands[:i])
		}
	}
	return false, p.Do(ctx, commands)
}

// Do does the commands of one line, one at once after the other, and prints what they
// say. Then it prints what happens until all is calm, unless it plays a scenario.
func (p *Player) Do(ctx context.Context, commands []scenario.Command) error {
	wait := false
	for _, c := range commands {
		p.print(p.paint(Strong, "> "+c.Text))
		switch c.Verb {
		case scenario.Wait:
			if err := p.pause(ctx, c.Wait); err != nil {
				return err
			}
		case scenario.Settle:
			wait = true
		case scenario.Show:
			p.table()
		case scenario.Help:
			p.print(scenario.HelpText()...)
		case scenario.Quit:
			return nil
		default:
			wait = wait || !p.scenario || c.Verb == scenario.Calm
			if err := p.command(ctx, c); err != nil {
				return err
			}
		}
	}
	if !wait {
		return p.err
	}
	return p.calm(ctx, true)
}

// command does a command of the laboratory. What was refused is printed.
func (p *Player) command(ctx context.Context, c scenario.Command) error {
	lines, err := p.Lab.Do(ctx, c)
	for _, l := range lines {
		p.print("  " + p.paint(Good, l))
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		p.print("  " + p.paint(Bad, err.Error()))
	}
	return nil
}

// pause lets time pass, and prints what happens.
func (p *Player) pause(ctx context.Context, d time.Duration) error {
	over := time.After(d)
	for {
		select {
		case <-over:
			p.events(true)
			return p.err
		case <-ctx.Done():
			return ctx.Err()
		case <-p.Lab.Updates():
			if p.events(true); p.err != nil {
				return p.err
			}
		}
	}
}

// calm waits until nothing is under way any more, and prints what happens.
func (p *Player) calm(ctx context.Context, show bool) error {
	begun := time.Since(p.Lab.started)
	patience := max(calmTime, p.Lab.cfg.Timers.settle())
	limit := time.After(patience)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-limit:
			p.events(show)
			p.print("  " + p.paint(Odd, "(still not calm after "+short(patience)+")"))
			return p.err
		case <-p.Lab.Updates():
		}
		p.events(show)
		if v := p.Lab.View(); p.err != nil || v.Calm && v.asOf > begun {
			return p.err
		}
	}
}

func (p *Player) events(show bool) {
	var events []Event
	events, p.next = p.Lab.Events(p.next)
	for _, e := range events {
		p.alarm = p.alarm || e.Alarm()
		if show || e.Alarm() {
			p.print(e.Line(p.paint))
		}
	}
}

// Alarm reports whether the event is one that must never be.
func (e *Event) Alarm() bool { return e.Who == "alarm" }

// Line is the event as one line.
func (e *Event) Line(paint Painter) string {
	prefix, text := e.Parts(paint)
	return prefix + text
}

// Parts are the two parts of the event's line: when and who, and what.
func (e *Event) Parts(paint Painter) (prefix, text string) {
	who, tone := e.Who, Plain
	if e.Alarm() {
		who, tone = "ALARM", Bad
	}
	return fmt.Sprintf("  %s  %s ", paint(Dim, fmt.Sprintf("%5.1fs", e.At.Seconds())), paint(tone, fmt.Sprintf("%-11s", who))), paint(e.Tone, e.Text)
}

func (p *Player) table() {
	v := p.Lab.View()
	for _, l := range Table(&v, p.paint) {
		p.print("  " + l)
	}
}

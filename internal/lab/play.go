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
)

// Player prints the transcript of a laboratory.
type Player struct {
	Lab   *Lab
	Out   io.Writer
	Paint Painter // nil paints nothing

	next  int // of the next event
	alarm bool
	err   error // of Out
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

// Play plays a script to its end.
func (p *Player) Play(ctx context.Context, s *Script) error {
	for _, l := range s.Lines {
		switch {
		case l.Comment != "":
			p.print(p.paint(Dim, "# "+l.Comment))
		case len(l.Commands) == 0:
			p.print("")
		}
		if err := p.Do(ctx, l.Commands); err != nil {
			return err
		}
	}
	return p.End()
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
		if c.Verb == Quit {
			return true, p.Do(ctx, commands[:i])
		}
	}
	return false, p.Do(ctx, commands)
}

// Do does the commands of one line, one at once after the other, prints what they
// say, and then what happens until all is calm.
func (p *Player) Do(ctx context.Context, commands []Command) error {
	wait := false
	for _, c := range commands {
		p.print(p.paint(Strong, "> "+c.Text))
		switch c.Verb {
		case Wait:
			if c.For > 0 {
				if err := p.pause(ctx, c.For); err != nil {
					return err
				}
				continue
			}
			wait = true
		case Show:
			p.table()
		case Help:
			p.print(HelpText()...)
		case Quit:
			return nil
		default:
			wait = true
			said, err := p.Lab.Do(ctx, c)
			for _, l := range said {
				p.print("  " + p.paint(Good, l))
			}
			if err != nil && ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				p.print("  " + p.paint(Bad, err.Error()))
			}
		}
	}
	if !wait {
		return p.err
	}
	return p.calm(ctx, true)
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
	limit := time.After(calmTime)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-limit:
			p.events(show)
			p.print("  " + p.paint(Odd, "(still not calm after "+short(calmTime)+")"))
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

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"fmt"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
)

// Parse reads a line that was typed, for a laboratory of so many nodes.
func Parse(line string, nodes int) ([]scenario.Command, error) {
	list, err := scenario.ParseLine(line, nodes)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		if why := c.Cant(scenario.Laboratory); why != "" {
			return nil, fmt.Errorf("%s: %s", scenario.Abridge(c.Text), why)
		}
	}
	return list, nil
}

// ParseScript reads a file, and checks that everything in it can be done. One that
// begins with the command cluster changes cfg to that; a script is for cfg. The error
// names the place: FILE:LINE.
func ParseScript(name, text string, cfg *Config) (*scenario.File, error) {
	if len(text) > scenario.MaxSize {
		return nil, fmt.Errorf("%s: a script of more than %d bytes", name, scenario.MaxSize)
	}
	f, err := scenario.Parse(name, text, scenario.Cluster{Nodes: cfg.Nodes})
	if err != nil {
		return nil, err
	}
	if err := f.Check(scenario.Laboratory); err != nil {
		return nil, err
	}
	if !f.Script {
		cfg.use(f.Cluster)
	}
	plan := newPlan(cfg)
	for _, s := range f.Commands {
		if _, err := plan.apply(s.Command); err != nil {
			return nil, &scenario.Error{Name: name, Line: s.Line, Text: scenario.Abridge(s.Text) + ": " + err.Error()}
		}
	}
	return f, nil
}

// nodeOf is the node that a guest or losses is about; 0: the command names none.
func nodeOf(c scenario.Command) qnet.NodeID {
	if len(c.Hosts) == 0 {
		return 0
	}
	return c.Hosts[0]
}

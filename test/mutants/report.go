// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// report counts what came of the rows.
type report struct {
	mu       sync.Mutex
	rows     map[string]int // by rule
	lived    []string       // and why that is right
	faults   []string
	finished int
}

// playAll plays the rows that -only names, and prints what came of them.
func playAll(tables []*table, only *regexp.Regexp, lab *laboratory) error {
	var rows []*row
	for _, t := range tables {
		for _, p := range t.parts {
			for _, r := range p.rows {
				if matches(only, r) {
					rows = append(rows, r)
				}
			}
		}
	}
	rep := &report{rows: map[string]int{}}
	lab.each(rows, func(m *mutant) {
		v, why := m.judge()
		rep.add(m.row, v, why)
	})
	return rep.end()
}

func (rep *report) add(r *row, v verdict, why string) {
	rep.mu.Lock()
	defer rep.mu.Unlock()
	rep.rows[r.rule]++
	rep.finished++
	edit := fmt.Sprintf("%s %s: %s -> %s", r.rule, r.scope.name, strings.Join(r.old, " | "), strings.Join(r.new, " | "))
	switch v {
	case explained:
		rep.lived = append(rep.lived, edit+"\n    "+why)
	case survived:
		rep.faults = append(rep.faults, r.where+": "+edit+"\n    no test notices it, and the table does not say why")
	case missed, unusable:
		rep.faults = append(rep.faults, why)
	}
	if v != noticed && v != explained {
		fmt.Println(rep.faults[len(rep.faults)-1])
	} else if rep.finished%100 == 0 {
		fmt.Println(rep.finished, "played")
	}
}

// end prints the count of each rule and the survivors.
func (rep *report) end() error {
	var rules []string
	for r := range rep.rows {
		rules = append(rules, r)
	}
	slices.Sort(rules)
	for _, r := range rules {
		fmt.Printf("%s %d  ", r, rep.rows[r])
	}
	fmt.Println()
	slices.Sort(rep.lived)
	for _, s := range rep.lived {
		fmt.Println("lives:", s)
	}
	fmt.Printf("%d mutants: %d noticed, %d live and the table says why, %d faults\n",
		rep.finished, rep.finished-len(rep.lived)-len(rep.faults), len(rep.lived), len(rep.faults))
	if len(rep.faults) > 0 {
		return fmt.Errorf("%d faults:\n%s", len(rep.faults), strings.Join(rep.faults, "\n"))
	}
	return nil
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"strings"
	"testing"
)

// misspellings are some ways to write a key that is not its name.
func misspellings(k string) []string {
	m := len(k) / 2
	return []string{
		k[:m] + k[m+1:], k[:m] + k[m:m+1] + k[m:], k[:m-1] + k[m:m+1] + k[m-1:m] + k[m+1:], k[:m] + "q" + k[m+1:], k[:len(k)-1], k + "s",
		strings.ToUpper(k[:1]) + k[1:], strings.ReplaceAll(k, "_", "-"), strings.ReplaceAll(k, "_", ""), strings.ReplaceAll(k, "_", " "),
	}
}

// TestMisspeltKeys: of each key that is misspelt in its own section it is said which was
// meant, or which else that looks as much like it.
func TestMisspeltKeys(t *testing.T) {
	tried := 0
	for _, p := range places {
		if p.gone.since != "" || p.any || p.path == "" || p.path == "totem.interface.member" { // there the parser refuses it
			continue
		}
		for _, s := range p.keys {
			key := strings.Replace(s.key, "ringX", "ring0", 1)
			if s.gone.since != "" || strings.Contains(key, "NAME") || len(key) < 4 {
				continue
			}
			for _, wrong := range misspellings(key) {
				if _, ok := p.spec(wrong); ok || p.path == "totem" && wrong == "net_mtu" {
					continue // the key itself, or as near to netmtu
				}
				tried++
				text := wrong + ": 1"
				for path := p.path; path != ""; {
					var name string
					path, name = cutLast(path)
					text = name + " {\n" + text + "\n}"
				}
				var said []string
				for _, problem := range mustParse(t, cluster(3, "")+text+"\n").Lint() {
					said = append(said, problem.WhatToDo)
				}
				if !strings.Contains(strings.Join(said, "\n"), "did you mean "+key) {
					t.Errorf("%s in %s, meant to be %s: %q", wrong, p.path, key, said)
				}
			}
		}
	}
	if tried < 1000 {
		t.Errorf("%d misspellings are too few to tell", tried)
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	_ "embed" // the demo's script
	"fmt"

	"github.com/quorate/quorate/internal/scenario"
)

//go:embed demo.txt
var demo string

// Demo returns the laboratory and the script of quorate lab --demo.
func Demo() (Config, *scenario.File, error) {
	cfg := Defaults()
	cfg.Device = false
	s, err := ParseScript("demo", demo, &cfg)
	if err != nil {
		return cfg, nil, fmt.Errorf("the demo: %w", err)
	}
	return cfg, s, nil
}

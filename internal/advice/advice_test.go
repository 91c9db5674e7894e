// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package advice_test

import (
	"slices"
	"testing"

	"github.com/quorate/quorate/internal/advice"
)

func TestWith(t *testing.T) {
	a := advice.Advice("on {node}: `{command}`").With("node", "pve1").With("command", "quorate status")
	if got, want := a.String(), "on pve1: `quorate status`"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := advice.Strings(a, advice.StartNodeDaemon); !slices.Equal(got, []string{a.String(), "systemctl start corosync-qdevice"}) {
		t.Errorf("got %q", got)
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package doctor

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/advice"
)

// TestJSON: programs read this, so it stays byte for byte what it is.
func TestJSON(t *testing.T) {
	e := &examiner{Config: Config{Now: func() time.Time { return time.Date(2026, 11, 23, 8, 13, 30, 0, time.UTC) }}}
	r := e.examine(t.Context(), "node", []check{
		{"quorum", func(context.Context) { e.add(OK, "quorate: 2 members") }},
		{"vote", func(context.Context) { e.add(Fail, "the vote does not count", advice.SeeCorosyncLog) }},
		{"nothing", func(context.Context) {}},
	})
	got, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"at":"2026-11-23T08:13:30Z","role":"node","ok":false,"results":[` +
		`{"check":"quorum","verdict":"ok","text":"quorate: 2 members","do":[]},` +
		`{"check":"vote","verdict":"FAIL","text":"the vote does not count","do":["` + advice.SeeCorosyncLog.String() + `"]}]}`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

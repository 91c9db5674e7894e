// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestOutcomes tells what was found from what was not reached, whatever goes wrong.
func TestOutcomes(t *testing.T) {
	const line = "vuln: NOT CHECKED, "
	for _, c := range []struct {
		name    string
		status  []int  // of the database's answers, the last one for good
		command string // in place of govulncheck
		out     string // how what is printed begins
		fails   string // what the error says
	}{
		{"clean", []int{200}, "echo No vulnerabilities found.", "No vulnerabilities", ""},
		{"vulnerable", []int{200}, "echo Vulnerability 1; exit 3", "Vulnerability 1\n", "found vulnerabilities"},
		{"not reached", []int{503}, "echo never; exit 3", line, ""},
		{"lost on the way", []int{200, 503}, "exit 1", line, ""},
		{"broken", []int{200}, "echo no such package; exit 1", "no such package\n", "govulncheck: exit status 1"},
		{"vulnerable, and lost then", []int{200, 503}, "exit 3", "", "found vulnerabilities"},
		{"without an end", []int{200}, "exec sleep 60", line, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var asked atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/index/db.json" {
					t.Errorf("asked for %s", r.URL.Path)
				}
				n := int(asked.Add(1)) - 1
				w.WriteHeader(c.status[min(n, len(c.status)-1)])
			}))
			defer server.Close()
			var out strings.Builder
			k := check{database: server.URL, command: []string{"sh", "-c", c.command}, reachIn: 10 * time.Second, checkIn: 10 * time.Second, out: &out}
			if strings.Contains(c.command, "sleep") {
				k.checkIn = 200 * time.Millisecond
			}
			err := k.run()
			if (err != nil) != (c.fails != "") || err != nil && !strings.Contains(err.Error(), c.fails) {
				t.Errorf("error %v, want %q", err, c.fails)
			}
			if !strings.HasPrefix(out.String(), c.out) || c.out == line && strings.Count(out.String(), "\n") != 1 {
				t.Errorf("printed %q, want %q", out.String(), c.out)
			}
		})
	}
}

// TestUnreached: a server that does not answer in time, and one that is not there, are not
// reached; a database in a folder is.
func TestUnreached(t *testing.T) {
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	defer server.Close()
	defer close(hang)
	for database, reached := range map[string]bool{server.URL: false, "http://127.0.0.1:1": false, "file:///nowhere": true} {
		if err := (check{database: database, reachIn: 200 * time.Millisecond}).reach(); (err == nil) != reached {
			t.Errorf("%s: %v", database, err)
		}
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Vuln runs govulncheck over the module if the database of vulnerabilities can be
// reached, which is https://vuln.go.dev, or what GOVULNDB says. A vulnerability that the code
// can meet is a failure. A database that can't be reached is none, and one line says so: nobody's
// build is to depend on somebody else's server.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

const (
	reachIn = 3 * time.Second // the database has to begin an answer
	checkIn = 3 * time.Minute // govulncheck has to end
)

// found is the exit code of govulncheck for vulnerabilities.
const found = 3

func main() {
	database := os.Getenv("GOVULNDB")
	if database == "" {
		database = "https://vuln.go.dev"
	}
	c := check{database: database, reachIn: reachIn, checkIn: checkIn, out: os.Stdout,
		command: []string{"go", "tool", "govulncheck", "-db", database, "./..."}}
	if err := c.run(); err != nil {
		fmt.Fprintln(os.Stderr, "vuln:", err)
		os.Exit(1)
	}
}

// check is one run.
type check struct {
	database         string
	command          []string // govulncheck
	reachIn, checkIn time.Duration
	out              io.Writer
}

// run prints what govulncheck says. It returns an error if there are vulnerabilities, or if
// govulncheck has failed though the database can be reached.
func (c check) run() error {
	if err := c.reach(); err != nil {
		return c.unreached(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.checkIn)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.command[0], c.command[1:]...)
	cmd.Stdout, cmd.Stderr = c.out, c.out
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit) && exit.ExitCode() == found:
		return errors.New("found vulnerabilities that the code can meet: see above")
	case ctx.Err() != nil:
		return c.unreached(fmt.Errorf("no result within %v", c.checkIn))
	}
	if lost := c.reach(); lost != nil {
		return c.unreached(lost)
	}
	return fmt.Errorf("govulncheck: %w", err)
}

// reach asks the database for the least that it has.
func (c check) reach() error {
	if strings.HasPrefix(c.database, "file://") {
		return nil
	}
	client := http.Client{Timeout: c.reachIn}
	r, err := client.Get(strings.TrimSuffix(c.database, "/") + "/index/db.json")
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return errors.New(r.Status)
	}
	return nil
}

// unreached says in one line that nothing was checked.
func (c check) unreached(reason error) error {
	_, err := fmt.Fprintf(c.out, "vuln: NOT CHECKED, because the database %s was not reached: %v\n", c.database, reason)
	return err
}

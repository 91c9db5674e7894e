// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package control

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/words"
)

// Daemon is what a socket needs of the daemon behind it, whose snapshots are of
// type S.
type Daemon[S any] interface {
	// Status returns a snapshot.
	Status(ctx context.Context) (S, error)

	// Shutdown ends the daemon. It returns at once.
	Shutdown()
}

// Handler answers the commands of one kind of daemon. [QNetd] and [QDevice] make one.
type Handler struct {
	// Log gets the stack of a defect that a command has run into; the client gets an
	// error, and the daemon goes on. May be nil.
	Log *slog.Logger

	name     string // of the kind, in error texts
	split    func(line string) []string
	commands []string // those that report takes
	shutdown func()

	// report answers one of the commands.
	report func(ctx context.Context, command string, args []string) ([]byte, error)
}

// QNetd makes the handler of an arbiter: status, list, json, shutdown.
func QNetd(d Daemon[status.QNetd]) Handler {
	return Handler{
		name: "QNetd", split: words.SplitQuoted, commands: []string{"status", "list", "json"}, shutdown: d.Shutdown,
		report: func(ctx context.Context, command string, args []string) ([]byte, error) {
			st, err := d.Status(ctx)
			if err != nil {
				return nil, err
			}
			verbose, cluster := options(args)
			switch command {
			case "status":
				return status.AppendStatus(nil, &st, verbose), nil
			case "list":
				return status.AppendList(nil, &st, verbose, cluster), nil
			}
			return status.AppendJSON(nil, &st, cluster)
		},
	}
}

// QDevice makes the handler of a node daemon: status, json, shutdown. Its words have
// no quotes, and times are local, as in C.
func QDevice(d Daemon[status.QDevice]) Handler {
	return Handler{
		name: "QDevice", split: words.Split, commands: []string{"status", "json"}, shutdown: d.Shutdown,
		report: func(ctx context.Context, command string, args []string) ([]byte, error) {
			st, err := d.Status(ctx)
			if err != nil {
				return nil, err
			}
			if command == "json" {
				return status.AppendQDeviceJSON(nil, &st)
			}
			return status.AppendQDevice(nil, &st, len(args) > 0 && strings.EqualFold(args[0], "verbose"), time.Local), nil
		},
	}
}

// run carries out a command line and returns the answer, and whether the
// daemon is to end once it has been sent.
func (h Handler) run(ctx context.Context, line string) (out []byte, shutdown bool) {
	defer func() {
		if r := recover(); r != nil {
			if h.Log != nil {
				h.Log.Error("this is a defect of quorate: please report it", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			}
			out, shutdown = failure("Internal error"), false
		}
	}()
	list := h.split(line)
	if len(list) == 0 || list[0] == "" {
		return failure("No command specified"), false
	}
	command, args := strings.ToLower(list[0]), list[1:]
	if command == "shutdown" {
		if len(args) > 1 || len(args) == 1 && !strings.EqualFold(args[0], "verbose") { // which -v adds
			return failure("shutdown takes no argument"), false // C ignores them and stops (Q7)
		}
		return []byte("OK\n"), true
	}
	for _, known := range h.commands {
		if command == known {
			text, err := h.report(ctx, command, args)
			if err != nil {
				return failure("Can't get " + h.name + " status"), false
			}
			return append([]byte("OK\n"), text...), false
		}
	}
	return failure("Unknown command '" + status.EscapeText(list[0]) + "'"), false
}

// options reads the words behind an arbiter's command; an unknown one ends them, as
// in C.
func options(args []string) (verbose bool, cluster string) {
	for len(args) > 0 {
		switch strings.ToLower(args[0]) {
		case "verbose":
			verbose = true
		case "cluster":
			if len(args) < 2 {
				return verbose, cluster
			}
			cluster, args = args[1], args[1:]
		default:
			return verbose, cluster
		}
		args = args[1:]
	}
	return verbose, cluster
}

func failure(text string) []byte { return []byte("Error\n" + text + "\n") }

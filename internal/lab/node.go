// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/engine"
	"github.com/quorate/quorate/internal/engine/core"
	nodedaemon "github.com/quorate/quorate/internal/node"
	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/votequorum"
)

var _ nodedaemon.Engine = (*engine.Node)(nil)

// restartAfter is how long a daemon that has failed stays away, as a unit of
// systemd would.
const restartAfter = time.Second

// runDaemon runs a node's daemon until ctx is done or the node has no power.
func (l *Lab) runDaemon(ctx context.Context, id qnet.NodeID) error {
	name := "node" + id.String()
	log := l.logger(name)
	s := nodeconf.DefaultSettings()
	s.CertDir = l.nodeDir()
	s.LockFile = filepath.Join(l.dir, name+".pid")
	s.SocketFile = filepath.Join(l.dir, name+".sock")
	s.HeartbeatMin = uint32(min(l.cfg.Timers.Heartbeat.Milliseconds(), 1000))
	for {
		err := nodedaemon.Run(ctx, nodedaemon.Config{
			Settings: s, Log: log,
			Control: daemon.ControlConfig{Path: s.SocketFile, Options: control.ListenOptions{GID: -1}, Limits: control.NodeLimits()},
			Engine:  func(context.Context) (nodedaemon.Engine, error) { return l.engine.Open(id) },
		})
		if ctx.Err() != nil || errors.Is(err, corosync.ErrLibrary) || errors.Is(err, engine.ErrClosed) {
			return nil
		}
		log.Error("the node daemon has ended and is started again", "reason", fmt.Sprint(err))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(restartAfter):
		}
	}
}

// engineEvent logs what the engine says of a node.
func (l *Lab) engineEvent(o core.Output) {
	switch o := o.(type) {
	case core.Log:
		level := slog.LevelInfo
		if o.Level != votequorum.Info {
			level = slog.LevelWarn
		}
		l.logger("node"+o.Node.String()).Log(context.Background(), level, "engine: "+o.Text)
	case core.Split:
		var who []string
		for _, ids := range o.Parts {
			who = append(who, nodesText(ids))
		}
		l.watch.alarm(Event{Who: "alarm", Tone: Bad, Text: "split brain: " + strings.Join(who, " and ") + " are quorate at once"})
	case core.Conflict:
		l.logger("node"+o.Lost.String()).Error("changes of this node are lost", "kept", o.Kept)
		l.watch.alarm(Event{Who: "alarm", Tone: Bad, Text: fmt.Sprintf(
			"nodes %v and %v have each changed what the other never saw: what only node %v had is gone", o.Kept, o.Lost, o.Lost)})
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/corosync/votequorum"
)

// endlessSync is votequorum in a sync that lasts for as long as the test wants:
// another node has not polled yet. The other services wait meanwhile.
type endlessSync struct {
	*corotest.Votequorum
	on    bool          // with the server's lock
	asked chan struct{} // capacity 1: a request to another service waits
}

// Holds implements corotest.Holder.
func (s *endlessSync) Holds() bool {
	if s.on {
		select {
		case s.asked <- struct{}{}:
		default:
		}
	}
	return s.on || s.Votequorum.Holds()
}

// TestLeavesInSync: the end is asked for while the configuration is being read again
// and cmap answers nobody. The call that is given up takes no connection along that
// is still needed: the device is taken back.
func TestLeavesInSync(t *testing.T) {
	m := newMachine(t, 1, "127.0.0.1:1", t.TempDir())
	m.cmap.Set("quorum.device.net.tls", cmap.StringValue("off"))
	m.start()
	m.server.Stall(func() {
		m.sync.on = true
		m.cmap.Set("totem.config_version", cmap.Uint64Value(4))
	})
	<-m.sync.asked
	m.stop()
	if f := m.flags(); f.Has(votequorum.Registered) {
		t.Errorf("the device was left behind: %v", f)
	}
	m.server.Stall(func() { m.sync.on = false })
}

// TestLeavesSlowCorosync: Corosync stands still for longer than the last poll is
// waited for. The device is taken back all the same, when it answers again.
func TestLeavesSlowCorosync(t *testing.T) {
	m := newMachine(t, 1, "127.0.0.1:1", t.TempDir())
	m.cmap.Set("quorum.device.net.tls", cmap.StringValue("off"))
	m.start()
	m.server.Stall(func() {
		m.cancel()
		m.await("given up the last poll", func() bool { return strings.Contains(m.log.String(), "event=poll_unanswered") })
	})
	m.stop()
	if f := m.flags(); f.Has(votequorum.Registered) {
		t.Errorf("the device was left behind: %v", f)
	}
}

// TestLeavesWithoutCmap: the connection to cmap alone is lost, and with it the engine. The
// device is taken back over a new connection to votequorum.
func TestLeavesWithoutCmap(t *testing.T) {
	m := newMachine(t, 1, "127.0.0.1:1", t.TempDir())
	m.cmap.Set("quorum.device.net.tls", cmap.StringValue("off"))
	m.start()
	m.server.Peers("cmap")[0].Hangup()
	if err := <-m.done; err == nil || !strings.Contains(err.Error(), "Corosync is gone") {
		t.Errorf("ended with %v", err)
	}
	if f := m.flags(); f.Has(votequorum.Registered) {
		t.Errorf("the device was left behind: %v", f)
	}
}

// busyVotequorum is votequorum that refuses to unregister so many times.
type busyVotequorum struct {
	*corotest.Votequorum
	times int
}

// Serve implements corotest.Service.
func (v *busyVotequorum) Serve(p *corotest.Peer, r *qb.Reader) {
	if r.ID() == 6 && v.times > 0 {
		v.times--
		p.Status(0, corosync.ErrTryAgain)
		return
	}
	v.Votequorum.Serve(p, r)
}

// TestBusyToTheEnd: the time that ends in the middle of a call does not hide that
// Corosync was busy; the end of a first call is told as it is.
func TestBusyToTheEnd(t *testing.T) {
	for want, errs := range map[error][]error{
		corosync.ErrTryAgain:     {corosync.ErrTryAgain, context.DeadlineExceeded},
		context.DeadlineExceeded: {context.DeadlineExceeded},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		err := whileBusy(ctx, func() error {
			err := errs[0]
			if errs = errs[1:]; len(errs) == 0 {
				cancel()
			}
			return err
		})
		if cancel(); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

// lateTimer is a context whose time is over, but whose timer has not fired yet.
type lateTimer struct{ context.Context }

func (lateTimer) Deadline() (time.Time, bool) { return time.Now().Add(-time.Millisecond), true }

// TestBusyBeforeTheTimer: a call may find that the time is over before its context does.
func TestBusyBeforeTheTimer(t *testing.T) {
	errs := []error{corosync.ErrTryAgain, os.ErrDeadlineExceeded}
	err := whileBusy(lateTimer{t.Context()}, func() error {
		err := errs[0]
		errs = errs[1:]
		return err
	})
	if !errors.Is(err, corosync.ErrTryAgain) {
		t.Errorf("got %v", err)
	}
}

// TestWithdrawBusy: a Corosync that is busy is asked again, whether it does not take
// clients or not the request.
func TestWithdrawBusy(t *testing.T) {
	server, vq := corotest.New(t, corotest.Config{}), corotest.NewVotequorum(1, 2)
	busy := &busyVotequorum{Votequorum: vq}
	server.Handle("votequorum", busy)
	registered := func() (yes bool) {
		server.Stall(func() { i, _ := vq.Info(0); yes = i.Flags.Has(votequorum.Registered) })
		return yes
	}
	for name, begin := range map[string]func(){
		"request": func() { server.Stall(func() { busy.times = 2 }) },
		"clients": func() {
			server.Refuse(11) // EAGAIN
			time.AfterFunc(busyPause, func() { server.Refuse(0) })
		},
	} {
		c, err := votequorum.Dial(t.Context(), server.Options())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Register(t.Context(), "Qdevice"); err != nil || c.Close() != nil || !registered() {
			t.Fatal(err)
		}
		begin()
		done, err := Withdraw(t.Context(), server.Options(), "Qdevice", filepath.Join(t.TempDir(), "pid"))
		if got := fmt.Sprint(done, " ", err); got != "true <nil>" || registered() {
			t.Errorf("%s: %s", name, got)
		}
	}
	server.Refuse(11)
	for limit := 3 * busyPause; ; limit *= 4 { // it must have been asked once within that
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		_, err := Withdraw(ctx, server.Options(), "Qdevice", filepath.Join(t.TempDir(), "pid"))
		if cancel(); errors.Is(err, corosync.ErrTryAgain) {
			return
		}
		if t.Logf("busy for good, and %v for it: %v", limit, err); limit > 5*time.Second {
			t.Fatal("never said so")
		}
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"reflect"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/nodeconf"
	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
)

// TestCalendar: every instant of a snapshot, wherever it stands, is found; one that is not
// set stays so.
func TestCalendar(t *testing.T) {
	now, wall := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	var empty status.QDevice
	if calendar(&empty, now, wall); !reflect.DeepEqual(empty, status.QDevice{}) {
		t.Errorf("an empty snapshot: %+v", empty)
	}
	var s status.QDevice
	set := fill(t, reflect.ValueOf(&s).Elem(), "QDevice", now.Add(-3*time.Second))
	if set < 8 {
		t.Fatalf("only %d instants", set)
	}
	calendar(&s, now, wall)
	found := 0
	instants(reflect.ValueOf(&s), func(at *time.Time) {
		if found++; !at.Equal(wall.Add(-3 * time.Second)) {
			t.Errorf("an instant is %v", at)
		}
	})
	if found != set {
		t.Errorf("%d instants found, %d were set", found, set)
	}
}

// fill sets each instant of a value and makes each list one long and each pointer point
// somewhere. It counts the instants, and fails for one that stands where calendar does not
// look.
func fill(t *testing.T, v reflect.Value, path string, at time.Time) (n int) {
	t.Helper()
	if v.Type() == reflect.TypeFor[time.Time]() {
		if !v.CanSet() {
			t.Errorf("%s is an instant that can't be changed: calendar does not look there", path)
			return 0
		}
		v.Set(reflect.ValueOf(at))
		return 1
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			n += fill(t, v.Field(i), path+"."+v.Type().Field(i).Name, at)
		}
	case reflect.Slice:
		if v.CanSet() {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			n = fill(t, v.Index(0), path+"[0]", at)
		}
	case reflect.Array:
		for i := range v.Len() {
			n += fill(t, v.Index(i), path, at)
		}
	case reflect.Pointer:
		if v.CanSet() {
			v.Set(reflect.New(v.Type().Elem()))
			n = fill(t, v.Elem(), path, at)
		}
	case reflect.Map, reflect.Interface, reflect.Chan, reflect.Func:
		t.Errorf("%s is a %s: calendar does not look there", path, v.Kind())
	}
	return n
}

// TestStatusCalendar: the daemon's snapshot tells instants of the calendar, whatever the
// machine's clock shows.
func TestStatusCalendar(t *testing.T) {
	boot := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	m := qdevice.New(qdevice.Config{Node: 1, Cluster: "home", Timeout: 10 * time.Second, Heartbeat: 8 * time.Second}, boot)
	m.Step(boot, qdevice.Configured{Nodes: qnet.NodeList{{ID: 1}, {ID: 2}}})
	m.Step(boot, qdevice.Membership{Ring: qnet.RingID{Node: 1, Seq: 8}, Members: []qnet.NodeID{1, 2}})
	m.Step(boot, qdevice.Tick{})
	m.Step(boot, qdevice.Disconnected{Why: "connection refused"})
	if at := m.Status().LostAt; !at.Equal(boot) {
		t.Fatalf("the machine: lost at %v", at)
	}
	l := &loop{machine: m, cfg: &nodeconf.Config{}}
	before := time.Now()
	s, ok := l.status(boot.Add(5 * time.Second))
	if at := s.LostAt; !ok || at.Before(before.Add(-5*time.Second).Round(0)) || at.After(time.Now().Add(-5*time.Second)) {
		t.Errorf("lost at %v, and it is %v now: want 5 s ago", at, before)
	}
}

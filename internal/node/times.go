// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"reflect"
	"time"
)

// calendar makes of every instant in the value at p, which is one of the machine's clock,
// the instant of the calendar. The machine's clock shows now when the calendar shows wall,
// and goes on through changes of the time. Instants are found by their type: a new one can't
// be forgotten.
func calendar(p any, now, wall time.Time) {
	instants(reflect.ValueOf(p), func(t *time.Time) {
		if !t.IsZero() {
			*t = wall.Add(t.Sub(now)).Round(0)
		}
	})
}

// instants calls f with every instant in a value, through fields, lists and pointers.
func instants(v reflect.Value, f func(*time.Time)) {
	if t, ok := v.Interface().(*time.Time); ok && t != nil {
		f(t)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		switch e := v.Elem(); e.Kind() {
		case reflect.Struct:
			for i := range e.NumField() {
				if e.Type().Field(i).IsExported() {
					instants(e.Field(i).Addr(), f)
				}
			}
		case reflect.Slice, reflect.Array:
			for i := range e.Len() {
				instants(e.Index(i).Addr(), f)
			}
		case reflect.Pointer:
			instants(e, f)
		}
	}
}

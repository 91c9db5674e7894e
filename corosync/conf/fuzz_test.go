// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

import (
	"bytes"
	"errors"
	"testing"
)

// FuzzParse wants Parse to give back what it took, and edits to end in a file
// that parses, holds the value, and can be undone or was not changed.
func FuzzParse(f *testing.F) {
	for _, text := range seed(f) {
		f.Add(text, "totem.token", "1000")
	}
	f.Add([]byte("quorum {\r\n}\r\n"), "quorum.device.net.host", "192.0.2.5")
	f.Add([]byte("x\x00"), "totem.interface.1.mcastport", "5405")
	f.Add([]byte("a {\nb:\n}"), "logging.logger_subsys.X.debug", "on")
	f.Fuzz(func(t *testing.T, text []byte, key, value string) {
		file, err := Parse(text)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%T is no *Error", err)
			}
			return
		}
		if !bytes.Equal(file.Bytes(), text) {
			t.Fatalf("%q became %q", text, file.Bytes())
		}
		_ = file.Check(Host{Name: "a"})
		_ = file.Lint()
		edit(t, file, func() error { return file.Set(key, value) }, func() bool { v, ok := file.Get(key); return ok && v == value })
		edit(t, file, func() error { return file.Delete(key) }, func() bool { _, ok := file.Get(key); return !ok })
		count := len(file.Nodes())
		node := Node{ID: 77, Name: value, Addrs: []string{"192.0.2.77"}}
		edit(t, file, func() error { return file.AddNode(node) }, func() bool { return len(file.Nodes()) == count+1 })
		edit(t, file, func() error { return file.RemoveNode(77) }, func() bool { return len(file.Nodes()) <= count })
		edit(t, file, func() error { _, err := file.RaiseVersion(); return err }, func() bool { _, ok := file.Get(versionKey); return ok })
	})
}

// edit wants a change that fails to change nothing, and one that succeeds to
// leave a file that parses and to have done what it should.
func edit(t *testing.T, f *File, change func() error, done func() bool) {
	t.Helper()
	before, faults := f.Bytes(), len(f.errs)
	if err := change(); err != nil {
		if !bytes.Equal(f.Bytes(), before) {
			t.Fatalf("%v, and %q became %q", err, before, f.Bytes())
		}
		return
	}
	g, err := Parse(f.Bytes())
	if err != nil {
		t.Fatalf("%q became %q: %v", before, f.Bytes(), err)
	}
	if len(g.errs) > faults {
		t.Fatalf("%q became %q: %v", before, f.Bytes(), g.errs)
	}
	if !done() {
		t.Fatalf("%q became %q: not what was asked for", before, f.Bytes())
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qb

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/quorate/quorate/corosync"
)

func sample(l Layout) Setup {
	const dir = "/dev/shm/qb-12-34-5-abcdef/"
	return Setup{
		Transport: SharedMemory, MaxMessage: 65536, Layout: l,
		Request: dir + "qb-request-cmap", Response: dir + "qb-response-cmap", Event: dir + "qb-event-cmap",
	}
}

// TestSetup takes what a server says, and refuses paths that libqb never makes.
func TestSetup(t *testing.T) {
	for _, l := range []Layout{Layout64, Layout32} {
		want := sample(l)
		got, err := ParseSetup("cmap", want.Append(nil))
		if err != nil || got != want {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	b := sample(Layout64).Append(nil)
	copy(b[32:], "\x10\x20\x30\x40/V\x00\x00") // a pointer, as one daemon in 256 has it
	if got, err := ParseSetup("cmap", b); err != nil || got != sample(Layout64) {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err := ParseSetup("cmap", Setup{Errno: syscall.EACCES}.Append(nil))
	if err != nil || got.Errno != syscall.EACCES {
		t.Errorf("refused: %+v, %v", got, err)
	}
	for name, change := range map[string]func(*Setup){
		"other service": func(s *Setup) { s.Event = strings.TrimSuffix(s.Event, "cmap") + "cfg" },
		"other dir":     func(s *Setup) { s.Event = "/dev/shm/qb-x/qb-event-cmap" },
		"no libqb dir": func(s *Setup) {
			s.Request, s.Response, s.Event = "/etc/qb-request-cmap", "/etc/qb-response-cmap", "/etc/qb-event-cmap"
		},
		"dots":         func(s *Setup) { s.Request = "/dev/shm/../shm/qb-12-34-5-abcdef/qb-request-cmap" },
		"relative":     func(s *Setup) { s.Response = s.Response[1:] },
		"twice":        func(s *Setup) { s.Event = s.Request },
		"transport":    func(s *Setup) { s.Transport = 2 },
		"huge":         func(s *Setup) { s.MaxMessage = 1 << 30 },
		"tiny":         func(s *Setup) { s.MaxMessage = 100 },
		"socket paths": func(s *Setup) { s.Transport = Socket },
	} {
		s := sample(Layout64)
		change(&s)
		if _, err := ParseSetup("cmap", s.Append(nil)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzParseSetup(f *testing.F) {
	f.Add(sample(Layout64).Append(nil))
	f.Add(sample(Layout32).Append(nil))
	for _, errno := range []syscall.Errno{syscall.EAGAIN, 1, 4095, 4096, 8192, 1<<31 - 4096, 1 << 31, 1<<32 - 4096, 1<<32 - 1} {
		f.Add(Setup{Errno: errno}.Append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseSetup("cmap", b)
		if err != nil {
			return
		}
		if e := int32(native.Uint32(b[16:])); int64(s.Errno) != -int64(e) {
			t.Fatalf("error %d became %d", e, s.Errno)
		}
		if again, err := ParseSetup("cmap", s.Append(nil)); err != nil || again != s {
			t.Errorf("%+v became %+v, %v", s, again, err)
		}
	})
}

// FuzzParseSetupRequest reads a client's wish.
func FuzzParseSetupRequest(f *testing.F) {
	m := NewMessage(setupID, setupRequestSize)
	m.U32(16, 65536)
	f.Add([]byte(m))
	f.Fuzz(func(t *testing.T, b []byte) {
		if n, err := ParseSetupRequest(b); err == nil && n != native.Uint32(b[16:]) {
			t.Errorf("got %d", n)
		}
	})
}

// FuzzReader reads every kind of field anywhere: it must not panic, and have an
// error for what is not there.
func FuzzReader(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz"), 8, uint32(3))
	f.Add([]byte{}, -1, uint32(1<<31))
	f.Fuzz(func(t *testing.T, b []byte, off int, n uint32) {
		for _, read := range []func(*Reader){
			func(r *Reader) { r.U8(off) }, func(r *Reader) { r.U16(off) }, func(r *Reader) { r.U32(off) },
			func(r *Reader) { r.U64(off) }, func(r *Reader) { r.Text(off, int(n)) }, func(r *Reader) { r.Name(off) },
			func(r *Reader) { r.U32s(off, n) }, func(r *Reader) { r.Bytes(off, int(n)) },
		} {
			r := NewReader("cmap", "get", b)
			read(r)
			if (off < 0 || off > len(b)) && r.Err() == nil {
				t.Fatalf("offset %d of %d", off, len(b))
			}
			if r.Err() != nil && (r.U32(0) != 0 || r.Text(0, 1) != "") {
				t.Fatal("a failed reader reads on")
			}
		}
	})
}

func TestFields(t *testing.T) {
	m := NewMessage(7, 400)
	m.U8(16, 1)
	m.U16(18, 2)
	m.U32(20, 3)
	m.U64(24, 4)
	m.Text(32, "text")
	m.Name(40, "name")
	m.Name(120, strings.Repeat("x", 300))
	r := NewReader("s", "c", m)
	if r.ID() != 7 || r.Len() != 400 || r.U8(16) != 1 || r.U16(18) != 2 || r.U32(20) != 3 || r.U64(24) != 4 ||
		r.Text(32, 8) != "text" || !slices.Equal(r.U32s(20, 2), []uint32{3, 4}) && native.Uint16([]byte{1, 0}) == 1 {
		t.Error("fields differ")
	}
	if r.Name(120) != strings.Repeat("x", 255) || r.Err() != nil {
		t.Errorf("name: %v", r.Err())
	}
	r.U32(398)
	if e, ok := r.Err().(*corosync.Error); !ok || e.Code != corosync.ErrMessage || e.Service != "s" || e.Call != "c" {
		t.Errorf("got %v", r.Err())
	}
}

// newRings makes a ring and attaches a second time.
func newRings(t testing.TB, size int, l Layout) (server, client *Ring) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ring")
	server, err := CreateRing(path, size, l)
	if err != nil {
		t.Fatal(err)
	}
	client, err = OpenRing(path, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Release(); client.Release() })
	return server, client
}

// TestRing fills and empties rings over many wraps.
func TestRing(t *testing.T) {
	for _, l := range []Layout{Layout64, Layout32} {
		a, b := newRings(t, 5000, l)
		data := bytes.Repeat([]byte("abcdefg"), 1000)
		in, out := 0, 0
		for range 200 {
			for a.Write(data[:in*131%4999]) == nil {
				in++
			}
			for {
				m, ok, err := b.TryRead(nil, 5000)
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					break
				}
				if !bytes.Equal(m, data[:out*131%4999]) {
					t.Fatalf("message %d differs", out)
				}
				out++
			}
		}
		if in != out || in < 400 {
			t.Errorf("%d in, %d out", in, out)
		}
	}
}

// TestRingWait passes messages between goroutines that sleep, both layouts.
func TestRingWait(t *testing.T) {
	for _, l := range []Layout{Layout64, Layout32} {
		there, back := newRings(t, 100, l)
		back2, there2 := newRings(t, 100, l)
		done := make(chan int)
		go func() {
			n := 0
			for {
				m, err := back.Read(nil, 100)
				if err != nil {
					break
				}
				if back2.Write(m) == nil {
					n++
				}
			}
			done <- n
		}()
		for range 20000 {
			if err := there.Write([]byte("ping")); err != nil {
				t.Fatal(err)
			}
			if m, err := there2.Read(nil, 100); err != nil || string(m) != "ping" {
				t.Fatal(m, err)
			}
		}
		back.Interrupt()
		if n := <-done; n != 20000 {
			t.Errorf("%d passed", n)
		}
	}
}

// FuzzRing reads a ring whose words anybody wrote.
func FuzzRing(f *testing.F) {
	f.Add([]byte{4, 0, 0, 0, 0xa1, 0xa1, 0xa1, 0xa1, 1, 2, 3, 4}, uint32(0), uint32(3), uint32(1))
	f.Add([]byte{}, uint32(1<<30), uint32(1), uint32(2))
	a, b := newRings(f, 4000, Layout64)
	f.Fuzz(func(t *testing.T, data []byte, rd, w, sem uint32) {
		clear(a.data)
		copy(a.data[int(rd%a.words)*4:], data)
		*u32at(a.header, offRead), *u32at(a.header, offWrite) = rd, w
		*a.sem.wide = uint64(sem % 4)
		m, _, _ := b.TryRead(nil, 4000)
		if len(m) > 4000 {
			t.Errorf("%d bytes", len(m))
		}
		_ = b.Write(data)
	})
}

// TestHostileRings refuses headers that lie.
func TestHostileRings(t *testing.T) {
	for name, change := range map[string]func(*Ring){
		"no words":   func(r *Ring) { *u32at(r.header, offWords) = 0 },
		"too many":   func(r *Ring) { *u32at(r.header, offWords) = 1 << 31 },
		"beyond end": func(r *Ring) { *u32at(r.header, offWords) = r.words + 1 },
		"other data": func(r *Ring) { copy(r.header[offData:], "/etc/passwd\x00") },
		"other libc": func(r *Ring) { *r.sem.marker = 0 },
	} {
		path := filepath.Join(t.TempDir(), "ring")
		r, err := CreateRing(path, 4000, Layout64)
		if err != nil {
			t.Fatal(err)
		}
		change(r)
		if c, err := OpenRing(path, Layout64); err == nil {
			c.Release()
			t.Errorf("%s: accepted", name)
		}
		r.Release()
	}
}

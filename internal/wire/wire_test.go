// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/qnet"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestStrict tries what a decoder must refuse, and what it must let pass: among
// it an empty body and stray bytes at the end, behind which nothing is read (SEC-8).
func TestStrict(t *testing.T) {
	for _, c := range []struct {
		name string
		typ  MessageType
		body string
		ok   bool
		seq  bool // the fault is told with the sequence number
	}{
		{"empty body", TypeStartTLS, "", false, false},
		{"one stray byte", TypeStartTLS, "0000 0004 00000001 00", false, true},
		{"three stray bytes", TypeStartTLS, "0000 0004 00000001 000000", false, true},
		{"value overruns", TypeStartTLS, "0000 0005 00000001", false, false},
		{"sequence number of 3 bytes", TypeStartTLS, "0000 0003 000001", false, false},
		{"sequence number behind the fault", TypeInit, "0009 0003 000001 0000 0004 00000001", false, false},
		{"unknown option", TypeStartTLS, "0000 0004 00000001 03e7 0003 010203", true, false},
		{"unknown option alone", TypeStartTLS, "03e7 0000", true, false},
		{"foreign option", TypeStartTLS, "0000 0004 00000001 0013 0001 01", true, false},
		{"broken foreign option", TypeStartTLS, "0000 0004 00000001 0013 0001 06", false, true},
		{"tls 3", TypePreinitReply, "0002 0001 03", false, false},
		{"client cert 255", TypePreinitReply, "0003 0001 ff", true, false},
		{"odd list", TypeInit, "0004 0003 000001", false, false},
		{"empty list", TypeInit, "0004 0000", true, false},
		{"node ID 0 at top", TypeInit, "0009 0004 00000000", true, false},
		{"algorithm 65535", TypeInit, "000b 0002 ffff", true, false},
		{"ring of 8 bytes", TypeInit, "000d 0008 0000000100000000", false, false},
		{"tie-breaker mode 0", TypeInit, "0015 0005 0000000000", false, false},
		{"tie-breaker mode 4", TypeInit, "0015 0005 0400000000", false, false},
		{"tie-breaker of 4 bytes", TypeInit, "0015 0004 01000000", false, false},
		{"list type 4", TypeNodeList, "0012 0001 04", false, false},
		{"quorate 2", TypeNodeList, "0014 0001 02", false, false},
		{"heuristics 0", TypeNodeList, "0016 0001 00", false, false},
		{"heuristics 3", TypeNodeList, "0016 0001 03", false, false},
		{"kap 2", TypeSetOption, "0017 0001 02", false, false},
		{"vote 0", TypeVoteInfo, "0013 0001 00", false, false},
		{"vote 6", TypeVoteInfo, "0013 0001 06", false, false},
		{"config version of 4 bytes", TypeNodeList, "000e 0004 00000001", false, false},
		{"node info without ID", TypeNodeList, "0011 0008 000f 0004 00000001", false, false},
		{"node info with ID 0", TypeNodeList, "0011 0008 0009 0004 00000000", false, false},
		{"node info with state 0", TypeNodeList, "0011 000d 0009 0004 00000001 0010 0001 00", false, false},
		{"node info overrun inside", TypeNodeList, "0011 0008 0009 0005 00000001", false, false},
		{"node info with an unknown option", TypeNodeList, "0011 000d 0009 0004 00000001 03e7 0001 00", true, false},
		{"node info within a node info is nothing", TypeNodeList, "0011 000c 0009 0004 00000001 0011 0000", true, false},
		{"grace of 2 bytes", TypeInitReply, "8001 0002 0001", false, false},
		{"still casting of 4 bytes", TypeInit, "8002 0004 00000001", false, false},
		{"a register of 4 bytes", TypeInitReply, "8004 0004 00000001", false, false},
		{"a reason of no bytes", TypeVoteInfo, "8003 0000", false, false},
		{"a reason of 512 bytes", TypeVoteInfo, "8003 0200" + strings.Repeat("61", 512), true, false},
		{"a reason of 513 bytes", TypeVoteInfo, "8003 0201" + strings.Repeat("61", 513), false, false},
		{"a reason that is no UTF-8", TypeVoteInfo, "8003 0002 61ff", false, false},
		{"a reason with half a rune", TypeVoteInfo, "8003 0002 61c3", false, false},
		{"a reason that would move a cursor", TypeVoteInfo, "8003 0004 1b5b4841", true, false},
	} {
		m, bad := Decode(c.typ, unhex(t, c.body))
		if (bad == nil) != c.ok {
			t.Errorf("%s: %v, %v", c.name, m, bad)
			continue
		}
		if bad != nil && (bad.Fault != FaultUndecodable || bad.Seq.Set != c.seq || bad.Err == nil || bad.Type != c.typ) {
			t.Errorf("%s: %+v", c.name, bad)
		}
	}
}

// TestLastWins: of an option that stands twice the last one counts, except
// for node infos, which add up.
func TestLastWins(t *testing.T) {
	m, bad := Decode(TypeNodeList, unhex(t, "0000 0004 00000001 0000 0004 00000002 0011 0008 0009 0004 00000007 0011 0008 0009 0004 00000007"))
	if bad != nil {
		t.Fatal(bad.Err)
	}
	want := NodeList{Seq: Some(uint32(2)), Nodes: qnet.NodeList{{ID: 7}, {ID: 7}}}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got %+v", m)
	}
}

// TestTieBreakerNode: the node ID has a meaning in one mode only.
func TestTieBreakerNode(t *testing.T) {
	m, _ := Decode(TypeInit, unhex(t, "0015 0005 01 00000009"))
	if got := m.(Init).TieBreaker.V; got != (qnet.TieBreaker{Mode: qnet.TieBreakerLowest}) {
		t.Errorf("got %+v", got)
	}
}

// TestOurOptions holds our own options, which C never sent, to their bytes, whole and
// cut at each byte.
func TestOurOptions(t *testing.T) {
	ring, ack := Some(qnet.RingID{Node: 1, Seq: 9}), Some(qnet.VoteACK)
	const votes = "0000 0004 00000007 0013 0001 01 000d 000c 00000001 0000000000000009"
	for _, c := range []struct {
		m    Message
		body string
	}{
		{InitReply{Code: Some(NoError), Grace: Some(uint32(16000))}, "0006 0002 0000 8001 0004 00003e80"},
		{InitReply{Code: Some(ErrInternal), Reason: Some("why")}, "0006 0002 000a 8003 0003 776879"},
		{
			InitReply{Code: Some(NoError), Register: Some(qnet.RegisterID{0xc0, 15: 0xfe})},
			"0006 0002 0000 8004 0010 c00000000000000000000000000000fe",
		},
		{
			Init{Seq: Some(uint32(1)), StillCasting: Some(uint8(1)), DeviceTimeout: Some(uint32(300000))},
			"0000 0004 00000001 8002 0001 01 8005 0004 000493e0",
		},
		{
			NodeList{Seq: Some(uint32(7)), ListType: Some(qnet.InitialConfig), Names: Names(qnet.Names{{ID: 1, Name: "pve1"}, {ID: 2, Name: "\u00e4"}})},
			"0000 0004 00000007 0012 0001 00 8006 0010 00000001 04 70766531 00000002 02 c3a4",
		},
		{VoteInfo{Seq: Some(uint32(7)), Vote: ack, RingID: ring, Reason: Reason("gr\u00fcn")}, votes + "8003 0005 6772c3bc6e"},
		{AskForVoteReply{Seq: Some(uint32(7)), Vote: ack, RingID: ring, Reason: Reason("so")}, votes + "8003 0002 736f"},
		{
			HeuristicsChangeReply{Seq: Some(uint32(7)), Vote: ack, RingID: ring, Heuristics: qnet.HeuristicsPass, Reason: Reason("so")},
			votes + "0016 0001 01 8003 0002 736f",
		},
		{
			NodeListReply{Seq: Some(uint32(7)), ListType: Some(qnet.Quorum), Vote: ack, RingID: ring, Reason: Reason("so")},
			"0000 0004 00000007 0012 0001 03 000d 000c 00000001 0000000000000009 0013 0001 01 8003 0002 736f",
		},
	} {
		want := unhex(t, c.body)
		b, err := Append(nil, c.m)
		if err != nil || !bytes.Equal(b[HeaderSize:], want) {
			t.Errorf("%+v: %v\n got %x\nwant %x", c.m, err, b[HeaderSize:], want)
		}
		got, bad := Decode(c.m.Type(), want)
		if bad != nil || !reflect.DeepEqual(got, c.m) {
			t.Errorf("%+v became %+v, %v", c.m, got, bad)
		}
		for n := range want {
			m, bad := Decode(c.m.Type(), want[:n])
			if bad != nil {
				continue
			}
			if b, err := Append(nil, m); err != nil || !bytes.Equal(b[HeaderSize:], want[:n]) {
				t.Errorf("%+v cut to %d bytes decodes to something else: %x, %v", c.m, n, b, err)
			}
		}
	}
}

// TestReason: whatever the text, it is made a reason that a reader takes, or none.
func TestReason(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"as it is", "as it is"},
		{"a\xffb", "a\ufffdb"},
		{strings.Repeat("x", 600), strings.Repeat("x", 512)},
		{strings.Repeat("x", 511) + "\u00fc", strings.Repeat("x", 511)},
		{strings.Repeat("x", 510) + "\u00fcy", strings.Repeat("x", 510) + "\u00fc"},
		{"\xff" + strings.Repeat("\u2026", 200), "\ufffd" + strings.Repeat("\u2026", 169)},
	} {
		got := Reason(c.text)
		if got.V != c.want || got.Set != (c.want != "") {
			t.Errorf("%q: %+v", c.text, got)
		}
		if _, err := Append(nil, VoteInfo{Reason: got}); err != nil {
			t.Errorf("%q: %v", c.text, err)
		}
	}
}

// TestNodeOptions: our node lists the options that are only for those who do, behind
// those of C, and nothing else does.
func TestNodeOptions(t *testing.T) {
	list := NodeOptions()
	if len(list) != 26 || list[24] != 32771 || list[25] != 32772 || !reflect.DeepEqual(list[:24], SupportedOptions()) {
		t.Errorf("%v", list)
	}
	for name, takes := range map[string]func([]uint16) bool{"reasons": TakesReasons, "the register": TakesRegister} {
		if !takes(list) || takes(SupportedOptions()) || takes(nil) {
			t.Errorf("who takes %s is not told by the list", name)
		}
	}
}

func TestAppendRefuses(t *testing.T) {
	head := []byte("head")
	for _, m := range []Message{
		Preinit{ClusterName: Some(strings.Repeat("x", 65536))},
		Init{SupportedMessages: Some(make([]uint16, 40000))},
		VoteInfo{Reason: Some("")},
		NodeListReply{Reason: Some(strings.Repeat("x", 513))},
		AskForVoteReply{Reason: Some("a\xff")},
	} {
		if b, err := Append(head, m); err == nil || string(b) != "head" {
			t.Errorf("%T: %d bytes, %v", m, len(b), err)
		}
	}
	if b, err := Append(head, nil); err == nil || string(b) != "head" {
		t.Errorf("nil: %v", err)
	}
}

// TestStreamRefuses: unknown types and messages that are too long are dropped
// and reported at their end, and the stream goes on behind them.
func TestStreamRefuses(t *testing.T) {
	good := unhex(t, "0002 00000008 0000 0004 00000002")
	long := append(unhex(t, "0003 00007ffb"), make([]byte, 0x7ffb)...) // 32769 bytes
	longest := append(unhex(t, "0000 00007ffa 0001 7ff6"), make([]byte, 0x7ff6)...)
	unknown := unhex(t, "0012 00000003 010203")
	unknownEmpty := unhex(t, "ffff 00000000")
	for _, c := range []struct {
		name string
		in   []byte
		want Fault
	}{
		{"too long", long, FaultTooLong},
		{"just not too long", longest, FaultNone},
		{"unknown", unknown, FaultUnknownType},
		{"unknown and empty", unknownEmpty, FaultUnknownType}, // C: code 0 (Q1)
	} {
		for _, chunk := range []int{1, 7, 1024, 1 << 20} {
			s := NewStream(32768)
			var faults []Fault
			for in := append(bytes.Clone(c.in), good...); len(in) > 0; in = in[min(chunk, len(in)):] {
				s.Push(in[:min(chunk, len(in))])
				for {
					_, bad, ok := s.Next()
					if !ok {
						break
					}
					f := FaultNone
					if bad != nil {
						f = bad.Fault
					}
					faults = append(faults, f)
				}
				if s.Buffered() > 32768 {
					t.Fatalf("%s: %d bytes kept", c.name, s.Buffered())
				}
			}
			if want := []Fault{c.want, FaultNone}; !reflect.DeepEqual(faults, want) {
				t.Errorf("%s, %d bytes at a time: %v, want %v", c.name, chunk, faults, want)
			}
		}
	}
}

// TestHugeLimit: no limit lets a header claim more than a slice can hold, on machines
// whose int has 32 bits either.
func TestHugeLimit(t *testing.T) {
	s := NewStream(1<<32 - 1)
	s.Push(unhex(t, "0003 fffffff0"))
	if m, bad, ok := s.Next(); ok || m != nil || bad != nil {
		t.Errorf("half a message is %v, %v", m, bad)
	}
	if s.bad == nil || s.bad.Fault != FaultTooLong {
		t.Errorf("4 GiB: %v", s.bad)
	}
}

// TestClaims: what a header claims costs no memory.
func TestClaims(t *testing.T) {
	for _, head := range []string{"0003 ffffffff", "0003 00007ff0", "7777 ffffffff"} {
		b := unhex(t, head)
		allocs := testing.AllocsPerRun(100, func() {
			s := NewStream(32768)
			s.Push(b)
			if _, _, ok := s.Next(); ok || cap(s.part) > 64 {
				t.Fatalf("%s: %d bytes kept", head, cap(s.part))
			}
		})
		if allocs > 6 {
			t.Errorf("%s: %v allocations", head, allocs)
		}
	}
}

func TestRest(t *testing.T) {
	s := NewStream(32768)
	s.Push([]byte{0, 2, 0, 0})
	s.Next()
	s.Push(unhex(t, "0008 0000 0004 00000002 160301"))
	if m, bad, ok := s.Next(); !ok || bad != nil || m.Type() != TypeStartTLS {
		t.Fatalf("%v, %v, %v", m, bad, ok)
	}
	if got := s.Rest(); !bytes.Equal(got, []byte{0x16, 3, 1}) {
		t.Errorf("rest %x", got)
	}
	if got := s.Rest(); len(got) != 0 {
		t.Errorf("again %x", got)
	}
}

func TestNames(t *testing.T) {
	for _, s := range []string{
		MessageType(99).String(), TLSSupport(9).String(), ReplyError(99).String(), TypePreinit.String(),
		TLSRequired.String(), ErrInvalidMembershipNodeList.String(),
	} {
		if s == "" {
			t.Error("a value without a name")
		}
	}
	if n := len(SupportedMessages()); n != 18 {
		t.Errorf("%d messages", n)
	}
	if n := len(SupportedOptions()); n != 24 {
		t.Errorf("%d options", n)
	}
}

func FuzzDecode(f *testing.F) {
	for _, vec := range vectors(f) {
		f.Add(vec.Decoded.Type, vec.raw[HeaderSize:])
	}
	f.Add(uint16(TypeInitReply), unhex(f, "0006 0002 0000 8004 0010 c00000000000000000000000000000fe"))
	f.Add(uint16(TypeVoteInfo), unhex(f, "0000 0004 00000007 8003 0005 6772c3bc6e"))
	f.Fuzz(func(t *testing.T, typ uint16, body []byte) {
		m, bad := Decode(MessageType(typ), body)
		if (m == nil) == (bad == nil) {
			t.Fatal("both or neither of message and error")
		}
		if m == nil {
			return
		}
		b, err := Append(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) == HeaderSize {
			return // nothing but unknown options
		}
		again, bad := Decode(m.Type(), b[HeaderSize:])
		if bad != nil || !reflect.DeepEqual(m, again) {
			t.Fatalf("%+v became %+v, %v", m, again, bad)
		}
	})
}

func FuzzStream(f *testing.F) {
	f.Add([]byte("\x00\x02\x00\x00\x00\x08\x00\x00\x00\x04\x00\x00\x00\x02"), uint16(3))
	f.Fuzz(func(t *testing.T, in []byte, chunk uint16) {
		whole := outcomes(in, len(in)+1)
		parts := outcomes(in, int(chunk)%64+1)
		if !reflect.DeepEqual(whole, parts) {
			t.Fatalf("%d at a time: %v, at once: %v", int(chunk)%64+1, parts, whole)
		}
	})
}

func outcomes(in []byte, chunk int) (list []any) {
	s := NewStream(512)
	for ; len(in) > 0; in = in[min(chunk, len(in)):] {
		s.Push(in[:min(chunk, len(in))])
		for {
			m, bad, ok := s.Next()
			if !ok {
				break
			}
			if bad != nil {
				list = append(list, bad.Fault, bad.Seq)
			} else {
				list = append(list, m)
			}
		}
	}
	return list
}

func BenchmarkEcho(b *testing.B) {
	in := binary.BigEndian.AppendUint32([]byte{0, 8, 0, 0, 0, 8, 0, 0, 0, 4}, 7)
	s := NewStream(32768)
	var out []byte
	for b.Loop() {
		s.Push(in)
		m, _, _ := s.Next()
		s.Next()
		out, _ = Append(out[:0], EchoReply(m.(EchoRequest)))
	}
}

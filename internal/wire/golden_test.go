// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/quorate/quorate/internal/qnet"
)

// vector is a message that was captured from the C programs, or that they
// answered: see test/vectors.
type vector struct {
	Name    string
	Hex     string
	Decoded struct {
		Type    uint16
		Length  uint32
		Options [][2]any
	}
	raw []byte
}

func vectors(t testing.TB) []vector {
	t.Helper()
	b, err := os.ReadFile("../../test/vectors/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []vector
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	for i := range list {
		if list[i].raw, err = hex.DecodeString(list[i].Hex); err != nil {
			t.Fatal(err)
		}
	}
	if len(list) < 94 {
		t.Fatalf("only %d vectors", len(list))
	}
	return slices.DeleteFunc(list, func(v vector) bool { // two are of a type that nobody knows: see TestStreamRefuses
		return v.Decoded.Type > uint16(TypeHeuristicsChangeReply)
	})
}

// optionNames are the names of the vectors' options, by field.
var optionNames = map[string]string{
	"Seq": "msg_seq_number", "ClusterName": "cluster_name", "TLS": "tls_supported",
	"ClientCertRequired": "tls_client_cert_required", "SupportedMessages": "supported_messages",
	"SupportedOptions": "supported_options", "Code": "reply_error_code", "MaxRequestSize": "server_maximum_request_size",
	"MaxReplySize": "server_maximum_reply_size", "NodeID": "node_id", "SupportedAlgorithms": "supported_decision_algorithms",
	"Algorithm": "decision_algorithm", "Heartbeat": "heartbeat_interval", "RingID": "ring_id",
	"ConfigVersion": "config_version", "ListType": "node_list_type", "Vote": "vote", "Quorate": "quorate",
	"Reason": "reason", "Register": "register", "TieBreaker": "tie_breaker", "KeepActivePartition": "keep_active_partition_tie_breaker",
}

// described lists a message's options as the vectors do, without their order.
func described(m Message) map[string]string {
	out := map[string]string{}
	v := reflect.ValueOf(m)
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Name, v.Field(i)
		switch x := f.Interface().(type) {
		case qnet.NodeList:
			if len(x) > 0 {
				out["node_info"] = fmt.Sprint(nodeInfos(x))
			}
		case qnet.Heuristics:
			if x != 0 {
				out["heuristics"] = fmt.Sprint(uint8(x))
			}
		case []byte:
		default:
			if f.FieldByName("Set").Bool() {
				out[optionNames[name]] = scalar(f.FieldByName("V").Interface())
			}
		}
	}
	return out
}

func nodeInfos(l qnet.NodeList) (list []string) {
	for _, n := range l {
		list = append(list, fmt.Sprintf("%d/%d/%d", n.ID, n.DataCenter, n.State))
	}
	return list
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case qnet.RingID:
		return fmt.Sprintf("%d/%d", v.Node, v.Seq)
	case qnet.TieBreaker:
		return fmt.Sprintf("%d/%d", v.Mode, v.ID)
	}
	if rv := reflect.ValueOf(v); rv.CanUint() {
		return fmt.Sprint(rv.Uint())
	}
	return fmt.Sprint(v)
}

// expected lists a vector's options in the same way.
func expected(vec vector) map[string]string {
	out := map[string]string{}
	var infos []string
	for _, o := range vec.Decoded.Options {
		name := o[0].(string)
		switch v := o[1].(type) {
		case float64:
			out[name] = fmt.Sprintf("%.0f", v)
		case string:
			out[name] = v
		case map[string]any:
			second, ok := v["seq"]
			if ok {
				out[name] = fmt.Sprintf("%.0f/%.0f", v["node_id"], second)
			} else {
				out[name] = fmt.Sprintf("%.0f/%.0f", v["mode"], v["node_id"])
			}
		case []any:
			if name != "node_info" {
				out[name] = fmt.Sprint(v)
				continue
			}
			var id, dc, state float64
			for _, inner := range v {
				pair := inner.([]any)
				switch pair[0] {
				case "node_id":
					id = pair[1].(float64)
				case "data_center_id":
					dc = pair[1].(float64)
				case "node_state":
					state = pair[1].(float64)
				}
			}
			infos = append(infos, fmt.Sprintf("%.0f/%.0f/%.0f", id, dc, state))
			out[name] = fmt.Sprint(infos)
		}
	}
	return out
}

func TestGolden(t *testing.T) {
	types := map[MessageType]bool{}
	for _, vec := range vectors(t) {
		m, bad := Decode(MessageType(vec.Decoded.Type), vec.raw[HeaderSize:])
		if bad != nil {
			t.Errorf("%s: %v", vec.Name, bad.Err)
			continue
		}
		types[m.Type()] = true
		if got, want := described(m), expected(vec); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", vec.Name, got, want)
		}
		again, err := Append(nil, m)
		if err != nil {
			t.Errorf("%s: %v", vec.Name, err)
		}
		if !bytes.Equal(again, vec.raw) {
			t.Errorf("%s: encoded\n got %x\nwant %x", vec.Name, again, vec.raw)
		}
	}
	if len(types) != 18 {
		t.Errorf("the vectors have only %d of 18 types", len(types))
	}
}

// TestTruncated cuts each vector at each byte. Nothing may come of it but an
// error, or, where the cut is between two options, a message with fewer.
func TestTruncated(t *testing.T) {
	for _, vec := range vectors(t) {
		for n := range len(vec.raw) {
			s := NewStream(32768)
			s.Push(vec.raw[:n])
			if m, bad, ok := s.Next(); ok {
				t.Errorf("%s cut to %d bytes: %v, %v", vec.Name, n, m, bad)
			}
			if n < HeaderSize {
				continue
			}
			m, bad := Decode(MessageType(vec.Decoded.Type), vec.raw[HeaderSize:n])
			if (m == nil) == (bad == nil) {
				t.Errorf("%s cut to %d bytes: both or neither of message and error", vec.Name, n)
			}
			if m == nil {
				continue
			}
			if b, err := Append(nil, m); err != nil || !bytes.HasPrefix(vec.raw[HeaderSize:], b[HeaderSize:]) {
				t.Errorf("%s cut to %d bytes decodes to something else: %x", vec.Name, n, b)
			}
		}
	}
}

// TestStreamSplits cuts a stream of all vectors in two at each byte.
func TestStreamSplits(t *testing.T) {
	var all []byte
	var want []Message
	for _, vec := range vectors(t) {
		all = append(all, vec.raw...)
		m, _ := Decode(MessageType(vec.Decoded.Type), vec.raw[HeaderSize:])
		want = append(want, m)
	}
	for at := range len(all) {
		s := NewStream(32768)
		var got []Message
		for _, part := range [][]byte{all[:at], all[at:]} {
			part = bytes.Clone(part)
			s.Push(part)
			for {
				m, bad, ok := s.Next()
				if !ok {
					break
				}
				if bad != nil {
					t.Fatalf("cut at %d: %v", at, bad.Err)
				}
				got = append(got, m)
			}
			clear(part) // the stream may keep nothing of it
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("cut at %d: %d messages, want %d", at, len(got), len(want))
		}
		if s.Buffered() != 0 || s.part != nil || s.in != nil {
			t.Fatalf("cut at %d: a buffer is kept", at)
		}
	}
}

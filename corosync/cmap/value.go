// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cmap

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/quorate/quorate/corosync"
)

// Type is the type of a value.
type Type uint8

// The types of values. None stands for no value, in a [Change].
const (
	None   Type = 0
	Int8   Type = 1
	Uint8  Type = 2
	Int16  Type = 3
	Uint16 Type = 4
	Int32  Type = 5
	Uint32 Type = 6
	Int64  Type = 7
	Uint64 Type = 8
	Float  Type = 9
	Double Type = 10
	String Type = 11
	Binary Type = 12
)

// String names the type as corosync-cmapctl does.
func (t Type) String() string {
	names := [...]string{"none", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "flt", "dbl", "str", "bin"}
	if int(t) < len(names) {
		return names[t]
	}
	return "type " + strconv.Itoa(int(t))
}

// size returns the length of the type's values in bytes; 0 if they differ.
func (t Type) size() int {
	switch t {
	case Int8, Uint8:
		return 1
	case Int16, Uint16:
		return 2
	case Int32, Uint32, Float:
		return 4
	case Int64, Uint64, Double:
		return 8
	}
	return 0
}

var native = binary.NativeEndian

// Value is a typed value. The zero Value is of type None.
type Value struct {
	typ Type
	num uint64 // integers, sign-extended; floats as their bits
	raw string // strings and binary
}

// Uint8Value returns a value of type Uint8; the others are alike.
func Uint8Value(v uint8) Value { return Value{typ: Uint8, num: uint64(v)} }

// Uint16Value returns a value of type Uint16.
func Uint16Value(v uint16) Value { return Value{typ: Uint16, num: uint64(v)} }

// Uint32Value returns a value of type Uint32.
func Uint32Value(v uint32) Value { return Value{typ: Uint32, num: uint64(v)} }

// Uint64Value returns a value of type Uint64.
func Uint64Value(v uint64) Value { return Value{typ: Uint64, num: v} }

// Int8Value returns a value of type Int8.
func Int8Value(v int8) Value { return Value{typ: Int8, num: uint64(int64(v))} }

// Int16Value returns a value of type Int16.
func Int16Value(v int16) Value { return Value{typ: Int16, num: uint64(int64(v))} }

// Int32Value returns a value of type Int32.
func Int32Value(v int32) Value { return Value{typ: Int32, num: uint64(int64(v))} }

// Int64Value returns a value of type Int64.
func Int64Value(v int64) Value { return Value{typ: Int64, num: uint64(v)} }

// FloatValue returns a value of type Float.
func FloatValue(v float32) Value { return Value{typ: Float, num: uint64(math.Float32bits(v))} }

// DoubleValue returns a value of type Double.
func DoubleValue(v float64) Value { return Value{typ: Double, num: math.Float64bits(v)} }

// StringValue returns a value of type String. It ends at the first zero, if s has one.
func StringValue(s string) Value { return Value{typ: String, raw: cut(s)} }

// BinaryValue returns a value of type Binary, which holds a copy of b.
func BinaryValue(b []byte) Value { return Value{typ: Binary, raw: string(b)} }

func cut(s string) string {
	b, _, _ := bytes.Cut([]byte(s), []byte{0})
	return string(b)
}

// ParseValue makes a value from its bytes, as Corosync stores them.
func ParseValue(t Type, b []byte) (Value, error) {
	v := Value{typ: t}
	if n := t.size(); n != 0 && n != len(b) {
		return Value{}, fmt.Errorf("%s of %d bytes: %w", t, len(b), corosync.ErrMessage)
	}
	switch t {
	case None:
		return Value{}, nil
	case Uint8:
		v.num = uint64(b[0])
	case Int8:
		v.num = uint64(int64(int8(b[0])))
	case Uint16:
		v.num = uint64(native.Uint16(b))
	case Int16:
		v.num = uint64(int64(int16(native.Uint16(b))))
	case Uint32, Float:
		v.num = uint64(native.Uint32(b))
	case Int32:
		v.num = uint64(int64(int32(native.Uint32(b))))
	case Uint64, Int64, Double:
		v.num = native.Uint64(b)
	case String:
		v.raw = cut(string(b))
	case Binary:
		v.raw = string(b)
	default:
		return Value{}, fmt.Errorf("%s: %w", t, corosync.ErrNotSupported)
	}
	return v, nil
}

// Append appends the value's bytes to dst. A string has no zero at its end.
func (v Value) Append(dst []byte) []byte {
	switch v.typ.size() {
	case 1:
		return append(dst, byte(v.num))
	case 2:
		return native.AppendUint16(dst, uint16(v.num))
	case 4:
		return native.AppendUint32(dst, uint32(v.num))
	case 8:
		return native.AppendUint64(dst, v.num)
	}
	return append(dst, v.raw...)
}

// Type returns the value's type.
func (v Value) Type() Type { return v.typ }

// Uint returns an integer that is not negative; ok is false for other values.
func (v Value) Uint() (n uint64, ok bool) {
	switch v.typ {
	case Uint8, Uint16, Uint32, Uint64:
		return v.num, true
	case Int8, Int16, Int32, Int64:
		return v.num, int64(v.num) >= 0
	}
	return 0, false
}

// Int returns an integer that an int64 can hold; ok is false for other values.
func (v Value) Int() (n int64, ok bool) {
	switch v.typ {
	case Int8, Int16, Int32, Int64:
		return int64(v.num), true
	case Uint8, Uint16, Uint32, Uint64:
		return int64(v.num), v.num <= math.MaxInt64
	}
	return 0, false
}

// Float returns a value of type Float or Double; ok is false for others.
func (v Value) Float() (f float64, ok bool) {
	switch v.typ {
	case Float:
		return float64(math.Float32frombits(uint32(v.num))), true
	case Double:
		return math.Float64frombits(v.num), true
	}
	return 0, false
}

// Text returns a value of type String; ok is false for others.
func (v Value) Text() (s string, ok bool) { return v.raw, v.typ == String }

// Bytes returns a value of type Binary; ok is false for others.
func (v Value) Bytes() (b []byte, ok bool) { return []byte(v.raw), v.typ == Binary }

// String prints any value for people: numbers in decimal, strings as they are,
// binary in hexadecimal, None as nothing.
func (v Value) String() string {
	if n, ok := v.Int(); ok {
		return strconv.FormatInt(n, 10)
	}
	if n, ok := v.Uint(); ok {
		return strconv.FormatUint(n, 10)
	}
	if f, ok := v.Float(); ok {
		return strconv.FormatFloat(f, 'f', 6, 64)
	}
	if v.typ == Binary {
		return fmt.Sprintf("%x", v.raw)
	}
	return v.raw
}

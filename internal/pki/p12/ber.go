// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package p12

import (
	"crypto/x509"
	"errors"
	"fmt"
	"math"
)

// What a file may have at most. A key, its certificate and its CA are 4 KiB in
// some 150 elements.
const (
	maxSize     = 256 << 10 // bytes
	maxDepth    = 32
	maxElements = 4096
)

// The tags that occur, all below 31.
const (
	tagInteger  = 2
	tagOctets   = 4
	tagOID      = 6
	tagSequence = 16
	tagSet      = 17
	tagBMP      = 30

	context = 2 << 6 // class of the tags [0], [1], …
	cons    = 1 << 5 // the bit of a constructed element
)

var errTruncated = errors.New("cut short")

// element is one BER element: class and tag in one byte, without the bit for a
// constructed one, which has parts, where a primitive one has a body.
type element struct {
	tag         byte
	constructed bool
	body        []byte
	parts       []element
}

// parser reads BER into a tree.
type parser struct {
	data []byte
	left int // elements that may still come
}

// parse reads the one element that data consists of.
func parse(data []byte) (element, error) {
	p := parser{data: data, left: maxElements}
	e, err := p.element(0)
	if err == nil && len(p.data) > 0 {
		err = fmt.Errorf("%d bytes too many", len(p.data))
	}
	return e, err
}

func (p *parser) element(depth int) (element, error) {
	if depth > maxDepth || p.left == 0 {
		return element{}, errors.New("too many or too deep elements")
	}
	p.left--
	tag, err := p.next()
	if err != nil {
		return element{}, err
	}
	if tag&31 == 31 {
		return element{}, errors.New("tag above 30")
	}
	size, indefinite, err := p.length()
	if err != nil {
		return element{}, err
	}
	e := element{tag: tag &^ cons, constructed: tag&cons != 0}
	switch {
	case indefinite && !e.constructed:
		return element{}, errors.New("primitive element without a length")
	case indefinite:
		e.parts, err = p.untilEnd(depth)
		return e, err
	case size > len(p.data):
		return element{}, errTruncated
	}
	body := p.data[:size:size]
	p.data = p.data[size:]
	if !e.constructed {
		e.body = body
		return e, nil
	}
	inner := parser{data: body, left: p.left}
	for len(inner.data) > 0 {
		part, err := inner.element(depth + 1)
		if err != nil {
			return element{}, err
		}
		e.parts = append(e.parts, part)
	}
	p.left = inner.left
	return e, nil
}

// untilEnd reads elements up to the two zero bytes that end an indefinite length.
func (p *parser) untilEnd(depth int) ([]element, error) {
	var parts []element
	for {
		if len(p.data) >= 2 && p.data[0] == 0 && p.data[1] == 0 {
			p.data = p.data[2:]
			return parts, nil
		}
		part, err := p.element(depth + 1)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
}

func (p *parser) next() (byte, error) {
	if len(p.data) == 0 {
		return 0, errTruncated
	}
	b := p.data[0]
	p.data = p.data[1:]
	return b, nil
}

func (p *parser) length() (n int, indefinite bool, err error) {
	first, err := p.next()
	switch {
	case err != nil:
		return 0, false, err
	case first < 0x80:
		return int(first), false, nil
	case first == 0x80:
		return 0, true, nil
	}
	for range first & 0x7f {
		b, err := p.next()
		if err != nil {
			return 0, false, err
		}
		if n = n<<8 | int(b); n > maxSize {
			return 0, false, errTruncated
		}
	}
	return n, false, nil
}

// octets returns the bytes of a string, which BER may cut into pieces.
func (e element) octets() []byte {
	if !e.constructed {
		return e.body
	}
	var b []byte
	for _, part := range e.parts {
		b = append(b, part.octets()...)
	}
	return b
}

// fields takes an element's parts one by one. The first thing that is not as
// it should be is kept in err, which all fields of a file share; after it every
// part is empty.
type fields struct {
	parts []element
	err   *error
}

// fieldsOf parses data as a sequence.
func fieldsOf(data []byte, err *error) fields {
	e, e2 := parse(data)
	f := fields{err: err}
	f.fail(e2)
	f.parts = []element{e}
	return f.sequence()
}

func (f *fields) fail(err error) {
	if *f.err == nil && err != nil {
		*f.err = err
	}
}

// more reports whether there is a further part, and no error.
func (f *fields) more() bool { return *f.err == nil && len(f.parts) > 0 }

// has reports whether the next part has this tag.
func (f *fields) has(tag byte) bool { return f.more() && f.parts[0].tag == tag }

func (f *fields) next(tag byte) element {
	if *f.err != nil {
		return element{}
	}
	if !f.has(tag) {
		f.fail(fmt.Errorf("no element of tag %#x where one belongs", tag))
		return element{}
	}
	e := f.parts[0]
	f.parts = f.parts[1:]
	return e
}

func (f *fields) inner(tag byte) fields { return fields{parts: f.next(tag).parts, err: f.err} }
func (f *fields) sequence() fields      { return f.inner(tagSequence) }
func (f *fields) explicit() fields      { return f.inner(context) }
func (f *fields) octets() []byte        { return f.next(tagOctets).octets() }

// oid takes an object identifier in its dotted form.
func (f *fields) oid() string {
	var oid x509.OID
	if body := f.next(tagOID).body; *f.err == nil {
		f.fail(oid.UnmarshalBinary(body))
	}
	if *f.err != nil {
		return ""
	}
	return oid.String()
}

// integer takes an integer from 0 to 2^31 - 1.
func (f *fields) integer() int {
	var n int64
	body := f.next(tagInteger).body
	for i, b := range body {
		if n = n<<8 | int64(b); i == 0 && b > 0x7f || n > math.MaxInt32 {
			f.fail(errors.New("number out of range"))
			return 0
		}
	}
	return int(n)
}

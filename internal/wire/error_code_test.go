// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package wire

import (
	"bytes"
	"testing"
)

// TestErrorCode (Q3): an error code is two bytes, the higher one first, whatever
// the machine's own order is, and one that nobody knows stays what it is.
func TestErrorCode(t *testing.T) {
	for code, body := range map[ReplyError]string{
		ErrUnsupportedForAlgorithm: "0006 0002 000e", ErrInvalidMembershipNodeList: "0006 0002 0013", 0x1234: "0006 0002 1234", NoError: "0006 0002 0000",
	} {
		m, bad := Decode(TypeServerError, unhex(t, body))
		if bad != nil || m.(ServerError).Code != Some(code) {
			t.Errorf("%s: %+v, %v", body, m, bad)
			continue
		}
		if b, err := Append(nil, m); err != nil || !bytes.Equal(b[HeaderSize:], unhex(t, body)) {
			t.Errorf("%d: % x, %v", code, b, err)
		}
	}
	for _, body := range []string{"0006 0001 0e", "0006 0004 0000000e"} {
		if m, bad := Decode(TypeServerError, unhex(t, body)); bad == nil {
			t.Errorf("%s: %+v", body, m)
		}
	}
}

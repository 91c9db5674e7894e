// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package wire

import "github.com/quorate/quorate/internal/qnet"

// maxNames is how many bytes the names of a cluster's nodes may take.
const maxNames = 16 << 10

// nameHead is how many bytes stand before a name: the node ID and the length.
const nameHead = 5

// Names returns names as option 32774: as many as fit. None is no option.
func Names(names qnet.Names) Opt[qnet.Names] {
	size := 0
	for i, n := range names {
		if size += nameHead + len(n.Name); size > maxNames {
			names = names[:i]
			break
		}
	}
	return Opt[qnet.Names]{V: names, Set: len(names) > 0}
}

func (e *encoder) names(names qnet.Names) {
	at := len(e.buf)
	e.head(optNodeNames, 0)
	for _, n := range names {
		e.buf = be.AppendUint32(e.buf, uint32(n.ID))
		e.buf = append(append(e.buf, uint8(len(n.Name))), n.Name...)
	}
	be.PutUint16(e.buf[at+2:], uint16(len(e.buf)-at-optionHeaderSize))
}

// decodeNames reads option 32774. Nothing depends on a name, so one that can't be used is
// left out, and a damaged list makes no message undecodable.
func decodeNames(b []byte) Opt[qnet.Names] {
	var list []qnet.Name
	if len(b) > maxNames {
		return Opt[qnet.Names]{}
	}
	for len(b) >= nameHead {
		end := nameHead + int(b[4])
		if end > len(b) {
			break
		}
		list = append(list, qnet.Name{ID: qnet.NodeID(be.Uint32(b)), Name: string(b[nameHead:end])})
		b = b[end:]
	}
	return Names(qnet.NewNames(list))
}

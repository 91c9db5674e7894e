// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strconv"

	"github.com/quorate/quorate/internal/qnet"
)

// value is what a record looks like on disk: a CRC-32C of the cluster's name and of the
// rest, then JSON. In a file without a seal it is that of the JSON alone.
type value struct {
	Revision uint64
	Grant    grantOnDisk
}

// A grant on disk has types of its own, because other versions read it, too: it stays
// what it is when the nouns come to print themselves otherwise.
type (
	grantOnDisk struct {
		Ring     ringID
		Members  []qnet.NodeID
		Holders  []holder
		Rings    []ring
		Enrolled bool `json:",omitempty"`
	}
	ringID struct {
		Node qnet.NodeID
		Seq  uint64
	}
	holder struct {
		Node      qnet.NodeID
		Ring      ringID
		Heartbeat uint32
	}
	ring struct {
		ID                 ringID
		Members, Reporters []qnet.NodeID
	}
)

func toDisk(g qnet.Grant) grantOnDisk {
	d := grantOnDisk{Ring: ringID(g.Ring), Members: g.Members, Enrolled: g.Enrolled}
	for _, h := range g.Holders {
		d.Holders = append(d.Holders, holder{h.Node, ringID(h.Ring), h.Heartbeat})
	}
	for _, r := range g.Rings {
		d.Rings = append(d.Rings, ring{ringID(r.ID), r.Members, r.Reporters})
	}
	return d
}

func (d *grantOnDisk) grant() qnet.Grant {
	g := qnet.Grant{Ring: qnet.RingID(d.Ring), Members: d.Members, Enrolled: d.Enrolled}
	for _, h := range d.Holders {
		g.Holders = append(g.Holders, qnet.Holder{Node: h.Node, Ring: qnet.RingID(h.Ring), Heartbeat: h.Heartbeat})
	}
	for _, r := range d.Rings {
		g.Rings = append(g.Rings, qnet.Ring{ID: qnet.RingID(r.ID), Members: r.Members, Reporters: r.Reporters})
	}
	return g
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func encode(rec Record) ([]byte, error) {
	j, err := json.Marshal(value{Revision: rec.Revision, Grant: toDisk(rec.Grant)})
	if err != nil {
		return nil, fmt.Errorf("cluster %q: %w", rec.Cluster, err)
	}
	return append(binary.BigEndian.AppendUint32(nil, checksum([]byte(rec.Cluster), j)), j...), nil
}

// checksum is that of what has a key; without one it is that of b alone.
func checksum(key, b []byte) uint32 {
	if len(key) == 0 {
		return crc32.Checksum(b, castagnoli)
	}
	sum := crc32.Checksum(binary.BigEndian.AppendUint32(nil, uint32(len(key))), castagnoli)
	return crc32.Update(crc32.Update(sum, castagnoli, key), castagnoli, b)
}

func intact(key, b []byte) bool {
	return len(b) >= 4 && binary.BigEndian.Uint32(b) == checksum(key, b[4:])
}

func wrongSum(cluster string) error {
	return fmt.Errorf("the record of cluster %q has a wrong checksum", cluster)
}

// revisionOf is decode where nothing else is asked: it is what a Save reads of
// every record that it replaces.
func revisionOf(cluster string, b []byte) (uint64, error) {
	const head = `{"Revision":` // encode puts it first
	if intact([]byte(cluster), b) && bytes.HasPrefix(b[4:], []byte(head)) {
		digits, _, _ := bytes.Cut(b[4+len(head):], []byte(","))
		if n, err := strconv.ParseUint(string(digits), 10, 64); err == nil {
			return n, nil
		}
	}
	rec, err := decode(cluster, b, true)
	return rec.Revision, err
}

// decode reads a record from a file with or without a seal.
func decode(cluster string, b []byte, sealed bool) (Record, error) {
	var key []byte
	if sealed {
		key = []byte(cluster)
	}
	if !intact(key, b) {
		return Record{}, wrongSum(cluster)
	}
	var v value
	if err := json.Unmarshal(b[4:], &v); err != nil {
		return Record{}, fmt.Errorf("the record of cluster %q: %w", cluster, err)
	}
	return Record{Cluster: cluster, Revision: v.Revision, Grant: v.Grant.grant()}, nil
}

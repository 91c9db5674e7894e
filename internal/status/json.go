// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status

import (
	"encoding/json"
	"fmt"
)

// The JSON of a snapshot has words where the wire has numbers: algorithms and
// tie-breakers as corosync.conf spells them ("ffsplit"; "lowest", "highest" or
// a node ID), votes and heuristics as the C tools print them, ring IDs as
// "1.a". What is unknown yet is left out. It decodes into an equal snapshot.

// Array is a list whose JSON is [] if there is none, and never null.
type Array[T any] []T

// MarshalJSON implements [json.Marshaler].
func (l Array[T]) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]T(l))
}

// AppendJSON appends s as one line of JSON, with only the cluster of that name,
// or with all if it is empty.
func AppendJSON(b []byte, s *QNetd, cluster string) ([]byte, error) {
	return appendLine(b, s.Find(cluster))
}

// AppendQDeviceJSON appends s as one line of JSON.
func AppendQDeviceJSON(b []byte, s *QDevice) ([]byte, error) { return appendLine(b, s) }

// AppendReportJSON appends r as one line of JSON.
func AppendReportJSON(b []byte, r *Report) ([]byte, error) { return appendLine(b, r) }

func appendLine(b []byte, snapshot any) ([]byte, error) {
	j, err := json.Marshal(snapshot)
	if err != nil {
		return b, fmt.Errorf("status as JSON: %w", err)
	}
	return append(append(b, EscapeJSON(j)...), '\n'), nil
}

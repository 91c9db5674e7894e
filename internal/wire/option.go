// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package wire

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// option is the u16 at the head of every option.
type option uint16

const (
	optSeq                 option = 0
	optClusterName         option = 1
	optTLSSupported        option = 2
	optClientCertRequired  option = 3
	optSupportedMessages   option = 4
	optSupportedOptions    option = 5
	optReplyErrorCode      option = 6
	optMaxRequestSize      option = 7
	optMaxReplySize        option = 8
	optNodeID              option = 9
	optSupportedAlgorithms option = 10
	optAlgorithm           option = 11
	optHeartbeat           option = 12
	optRingID              option = 13
	optConfigVersion       option = 14
	optDataCenterID        option = 15
	optNodeState           option = 16
	optNodeInfo            option = 17
	optNodeListType        option = 18
	optVote                option = 19
	optQuorate             option = 20
	optTieBreaker          option = 21
	optHeuristics          option = 22
	optKeepActivePartition option = 23

	// Ours: above 32767, so that they do not meet a later C one. C skips them.
	optGrace         option = 32769
	optStillCasting  option = 32770
	optReason        option = 32771
	optRegister      option = 32772
	optDeviceTimeout option = 32773
	optNodeNames     option = 32774
)

// lastOption is the highest option of the C programs.
const lastOption = optKeepActivePartition

// SupportedMessages returns the message types that are announced as supported.
func SupportedMessages() []uint16 { return upTo(uint16(TypeHeuristicsChangeReply)) }

// SupportedOptions returns the options that are announced as supported: those
// of the C programs. Our own are not listed.
func SupportedOptions() []uint16 { return upTo(uint16(lastOption)) }

// NodeOptions returns the options that our node announces in its Init: those of
// [SupportedOptions], and those of ours that an arbiter sends only to a node that
// lists them. C does not look at the list.
func NodeOptions() []uint16 {
	return append(SupportedOptions(), uint16(optReason), uint16(optRegister))
}

// TakesReasons reports whether a node that announces these options wants to be told
// why its vote is what it is.
func TakesReasons(options []uint16) bool { return slices.Contains(options, uint16(optReason)) }

// TakesRegister reports whether a node that announces these options wants to be told
// the arbiter's register.
func TakesRegister(options []uint16) bool { return slices.Contains(options, uint16(optRegister)) }

// MaxReason is the length in bytes of the longest reason.
const MaxReason = 512

// Reason returns text as option 32771: made UTF-8 where it is not, and cut to
// MaxReason bytes. An empty text is no reason.
func Reason(text string) Opt[string] {
	if text == "" {
		return Opt[string]{}
	}
	text = strings.ToValidUTF8(text, "\ufffd")
	if len(text) > MaxReason {
		end := MaxReason
		for !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	return Some(text)
}

func upTo(last uint16) []uint16 {
	list := make([]uint16, 0, last+1)
	for i := uint16(0); i <= last; i++ {
		list = append(list, i)
	}
	return list
}

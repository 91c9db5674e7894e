// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package event

// Kind is what has happened.
type Kind uint8

// What happens to a node's daemon.
const (
	None             Kind = iota
	AwaitingAnswer        // the first ring, and no answer of an arbiter yet
	Connected             // to the arbiter at Addr
	Disconnected          // Reason; with Device the vote was cast: it counts for For longer
	Unreachable           // likewise, and there was no connection
	Reconnecting          // corosync.conf has changed
	Refused               // by the arbiter: Reason
	OtherArbiter          // at Addr, and not the one at What: refused (N6)
	RegisterChanged       // of the arbiter at Addr
	VoteGiven             // by the arbiter: Reason, if it says why
	VoteWithheld          // likewise
	VoteMissing           // no vote is cast, for Reason
	ReasonChanged         // the arbiter says something else of the same vote
	VoteTakenBack         // the arbiter was not heard for For (N2)
	SilentInSync          // the arbiter, while Corosync waits (N5)
	LateInSync            // likewise, and it has answered
	ConfigRefused         // Reason: the configuration allows no vote
	ConfigMended          // it does again
	DeviceRemoved         // What is gone from corosync.conf
	DeviceBack            // What is there again
	HeuristicsPassed      // and did not before
	HeuristicsFailed      // likewise
	HeuristicsNone        // they gave no result
	NodeGone              // Gone, of Nodes; Device
	NodeBack              // Back, likewise
	QuorumLost            // or, unless Was, not there yet; Gone or Back, if any; Votes
	QuorumGained          // likewise; Device

	firstOfArbiter
)

// What happens to an arbiter.
const (
	ClientConnected    = firstOfArbiter + iota // Addr
	ClientDisconnected                         // Addr, Reason
	ClientRefused                              // Addr, Reason
	ClientTooSlow                              // Addr has not introduced itself for For
	NodeConnected                              // Node; What are its algorithm and tie-breaker
	NodeDisconnected                           // Node, Reason
	NodeSilent                                 // Node was not heard for For
	NodeReplaced                               // Node has come back on another connection
	NodeReports                                // Node is in a ring with Nodes
	NodeHeuristics                             // of Node: What
	NodeRefused                                // Node, Reason
	NodeUnanswering                            // Node is left out of the decision: it does not answer (H7)
	NodeUnreporting                            // likewise: it answers, and does not report
	NodeAnswers                                // Node answers again
	TestAlgorithm                              // Node uses it
	VoteSent                                   // Vote to Node: Reason; What is the bare reason
	VotePutOff                                 // Node has to wait for the vote: Reason (H8)
	VoteUndecided                              // likewise: nothing is decided
	Decided                                    // Reason
	HeldBack                                   // Nodes may still be using the vote for For, or Unheard, or Reason
	GrantNotRecorded                           // Reason
	MessageRefused                             // of Node or Addr: Reason
	ReplyUnexpected                            // of Node: What
	LinesDropped                               // What are how many

	firstOfShell
)

// What happens to either daemon's surroundings.
const (
	Ready             = firstOfShell + iota // What it is and where
	Ending                                  // Reason
	Registered                              // the device, as What
	Unregistered                            // likewise
	NotUnregistered                         // likewise: Reason
	CertsMade                               // in What
	CertsRenewed                            // the server's, in What, of the CA that was there
	CertsTakenOver                          // in What, from C's program
	CertsReloaded                           //
	CertsUnusable                           // Reason; the old ones stay in use
	CertsWarning                            // Reason
	StoreUnusable                           // What can't be written: Reason
	StoreDoubtful                           // What is not used, for Reason (H6)
	ConfigWarning                           // Reason
	ConfigBusy                              // Corosync has no time for questions: Reason
	HeuristicsRefused                       // commands that can't be used: Reason
	HeuristicFailed                         // What fails: Reason
	HeuristicPassed                         // What passes again
	DeviceUnusable                          // it is back in corosync.conf: Reason
	PollPast                                // a poll for a ring that is past
	PollStale                               // a poll that waited for too long (N3)
	PollUnanswered                          // the last poll, for For
	NotNotified                             // systemd: Reason
	kinds
)

// String is the kind as a field of a log line has it: "vote_given".
func (k Kind) String() string {
	if int(k) < len(names) {
		return names[k]
	}
	return ""
}

var names = [kinds]string{
	"none", "awaiting_answer", "connected", "disconnected", "unreachable", "reconnecting", "refused", "other_arbiter", "register_changed",
	"vote_given", "vote_withheld", "vote_missing", "reason_changed", "vote_taken_back", "silent_in_sync", "late_in_sync",
	"config_refused", "config_mended", "device_removed", "device_back", "heuristics_passed", "heuristics_failed",
	"heuristics_none", "node_gone", "node_back", "quorum_lost", "quorum_gained",

	"client_connected", "client_disconnected", "client_refused", "client_too_slow", "node_connected", "node_disconnected",
	"node_silent", "node_replaced", "node_reports", "node_heuristics", "node_refused", "node_unanswering", "node_unreporting", "node_answers",
	"test_algorithm", "vote_sent", "vote_put_off", "vote_undecided", "decided", "held_back", "grant_not_recorded", "message_refused", "reply_unexpected",
	"lines_dropped",

	"ready", "ending", "registered", "unregistered", "not_unregistered", "certs_made", "certs_renewed", "certs_taken_over", "certs_reloaded",
	"certs_unusable", "certs_warning", "store_unusable", "store_doubtful", "config_warning", "config_busy", "heuristics_refused",
	"heuristic_failed", "heuristic_passed", "device_unusable", "poll_past", "poll_stale", "poll_unanswered", "not_notified",
}

// Kinds lists all kinds.
func Kinds() []Kind {
	var list []Kind
	for k := None + 1; k < kinds; k++ {
		list = append(list, k)
	}
	return list
}

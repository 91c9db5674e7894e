// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package event

// shellText is the sentence of what happens around a daemon's machine.
func (e *Event) shellText() string {
	switch e.Kind {
	case Ready:
		return e.What + " is ready"
	case Ending:
		return e.withReason(e.What + " ends")
	case StoreUnusable:
		return "no vote can be given, because " + e.What + " can't be written: " + e.Reason
	case NotNotified:
		return "can't notify systemd: " + e.Reason
	case CertsMade:
		return "a new CA and a server certificate were made in " + e.What
	case StoreDoubtful:
		return "the record of the votes may not be up to date, so it is not used: until a hold time has passed, the vote goes only to clusters whose nodes have all reported"
	case CertsRenewed:
		return "a new server certificate was made in " + e.What + ", by the CA that is there"
	case CertsTakenOver:
		return "the certificates of Corosync's own program were taken over in " + e.What
	case CertsReloaded:
		return "the certificates have changed and are in use"
	case CertsUnusable:
		return "the certificates have changed and can't be used, so the old ones stay in use: " + e.Reason
	case CertsWarning, ConfigWarning:
		return e.Reason
	case ConfigBusy:
		return "Corosync is too busy to tell its configuration, so the old one stays in use for now: " + e.Reason
	}
	return e.deviceText()
}

// deviceText is the sentence of what happens around a node daemon's machine.
func (e *Event) deviceText() string {
	switch e.Kind {
	case Registered:
		return "the quorum device is registered with Corosync"
	case Unregistered:
		return "the quorum device is unregistered; the arbiter's vote no longer counts on this node"
	case NotUnregistered:
		return "the quorum device is not unregistered, so its vote counts until quorum.device.timeout has passed: " + e.Reason
	case DeviceUnusable:
		return "the quorum device is back in corosync.conf and can't be used: " + e.Reason
	case HeuristicsRefused:
		return "the heuristics commands can't be used, so the old ones stay in use: " + e.Reason
	case HeuristicFailed:
		return e.withReason("the heuristics command " + e.What + " fails")
	case HeuristicPassed:
		return "the heuristics command " + e.What + " passes again"
	case PollPast:
		return "Corosync already has a newer ring"
	case PollStale:
		return "Corosync took too long, so the arbiter's vote is too old to count"
	case PollUnanswered:
		return "Corosync has not answered the last poll for " + Duration(e.For)
	}
	return ""
}

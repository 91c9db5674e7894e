// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package timing

import "time"

// RTT is what round trips to one peer take, smoothed after RFC 6298, section 2. The zero
// value has not measured any.
type RTT struct {
	smoothed  time.Duration // SRTT
	variation time.Duration // RTTVAR
}

// Measured takes one round trip into account.
func (r *RTT) Measured(rtt time.Duration) {
	if r.smoothed == 0 {
		r.smoothed, r.variation = rtt, rtt/2
		return
	}
	r.variation += ((r.smoothed - rtt).Abs() - r.variation) / 4
	r.smoothed += (rtt - r.smoothed) / 8
}

// Smoothed is what a round trip takes, or 0 if none was measured.
func (r *RTT) Smoothed() time.Duration { return r.smoothed }

// Patience is what four round trips take if each is as much longer as they vary: three more
// than RFC 6298 gives one that is to be repeated.
func (r *RTT) Patience() time.Duration { return 4 * (r.smoothed + r.variation) }

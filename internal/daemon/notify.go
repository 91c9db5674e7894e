// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package daemon

import (
	"fmt"
	"net"
)

// notify tells systemd a state, such as "READY=1", over the socket that it
// named in NOTIFY_SOCKET. Without a name it does nothing.
func notify(socket, state string) error {
	if socket == "" {
		return nil
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("telling systemd %s: %w", state, err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(state)); err != nil {
		return fmt.Errorf("telling systemd %s: %w", state, err)
	}
	return nil
}

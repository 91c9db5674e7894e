// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corotest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/qb"
)

// What a program does when its daemon dies is tried on a fake one. In a test,
// New in place of Start closes the server by itself.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server, err := corotest.Start(corotest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	keys := corotest.NewCmap()
	keys.Set("totem.token", cmap.Uint32Value(1000))
	server.Handle("cmap", keys)

	client, err := cmap.Dial(ctx, server.Options())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	fmt.Println(client.Uint(ctx, "totem.token"))
	server.Kill()
	<-client.Done()
	fmt.Println(errors.Is(client.Err(), qb.ErrLost))
	// Output:
	// 1000 <nil>
	// true
}

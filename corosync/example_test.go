// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corosync_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cfg"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/corosync/quorum"
)

// play plays a cluster of two nodes that is about to lose one of them. Without it, and
// with qb.Options{}, the example shows this machine's Corosync.
func play() (o qb.Options, split, end func(), err error) {
	server, err := corotest.Start(corotest.Config{})
	if err != nil {
		return o, nil, nil, err
	}
	keys, partition := corotest.NewCmap(), corotest.NewQuorum(1, 2)
	keys.Set("totem.cluster_name", cmap.StringValue("pve"))
	keys.Set("nodelist.node.0.name", cmap.StringValue("pve1"))
	keys.Set("nodelist.node.1.name", cmap.StringValue("pve2"))
	server.Handle("cmap", keys)
	server.Handle("quorum", partition)
	server.Handle("cfg", corotest.NewCfg(1, netip.MustParseAddr("192.0.2.1")))
	split = func() {
		server.Stall(func() { partition.Set(false, corosync.RingID{Node: 1, Seq: 8}, 1) })
	}
	return server.Options(), split, server.Close, nil
}

// show prints what a cluster is, and follows it until it is not quorate.
func show(ctx context.Context, o qb.Options, split func()) error {
	keys, err := cmap.Dial(ctx, o)
	if err != nil {
		return err
	}
	defer keys.Close()
	name, err := keys.Text(ctx, "totem.cluster_name")
	if err != nil {
		return err
	}
	fmt.Println("cluster", name)
	for item, err := range keys.Items(ctx, "nodelist.node.") {
		if err != nil {
			return err
		}
		fmt.Println(item.Key, "=", item.Value)
	}
	token, err := keys.Uint(ctx, "totem.token")
	if errors.Is(err, corosync.ErrNotExist) {
		token, err = 3000, nil // what Corosync takes
	}
	fmt.Println("token", token, err)

	state, err := cfg.Dial(ctx, o)
	if err != nil {
		return err
	}
	defer state.Close()
	links, err := state.Links(ctx)
	if err != nil {
		return err
	}
	fmt.Println("link", links[0].Number, "from", links[0].Address)

	partition, err := quorum.Dial(ctx, o)
	if err != nil {
		return err
	}
	defer partition.Close()
	events, err := partition.Track(ctx)
	if err != nil {
		return err
	}
	split()
	for event := range events {
		if q, ok := event.(quorum.Quorum); ok {
			fmt.Println("ring", q.Ring, "members", q.Members, "quorate", q.Quorate)
			if !q.Quorate {
				return nil
			}
		}
	}
	return partition.Err() // the channel is closed: Corosync has ended
}

func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	o, split, end, err := play()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer end()
	if err := show(ctx, o, split); err != nil {
		fmt.Println(err)
	}
	// Output:
	// cluster pve
	// nodelist.node.0.name = pve1
	// nodelist.node.1.name = pve2
	// token 3000 <nil>
	// link 0 from 192.0.2.1
	// ring 1.4 members [1 2] quorate true
	// ring 1.8 members [1] quorate false
}

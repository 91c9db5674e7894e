// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf_test

import (
	"fmt"
	"log"

	"github.com/quorate/quorate/corosync/conf"
)

const text = `# edited by hand
totem {
  version: 2
  secauth: on
  cluster_name: demo
  config_version: 7
}

nodelist {
  node {
    name: pve1
    nodeid: 1
    ring0_addr: 192.0.2.1
  }
  node {
    name: pve2
    nodeid: 2
    ring0_addr: 192.0.2.2
  }
}

quorum {
  provider: corosync_votequorum
  two_node: 1
}
`

// A cluster of two nodes gets a device.
func Example() {
	f, err := conf.Parse([]byte(text))
	if err != nil {
		log.Fatal(err)
	}
	for _, kv := range [][2]string{
		{"quorum.device.model", "net"},
		{"quorum.device.votes", "1"},
		{"quorum.device.net.host", "192.0.2.5"},
		{"quorum.device.net.algorithm", "ffsplit"},
	} {
		if err := f.Set(kv[0], kv[1]); err != nil {
			log.Fatal(err)
		}
	}
	if _, err := f.RaiseVersion(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(f.Lint()[0])
	if err := f.Delete("quorum.two_node"); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s", f.Bytes())
	// Output:
	// line 24: fault: two_node with a device: Corosync does not start: delete two_node; the device takes its place
	// # edited by hand
	// totem {
	//   version: 2
	//   secauth: on
	//   cluster_name: demo
	//   config_version: 8
	// }
	//
	// nodelist {
	//   node {
	//     name: pve1
	//     nodeid: 1
	//     ring0_addr: 192.0.2.1
	//   }
	//   node {
	//     name: pve2
	//     nodeid: 2
	//     ring0_addr: 192.0.2.2
	//   }
	// }
	//
	// quorum {
	//   provider: corosync_votequorum
	//   device {
	//     model: net
	//     votes: 1
	//     net {
	//       host: 192.0.2.5
	//       algorithm: ffsplit
	//     }
	//   }
	// }
}

// The error of Parse and of Check tells the line.
func ExampleFile_Check() {
	f, err := conf.Parse([]byte("totem {\n\tversion: 2\n\ttoken: 10s\n}\n"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(f.Check(conf.Host{}))
	// Output:
	// line 3: totem.token: "10s" is not a whole number from 0 to 4294967295
}

func ExampleFile_Nodes() {
	f, err := conf.Parse([]byte(text))
	if err != nil {
		log.Fatal(err)
	}
	for _, n := range f.Nodes() {
		fmt.Println(n.ID, n.Name, n.Addrs, n.Votes)
	}
	// Output:
	// 1 pve1 [192.0.2.1] 1
	// 2 pve2 [192.0.2.2] 1
}

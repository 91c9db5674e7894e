// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package conf

// table has every section and every key that Corosync or one of its daemons reads, or
// read in an earlier version. A section stands at the beginning of a line, its keys
// below it with their form:
//
//	u8 u16 u32 u64 i32  a number whose type Corosync's parser looks at
//	flag                such a number of type u8 that means yes or no
//	ms                  such a number of type u32, in milliseconds
//	num LOW HIGH        a number that is kept as text
//	enum WORD ...       one of these words, or the parser refuses it
//	one WORD ...        one of these words; whoever reads it does without any other
//	fold WORD ...       the same, and case does not matter
//	host                a name or an address of a machine
//	hosts               several of these for one machine, with commas or blanks between them
//	network             an address of a machine or of a network
//	group               a multicast address
//	name, path, command, nodes (lowest, highest or node IDs), text
//
// pcs keeps totem.cluster_uuid there; nobody else reads it.
//
// "str" before a form: the parser keeps the value of an interface section until the
// section ends. What follows " ! " is the version that reads it no more, and what to do
// instead; with " ~ " it makes no difference that it is read no more. A section with
// "*" may hold anything.
const table = `
totem
 version u32
 config_version u64
 cluster_name name
 cluster_uuid text
 transport one knet udp udpu
 token ms
 token_coefficient ms
 token_retransmit ms
 token_warning u32
 token_retransmits_before_loss_const u32
 hold ms
 join ms
 send_join ms
 consensus ms
 merge ms
 downcheck ms
 fail_recv_const u32
 seqno_unchanged_const u32
 heartbeat_failures_allowed u32
 max_network_delay ms
 window_size u32
 max_messages u32
 miss_count_const u32
 netmtu u32
 secauth one on off
 crypto_model enum nss openssl
 crypto_cipher enum none aes256 aes192 aes128
 crypto_hash enum none md5 sha1 sha256 sha384 sha512
 keyfile path
 key text
 ip_version enum ipv4 ipv6 ipv6-4 ipv4-6
 ip_dscp num 0 63
 clear_node_high_bit one yes no
 link_mode one active passive rr
 knet_pmtud_interval u32
 knet_mtu u32
 knet_compression_model enum zlib lz4 lz4hc lzo2 lzma bzip2 zstd
 knet_compression_threshold u32
 knet_compression_level i32
 block_unlisted_ips one yes no
 cancel_token_hold_on_retransmit one yes no
 nodeid u32 ! 3: write nodeid into each node of the nodelist
 threads u32 ~ 3: delete the line
 vsftype text ~ 2: delete the line
 crypto_accept text ~ 2: delete the line
 crypto_type text ! 3: use crypto_cipher and crypto_hash
 rrp_mode text ! 3: use link_mode
 rrp_token_expired_timeout u32 ~ 3: delete the line
 rrp_problem_count_timeout u32 ~ 3: delete the line
 rrp_problem_count_threshold u32 ~ 3: delete the line
 rrp_problem_count_mcast_threshold u32 ~ 3: delete the line
 rrp_autorecovery_check_timeout u32 ~ 3: delete the line
totem.interface
 linknumber u8
 bindnetaddr str network
 mcastaddr str group
 mcastport u16
 broadcast str one yes no
 ttl u8
 knet_link_priority u8
 knet_ping_interval ms
 knet_ping_timeout ms
 knet_ping_precision u32
 knet_pong_count u32
 knet_transport str one udp sctp
 ringnumber num 0 7 ! 3: use linknumber
totem.interface.member
 memberaddr host
nodelist
nodelist.node
 ringX_addr host
 nodeid u32
 name name
 quorum_votes u32
 datacenterid num 0 4294967295
quorum
 provider one corosync_votequorum corosync_ykd
 expected_votes u32
 votes u32
 two_node flag
 wait_for_all flag
 last_man_standing flag
 last_man_standing_window ms
 auto_tie_breaker flag
 auto_tie_breaker_node nodes
 allow_downscale flag
 expected_votes_tracking flag
 leaving_timeout ms ~ 2: delete the line
quorum.device
 model one net
 votes u32
 timeout ms
 sync_timeout ms
 master_wins flag
quorum.device.net
 host hosts
 port num 1 65535
 tls fold on off yes no 1 0 required
 algorithm one ffsplit lms 2nodelms test
 tie_breaker nodes
 connect_timeout num 1000 120000
 force_ip_version num 0 6
 keep_active_partition_tie_breaker fold on off yes no 1 0
quorum.device.heuristics
 mode fold on off yes no 1 0 sync
 timeout num 1000 120000
 sync_timeout num 1000 120000
 interval num 1000 3600000
 exec_NAME command
logging
 timestamp one on off hires
 fileline one on off
 function_name one on off
 blackbox one on off
 to_stderr one yes no on off
 to_syslog one yes no on off
 to_logfile one yes no on off
 logfile path
 logfile_priority fold alert crit debug emerg err error info notice warning
 syslog_facility one daemon local0 local1 local2 local3 local4 local5 local6 local7 auth authpriv cron ftp kern lpr mail news syslog user uucp
 syslog_priority fold alert crit debug emerg err error info notice warning
 debug one on off trace
 to_file one yes no on off
 syslog_level fold alert crit debug emerg err error info notice warning
 tags text ~ 2: delete the line
logging.logger_subsys
 subsys name
 = logging
logging.logging_daemon
 name name
 subsys name
 = logging
system
 qb_ipc_type enum native shm socket
 sched_rr enum yes no
 priority text
 move_to_root_cgroup enum yes no auto
 allow_knet_handle_fallback enum yes no
 state_dir path
resources
 watchdog_device text
 watchdog_timeout u32
resources.system *
resources.process *
nozzle
 name name
 ipaddr network
 ipprefix num 0 128
 macaddr text
uidgid
 uid name
 gid name
pload
 count num 0 4294967295
 size num 0 4294967295
 start text
qb ! 3: use qb_ipc_type in a section system
 ipc_type text
service * ! 2: delete the section; Pacemaker is a program of its own
aisexec * ~ 2: delete the section
amf * ~ 2: delete the section
event * ~ 2: delete the section
`

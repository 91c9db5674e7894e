/* Copyright 2026 the quorate authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * observer tells what one node's Corosync says and does, as JSON lines on
 * standard output, each with the instant (CLOCK_MONOTONIC, microseconds):
 *
 *   sync     a new ring was formed and its sync has begun (ring, nodes)
 *   quorum   sync ended, or quorum changed on a settled ring (quorate, nodes)
 *   deliver  a message sent by node `from` was delivered here
 *   send     whether Corosync takes messages (ok) or not (again)
 *   up, down this program's connection to votequorum
 *
 * Every 100 ms it multicasts a number to its cpg group: a node that delivers
 * nothing can do nothing. votequorum and cpg have a thread each, because cpg
 * calls block while Corosync waits in sync and votequorum's do not.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <corosync/cpg.h>
#include <corosync/votequorum.h>

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* say writes one line with one write, so that the threads' lines do not mix. */
static void say(const char *format, ...)
{
	char line[1024];
	va_list args;
	int n, m;

	n = snprintf(line, sizeof line, "{\"t\":%" PRId64 ",", now_us());
	va_start(args, format);
	m = vsnprintf(line + n, sizeof line - n - 2, format, args);
	va_end(args);
	if (m < 0 || m > (int)sizeof line - n - 3)
		return;
	n += m;
	line[n++] = '}';
	line[n++] = '\n';
	if (write(STDOUT_FILENO, line, n) != n)
		_exit(0); /* whoever started us is gone */
}

static void pause_ms(int ms)
{
	poll(NULL, 0, ms);
}

static void list_ids(char *out, size_t size, const uint32_t *ids, uint32_t n)
{
	size_t used = 0;
	uint32_t i;

	out[0] = '\0';
	for (i = 0; i < n && used + 12 < size; i++)
		used += snprintf(out + used, size - used, "%s%" PRIu32, i ? "," : "", ids[i]);
}

static void on_nodelist(votequorum_handle_t handle, uint64_t context,
			votequorum_ring_id_t ring, uint32_t n, uint32_t ids[])
{
	char list[512];

	(void)handle;
	(void)context;
	list_ids(list, sizeof list, ids, n);
	say("\"ev\":\"sync\",\"ring\":\"%" PRIx32 ".%" PRIx64 "\",\"nodes\":[%s]",
	    ring.nodeid, ring.seq, list);
}

static void on_quorum(votequorum_handle_t handle, uint64_t context,
		      uint32_t quorate, uint32_t n, votequorum_node_t nodes[])
{
	uint32_t ids[64], i, members = 0;
	char list[512];

	(void)handle;
	(void)context;
	for (i = 0; i < n && members < 64; i++)
		if (nodes[i].state == VOTEQUORUM_NODESTATE_MEMBER && nodes[i].nodeid != 0)
			ids[members++] = nodes[i].nodeid;
	list_ids(list, sizeof list, ids, members);
	say("\"ev\":\"quorum\",\"quorate\":%s,\"nodes\":[%s]", quorate ? "true" : "false", list);
}

static void *watch_votequorum(void *unused)
{
	votequorum_callbacks_t callbacks = {
		.votequorum_quorum_notify_fn = on_quorum,
		.votequorum_nodelist_notify_fn = on_nodelist,
	};

	(void)unused;
	for (;; pause_ms(20)) {
		votequorum_handle_t handle;
		struct pollfd pfd = { .events = POLLIN };

		if (votequorum_initialize(&handle, &callbacks) != CS_OK)
			continue;
		if (votequorum_trackstart(handle, 0, CS_TRACK_CHANGES | CS_TRACK_CURRENT) == CS_OK &&
		    votequorum_fd_get(handle, &pfd.fd) == CS_OK) {
			say("\"ev\":\"up\"");
			do {
				poll(&pfd, 1, -1);
			} while (votequorum_dispatch(handle, CS_DISPATCH_ALL) == CS_OK);
			say("\"ev\":\"down\"");
		}
		votequorum_finalize(handle);
	}
	return NULL;
}

static void on_deliver(cpg_handle_t handle, const struct cpg_name *group,
		       uint32_t from, uint32_t pid, void *msg, size_t len)
{
	uint32_t number = 0;

	(void)handle;
	(void)group;
	(void)pid;
	if (len == sizeof number)
		memcpy(&number, msg, sizeof number);
	say("\"ev\":\"deliver\",\"from\":%" PRIu32 ",\"n\":%" PRIu32, from, number);
}

static void on_confchg(cpg_handle_t handle, const struct cpg_name *group,
		       const struct cpg_address *members, size_t nmembers,
		       const struct cpg_address *left, size_t nleft,
		       const struct cpg_address *joined, size_t njoined)
{
	(void)handle;
	(void)group;
	(void)members;
	(void)nmembers;
	(void)left;
	(void)nleft;
	(void)joined;
	(void)njoined;
}

/* talk multicasts every 100 ms and dispatches in between, until cpg fails. */
static void talk(cpg_handle_t handle, int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int64_t due = now_us();
	uint32_t number = 0;
	int taken = -1;

	for (;;) {
		int64_t left = due - now_us();

		if (left <= 0) {
			struct iovec iov = { .iov_base = &number, .iov_len = sizeof number };
			cs_error_t err = cpg_mcast_joined(handle, CPG_TYPE_AGREED, &iov, 1);

			if (err != CS_OK && err != CS_ERR_TRY_AGAIN)
				return;
			if ((err == CS_OK) != taken) {
				taken = err == CS_OK;
				say("\"ev\":\"send\",\"ok\":%s", taken ? "true" : "false");
			}
			number += err == CS_OK;
			due = now_us() + 100000;
			continue;
		}
		poll(&pfd, 1, (int)(left / 1000) + 1);
		if (pfd.revents && cpg_dispatch(handle, CS_DISPATCH_ALL) != CS_OK)
			return;
	}
}

static void *watch_cpg(void *unused)
{
	cpg_callbacks_t callbacks = {
		.cpg_deliver_fn = on_deliver,
		.cpg_confchg_fn = on_confchg,
	};
	struct cpg_name group = { .length = 3, .value = "lab" };

	(void)unused;
	for (;; pause_ms(20)) {
		cpg_handle_t handle;
		int fd;

		if (cpg_initialize(&handle, &callbacks) != CS_OK)
			continue;
		if (cpg_join(handle, &group) == CS_OK && cpg_fd_get(handle, &fd) == CS_OK)
			talk(handle, fd);
		cpg_finalize(handle);
	}
	return NULL;
}

int main(void)
{
	struct sched_param param = { .sched_priority = 1 };
	pthread_t thread;

	/* Corosync runs with real-time priority; its observer must keep up. */
	sched_setscheduler(0, SCHED_RR, &param);
	if (pthread_create(&thread, NULL, watch_cpg, NULL) != 0)
		return 1;
	watch_votequorum(NULL);
	return 0;
}

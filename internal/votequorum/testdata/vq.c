/* Copyright 2026 the quorate authors
   SPDX-License-Identifier: BSD-3-Clause

   One call of libvotequorum, for test/interop: prints the number of its answer, or
   what getinfo tells of each node that is named. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <corosync/votequorum.h>
static votequorum_ring_id_t ring;
static int known;
static void on_list(votequorum_handle_t h, uint64_t c, votequorum_ring_id_t r, uint32_t n, uint32_t *l) { ring = r; known = 1; }
int main(int argc, char **a)
{
	votequorum_handle_t h;
	votequorum_callbacks_t cb = { .votequorum_nodelist_notify_fn = on_list };
	int e = votequorum_initialize(&h, &cb);
	if (e == CS_OK) {
		if (!strcmp(a[1], "register")) e = votequorum_qdevice_register(h, a[2]);
		else if (!strcmp(a[1], "unregister")) e = votequorum_qdevice_unregister(h, a[2]);
		else if (!strcmp(a[1], "rename")) e = votequorum_qdevice_update(h, a[2], a[3]);
		else if (!strcmp(a[1], "master")) e = votequorum_qdevice_master_wins(h, a[2], atoi(a[3]));
		else if (!strcmp(a[1], "info")) {
			struct votequorum_info i;
			for (int k = 2; k < argc; k++)
				if ((e = votequorum_getinfo(h, atoi(a[k]), &i)) == CS_OK)
					printf("%u %u %u %u %u %u %u %u %u %s\n", i.node_id, i.node_state, i.node_votes,
						i.node_expected_votes, i.highest_expected, i.total_votes, i.quorum, i.flags, i.qdevice_votes, i.qdevice_name);
				else
					printf("%d\n", e);
			return 0;
		}
		else if (!strcmp(a[1], "expected")) e = votequorum_setexpected(h, atoi(a[2]));
		else if (!strcmp(a[1], "votes")) e = votequorum_setvotes(h, atoi(a[2]), atoi(a[3]));
		else {
			votequorum_trackstart(h, 1, CS_TRACK_CURRENT);
			while (!known) votequorum_dispatch(h, CS_DISPATCH_ONE);
			if (!strcmp(a[1], "stale")) ring.seq++;
			e = votequorum_qdevice_poll(h, a[2], atoi(a[3]), ring);
		}
	}
	printf("%d\n", e);
	return 0;
}

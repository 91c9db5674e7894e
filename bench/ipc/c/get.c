/* Copyright 2026 the quorate authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Reads numbers from its input. For each it gets a key so often, one call after
 * the other, and prints how many nanoseconds that took. */
#include <stdio.h>
#include <time.h>
#include <corosync/cmap.h>

int main(int argc, char **argv)
{
	cmap_handle_t handle;
	long n;

	if (argc != 2 || cmap_initialize(&handle) != CS_OK)
		return 1;
	while (scanf("%ld", &n) == 1) {
		struct timespec from, to;

		clock_gettime(CLOCK_MONOTONIC, &from);
		for (long i = 0; i < n; i++) {
			char value[256];
			size_t length = sizeof value;
			cmap_value_types_t type;

			if (cmap_get(handle, argv[1], value, &length, &type) != CS_OK)
				return 1;
		}
		clock_gettime(CLOCK_MONOTONIC, &to);
		printf("%lld\n", (to.tv_sec - from.tv_sec) * 1000000000LL + to.tv_nsec - from.tv_nsec);
		fflush(stdout);
	}
	return cmap_finalize(handle) == CS_OK ? 0 : 1;
}

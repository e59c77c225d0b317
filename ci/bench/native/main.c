// SPDX-License-Identifier: Apache-2.0
#include "bench.h"
#include <err.h>
#include <stdlib.h>
#include <string.h>

/* ping-pong CGROUP | paced CGROUP | hold CGROUP NAMESPACES CONNECTIONS-IN-EACH | iterate |
 * one-by-one KEY-SIZE VALUE-SIZE ENTRIES */
int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "iterate") == 0 && argc == 2) {
		iterate();
		return 0;
	}
	if (strcmp(what, "one-by-one") == 0 && argc == 5) {
		one_by_one(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
		return 0;
	}
	if (argc < 3)
		errx(2, "see the comment above main()");
	join_cgroup(argv[2]);
	if (strcmp(what, "ping-pong") == 0)
		ping_pong();
	else if (strcmp(what, "paced") == 0)
		paced();
	else if (strcmp(what, "hold") == 0 && argc == 5)
		hold(atoi(argv[3]), atoi(argv[4]));
	else
		errx(2, "%s: no such part", what);
	return 0;
}

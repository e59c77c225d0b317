// SPDX-License-Identifier: Apache-2.0
#include "bench.h"
#include <err.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Runs the iterator behind a link once over everything: the nanoseconds. */
static double walk(int link)
{
	union bpf_attr attr;
	char nothing[4096];
	ssize_t size;

	memset(&attr, 0, sizeof(attr));
	attr.iter_create.link_fd = link;
	double start = now_ns();
	int fd = syscall(SYS_bpf, BPF_ITER_CREATE, &attr, sizeof(attr));
	check(fd, "BPF_ITER_CREATE");
	/* One read visits a million entries at most. */
	while ((size = read(fd, nothing, sizeof(nothing))) > 0 || (size < 0 && errno == EAGAIN))
		continue;
	check(size, "read of the iterator");
	close(fd);
	return now_ns() - start;
}

/* More than fits: the next walk finds nothing of its own in the caches. */
static void fill_caches(void)
{
	static char other[64 << 20];
	static char with;

	memset(other, ++with, sizeof(other));
}

/* A CPU that was idle is slow at first. */
static void wake_up(void)
{
	double start = now_ns();

	while (now_ns() - start < 5e6)
		continue;
}

/* Lines: DESCRIPTOR OF A LINK, HOW OFTEN, 1 FOR COLD CACHES. Answers with a list of nanoseconds. */
void iterate(void)
{
	int link, count, is_cold;

	stay_alone_on(0);
	while (scanf("%d %d %d", &link, &count, &is_cold) == 3) {
		wake_up();
		for (int i = 0; i < count; i++) {
			if (is_cold)
				fill_caches();
			printf("%s%.0f", i == 0 ? "[" : ", ", walk(link));
		}
		printf("]\n");
		fflush(stdout);
	}
}

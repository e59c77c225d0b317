// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "traffic.h"
#include <linux/bpf.h>
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Runs the iterator behind a link's descriptor without a pause, until its input ends. */
void walk_without_pause(int link_fd)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	unsigned long walks = 0;

	for (; poll(&input, 1, 0) == 0; walks++) {
		union bpf_attr attr = {.iter_create.link_fd = link_fd};
		int fd = syscall(SYS_bpf, BPF_ITER_CREATE, &attr, sizeof(attr));
		char nothing[64];
		if (fd < 0)
			fail("BPF_ITER_CREATE");
		while (read(fd, nothing, sizeof(nothing)) > 0)
			continue;
		close(fd);
	}
	printf("%lu\n", walks);
}

// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "bench.h"
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

void check(long result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
}

double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

void stay_alone_on(int cpu)
{
	cpu_set_t only;
	struct sched_param first = {.sched_priority = 1};

	CPU_ZERO(&only);
	CPU_SET(cpu, &only);
	check(sched_setaffinity(0, sizeof(only), &only), "cannot stay on one CPU");
	/* Not allowed everywhere. Without it other programs' turns are in the times. */
	if (sched_setscheduler(0, SCHED_FIFO, &first))
		warn("cannot run ahead of others");
}

void join_cgroup(const char *path)
{
	char procs[4096];
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	int fd = open(procs, O_WRONLY);
	check(fd, procs);
	check(write(fd, "0", 1), procs);
	close(fd);
}

static void set_address(int fd, const char *interface, const char *address)
{
	struct ifreq request = {.ifr_name = {0}};
	struct sockaddr_in *field = (void *)&request.ifr_addr;

	strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
	field->sin_family = AF_INET;
	inet_pton(AF_INET, address, &field->sin_addr);
	check(ioctl(fd, SIOCSIFADDR, &request), address);
	inet_pton(AF_INET, "255.255.255.0", &field->sin_addr);
	check(ioctl(fd, SIOCSIFNETMASK, &request), address);
}

void enter_own_network(void)
{
	struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

	check(unshare(CLONE_NEWNET), "cannot make a network namespace");
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	check(fd, "socket");
	check(ioctl(fd, SIOCSIFFLAGS, &loopback), "loopback");
	set_address(fd, "lo:1", "192.0.2.1");
	set_address(fd, "lo:2", "198.51.100.1");
	close(fd);
}

void *shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		err(1, "mmap");
	return memory;
}

// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "traffic.h"
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each has descriptors of its own, and a port: the ephemeral ports of one would not suffice. */
#define PROCESSES 8
#define BURSTS 5

static const struct size {
	int together; /* connections of a process; two sockets each */
	int burst;
} large = {6250, 500}, small = {1000, 1000};

static struct {
	pid_t pid;
	int channel;
} processes[PROCESSES];

static void allow_descriptors(rlim_t count)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		fail("getrlimit");
	limit.rlim_cur = count;
	if (limit.rlim_max < count)
		limit.rlim_max = count;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		fail("RLIMIT_NOFILE");
}

static void open_all(struct service *service, struct connection *connections, int count,
		     unsigned int *seed)
{
	for (int i = 0; i < count; i++) {
		connections[i] = open_connection(service);
		carry(&connections[i], CLIENT, 1 + rand_r(seed) % 1000);
		carry(&connections[i], SERVER, 1 + rand_r(seed) % 3000);
	}
}

/* All first ends before all second ones: many connections are half closed at the same time. */
static void close_all(struct connection *connections, int count)
{
	for (int turn = 0; turn < 2; turn++) {
		for (int i = 0; i < count; i++)
			close_end(&connections[i], (i + turn) % 2 ? SERVER : CLIENT);
	}
}

static void take_turn(int channel)
{
	char token = 0;
	if (write(channel, &token, 1) != 1 || read(channel, &token, 1) != 1)
		_exit(1);
}

static void connect_and_close(struct service *service, struct size size, int channel)
{
	struct connection *connections = calloc(size.together, sizeof(*connections));
	unsigned int seed = (unsigned int)channel;

	allow_descriptors(2 * size.together + 100);
	open_all(service, connections, size.together, &seed);
	for (int i = 0; i < size.together; i++)
		wait_until_acknowledged(&connections[i]);
	take_turn(channel);
	close_all(connections, size.together);
	take_turn(channel);
	for (int burst = 0; burst < BURSTS; burst++) {
		open_all(service, connections, size.burst, &seed);
		close_all(connections, size.burst);
		take_turn(channel);
	}
	_exit(0);
}

/* Nobody stays in the cgroups, also if the test ends early. */
static void end_processes(void)
{
	for (int i = 0; i < PROCESSES; i++) {
		if (processes[i].pid <= 0)
			continue;
		kill(processes[i].pid, SIGKILL);
		waitpid(processes[i].pid, NULL, 0);
	}
}

static void start_process(int i, struct service *service, struct size size)
{
	int channel[2];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, channel))
		fail("socketpair");
	pid_t pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		for (int other = 0; other < i; other++)
			processes[other].pid = 0;
		close(channel[0]);
		connect_and_close(service, size, channel[1]);
	}
	close(channel[1]);
	processes[i].pid = pid;
	processes[i].channel = channel[0];
}

static void crowd(struct size size)
{
	struct service *services[PROCESSES];
	char token;

	for (int i = 0; i < PROCESSES; i++)
		services[i] = serve("crowd", i % 2 ? AF_INET6 : AF_INET);
	atexit(end_processes);
	for (int i = 0; i < PROCESSES; i++)
		start_process(i, services[i], size);
	for (int step = 0; step < 2 + BURSTS; step++) {
		for (int i = 0; i < PROCESSES; i++) {
			if (read(processes[i].channel, &token, 1) != 1)
				fail("a process ended early");
		}
		checkpoint();
		for (int i = 0; i < PROCESSES; i++) {
			if (write(processes[i].channel, &token, 1) != 1)
				fail("a process ended early");
		}
	}
}

/* 100,000 sockets at the same time, then bursts of 8,000. */
void run_crowd(void)
{
	crowd(large);
}

/* 2,000 sockets of each process at the same time: more than a small table can hold. */
void run_small_crowd(void)
{
	crowd(small);
}

// SPDX-License-Identifier: Apache-2.0
/* Both ends share one CPU: on two CPUs wake-ups would hide everything else. */
#define _GNU_SOURCE
#include "bench.h"
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PARTS 25

struct served {
	struct end_count count;
	uint64_t closed;
};

static void serve(int listening, volatile struct served *served)
{
	char byte;

	for (;;) {
		int fd = accept(listening, NULL, NULL);
		check(fd, "accept");
		served->count.opened++;
		while (receive_all(fd, &byte, 1)) {
			served->count.received++;
			send_all(fd, &byte, 1);
			served->count.sent++;
		}
		close(fd);
		served->closed++;
	}
}

/* Another address in each run: the ports of one would all be waiting after some. */
static struct sockaddr_in server_address;

static int opened(struct end_count *client)
{
	client->opened++;
	return connect_to(server_address);
}

static void exchange(int fd, struct end_count *client)
{
	char byte = 1;

	send_all(fd, &byte, 1);
	client->sent++;
	if (receive_all(fd, &byte, 1))
		client->received++;
}

static int by_size(const void *left, const void *right)
{
	double l = *(const double *)left, r = *(const double *)right;
	return (l > r) - (l < r);
}

/*
 * rr: on one connection. crr: on one connection per transaction. Gives what all would have taken at
 * the pace of the median of many parts: one of them in which the machine did something else does
 * not count.
 */
static double transact(bool keeps_connection, int count, struct end_count *client)
{
	double parts[PARTS];
	int fd = keeps_connection ? opened(client) : -1;

	for (int part = 0; part < PARTS; part++) {
		double start = now_ns();
		for (int i = 0; i < count / PARTS; i++) {
			if (!keeps_connection)
				fd = opened(client);
			exchange(fd, client);
			if (!keeps_connection)
				close(fd);
		}
		parts[part] = now_ns() - start;
	}
	if (keeps_connection)
		close(fd);
	qsort(parts, PARTS, sizeof(parts[0]), by_size);
	return parts[PARTS / 2] * PARTS;
}

/* Lines: rr COUNT or crr COUNT, multiples of 25. Answers when both ends are closed. */
void ping_pong(void)
{
	char mode[8];
	int count;
	unsigned int runs = 0;

	enter_own_network();
	stay_alone_on(0);
	int listening = listener();
	volatile struct served *served = shared_memory(sizeof(*served));
	pid_t server = fork();
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(listening, served);
	}
	while (scanf("%7s %d", mode, &count) == 2) {
		struct end_count client = {0};
		server_address = documentation_address(runs++);
		memset((void *)&served->count, 0, sizeof(served->count));
		served->closed = 0;
		double ns = transact(strcmp(mode, "rr") == 0, count, &client);
		while (served->closed < client.opened)
			usleep(1000);
		usleep(5000); /* the last acknowledgement */
		print_counts(ns, &client, (const struct end_count *)&served->count);
	}
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

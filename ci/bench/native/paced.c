// SPDX-License-Identifier: Apache-2.0
/*
 * Requests and responses at a given pace: on connections that stay open, and on connections of
 * their own. Clients run on CPU 0, the server on CPU 1.
 */
#define _GNU_SOURCE
#include "bench.h"
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REQUEST 200
#define RESPONSE 5000
#define OPEN_CONNECTIONS 64
#define AT_ONCE 64 /* transactions under way, when the pace is behind */

static char content[RESPONSE];

struct served {
	struct end_count count;
	uint64_t closed;
};

static void watch(int poller, int fd)
{
	struct epoll_event readable = {.events = EPOLLIN, .data.fd = fd};
	check(epoll_ctl(poller, EPOLL_CTL_ADD, fd, &readable), "epoll_ctl");
}

static void answer(int fd, volatile struct served *served)
{
	char request[REQUEST];

	if (!receive_all(fd, request, REQUEST)) {
		close(fd);
		served->closed++;
		return;
	}
	served->count.received += REQUEST;
	send_all(fd, content, RESPONSE);
	served->count.sent += RESPONSE;
}

static void serve(int listening, volatile struct served *served)
{
	int poller = epoll_create1(0);
	struct epoll_event ready[AT_ONCE];

	stay_alone_on(1);
	watch(poller, listening);
	for (;;) {
		int count = epoll_wait(poller, ready, AT_ONCE, -1);
		for (int i = 0; i < count; i++) {
			if (ready[i].data.fd != listening) {
				answer(ready[i].data.fd, served);
				continue;
			}
			watch(poller, accept(listening, NULL, NULL));
			served->count.opened++;
		}
	}
}

struct pace {
	int on_open; /* transactions per second */
	int on_new;
	double seconds;
};

struct clients {
	struct end_count count;
	int open[OPEN_CONNECTIONS];
	unsigned int next_open, next_new;
};

static int dial(struct clients *clients, unsigned int index)
{
	clients->count.opened++;
	return connect_to(documentation_address(index));
}

static void request(struct clients *clients, int fd)
{
	send_all(fd, content, REQUEST);
	clients->count.sent += REQUEST;
}

static void take_response(struct clients *clients, int fd)
{
	char response[RESPONSE];

	if (receive_all(fd, response, RESPONSE))
		clients->count.received += RESPONSE;
}

/* All requests go out before the first response is awaited. */
static void transact(struct clients *clients, int on_open, int on_new)
{
	int fresh[AT_ONCE], reused[AT_ONCE];

	for (int i = 0; i < on_new; i++)
		request(clients, fresh[i] = dial(clients, clients->next_new++));
	for (int i = 0; i < on_open; i++)
		request(clients,
			reused[i] = clients->open[clients->next_open++ % OPEN_CONNECTIONS]);
	for (int i = 0; i < on_new; i++) {
		take_response(clients, fresh[i]);
		close(fresh[i]);
	}
	for (int i = 0; i < on_open; i++)
		take_response(clients, reused[i]);
}

static int due(double rate, double seconds, int done)
{
	int missing = (int)(rate * seconds) - done;
	return missing < AT_ONCE / 2 ? missing : AT_ONCE / 2;
}

static double keep_pace(struct clients *clients, const struct pace *pace)
{
	double start = now_ns(), total = pace->seconds;
	int on_open = 0, on_new = 0;

	while (on_open < (int)(pace->on_open * total) || on_new < (int)(pace->on_new * total)) {
		double seconds = (now_ns() - start) / 1e9;
		double elapsed = seconds < total ? seconds : total;
		int more_open = due(pace->on_open, elapsed, on_open);
		int more_new = due(pace->on_new, elapsed, on_new);
		transact(clients, more_open, more_new);
		on_open += more_open;
		on_new += more_new;
		if (more_open < AT_ONCE / 2 && more_new < AT_ONCE / 2)
			usleep(1000);
	}
	return now_ns() - start;
}

/* Lines: TRANSACTIONS/S ON OPEN CONNECTIONS, THE SAME ON NEW ONES, SECONDS. */
void paced(void)
{
	struct pace pace;

	enter_own_network();
	int listening = listener();
	volatile struct served *served = shared_memory(sizeof(*served));
	pid_t server = fork();
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(listening, served);
	}
	stay_alone_on(0);
	while (scanf("%d %d %lf", &pace.on_open, &pace.on_new, &pace.seconds) == 3) {
		struct clients clients = {0};
		memset((void *)&served->count, 0, sizeof(served->count));
		served->closed = 0;
		for (int i = 0; pace.on_open && i < OPEN_CONNECTIONS; i++)
			clients.open[i] = dial(&clients, i);
		double ns = keep_pace(&clients, &pace);
		for (int i = 0; pace.on_open && i < OPEN_CONNECTIONS; i++)
			close(clients.open[i]);
		while (served->closed < clients.count.opened)
			usleep(1000);
		usleep(5000); /* the last acknowledgement */
		print_counts(ns, &clients.count, (const struct end_count *)&served->count);
	}
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

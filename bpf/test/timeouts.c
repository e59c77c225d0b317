// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "traffic.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#define CONNECTIONS 200

static volatile int is_over;

/* Keeps a CPU in listen and close, whose state changes run in process context. */
static void *listen_and_close(void *cpu)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
	while (!is_over) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		if (fd < 0 || listen(fd, 1))
			fail("listen");
		close(fd);
	}
	return NULL;
}

static int is_timed_out(const struct connection *connection)
{
	int error = 0;
	socklen_t length = sizeof(error);
	getsockopt(connection->fd[CLIENT], SOL_SOCKET, SO_ERROR, &error, &length);
	return error != 0;
}

/* Connections that a timer closes, in a softirq, on CPUs that are busy changing states. */
void run_timeouts(void)
{
	static struct connection connections[CONNECTIONS];
	pthread_t busy[2];
	struct service *service = serve("timeouts", AF_INET);

	for (int i = 0; i < CONNECTIONS; i++) {
		connections[i] = open_connection(service);
		carry(&connections[i], CLIENT, 1 + i);
		wait_until_acknowledged(&connections[i]);
		int milliseconds = 300 + i; /* each timer for itself */
		if (setsockopt(connections[i].fd[CLIENT], IPPROTO_TCP, TCP_USER_TIMEOUT,
			       &milliseconds, sizeof(milliseconds)))
			fail("TCP_USER_TIMEOUT");
	}
	set_loopback(0);
	for (size_t cpu = 0; cpu < 2; cpu++) {
		if (pthread_create(&busy[cpu], NULL, listen_and_close, (void *)cpu))
			fail("pthread_create");
	}
	for (int i = 0; i < CONNECTIONS; i++) {
		/* Never acknowledged, so never counted. */
		if (send(connections[i].fd[CLIENT], "lost", 4, MSG_NOSIGNAL) != 4)
			fail("send");
	}
	for (int i = 0; i < CONNECTIONS; i++) {
		for (int tries = 0; !is_timed_out(&connections[i]); tries++) {
			if (tries == 1000)
				fail("no timeout");
			usleep(10000);
		}
	}
	is_over = 1;
	for (int cpu = 0; cpu < 2; cpu++)
		pthread_join(busy[cpu], NULL);
	for (int i = 0; i < CONNECTIONS; i++) {
		close_end(&connections[i], CLIENT);
		reset(&connections[i], SERVER);
	}
	checkpoint();
}

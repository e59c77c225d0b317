// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "traffic.h"
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#define SOCKETS 48
#define EXCHANGES 16000
#define EXCHANGES_IN_EMULATION 3000

static int exchanges;

static void close_somehow(struct connection *connection, unsigned int *seed)
{
	enum end first = rand_r(seed) % 2 ? CLIENT : SERVER;
	int way = rand_r(seed) % 32;
	if (way == 0) { /* rare: the acknowledgement may take 40 ms */
		wait_until_acknowledged(connection);
		reset(connection, first);
	} else if (way < 16) {
		end_sending(connection, SERVER);
		end_sending(connection, CLIENT);
		close_end(connection, first);
	} else {
		close_end(connection, first);
	}
	close_end(connection, !first);
}

/* Exchanges a little on many connections, and closes and opens them all the time. */
static void *exchange(void *argument)
{
	struct service *service = argument;
	struct connection connections[SOCKETS] = {};
	unsigned int seed = (unsigned int)(size_t)service;

	for (int i = 0; i < exchanges; i++) {
		struct connection *connection = &connections[rand_r(&seed) % SOCKETS];
		if (!connection->service)
			*connection = open_connection(service);
		carry(connection, CLIENT, 1 + rand_r(&seed) % 2000);
		carry(connection, SERVER, 1 + rand_r(&seed) % 2000);
		if (rand_r(&seed) % 2)
			continue;
		close_somehow(connection, &seed);
		connection->service = NULL;
	}
	for (int i = 0; i < SOCKETS; i++) {
		if (!connections[i].service)
			continue;
		close_end(&connections[i], CLIENT);
		close_end(&connections[i], SERVER);
	}
	return NULL;
}

/* One thread per CPU and family, while the test drains without a pause. */
static void race(int exchanges_each)
{
	static const int families[] = {AF_INET, AF_INET6};
	pthread_t threads[2];

	exchanges = exchanges_each;
	struct service *services[2];
	for (int i = 0; i < 2; i++)
		services[i] = serve("race", families[i]);
	checkpoint();
	for (int i = 0; i < 2; i++) {
		if (pthread_create(&threads[i], NULL, exchange, services[i]))
			fail("pthread_create");
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	checkpoint();
}

void run_race(void)
{
	race(EXCHANGES);
}

/* Where a processor is emulated it is some ten times slower. */
void run_short_race(void)
{
	race(EXCHANGES_IN_EMULATION);
}

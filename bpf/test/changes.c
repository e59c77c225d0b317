// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "traffic.h"
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define LASTING 64

static const int families[] = {AF_INET, AF_INET6};
static volatile bool is_over;

/* Connections that open, carry a little and close, one after the other; with a pause now and then.
 */
static void *come_and_go(void *argument)
{
	struct service *service = argument;
	unsigned int seed = service->family;
	while (!is_over) {
		struct connection connection = open_connection(service);
		carry(&connection, CLIENT, rand_r(&seed) % 2000);
		carry(&connection, SERVER, rand_r(&seed) % 2000);
		close_in_order(&connection, rand_r(&seed) % 2 ? CLIENT : SERVER);
		if (rand_r(&seed) % 8 == 0)
			usleep(rand_r(&seed) % 1000);
	}
	return NULL;
}

struct reuse {
	struct service *service, *nothing;
};

/* Sockets that are open most of the time: disconnected in turn, refused and connected again. */
static void *use_again(void *argument)
{
	/* So many that most stay as they are while places are reserved. */
	enum { SOCKETS = 256 };
	static const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
	const struct reuse *reuse = argument;
	struct connection connections[SOCKETS];
	for (int i = 0; i < SOCKETS; i++)
		connections[i] = (struct connection){reuse->service, {client_socket(AF_INET), -1}};
	for (int i = 0; !is_over; i = (i + 1) % SOCKETS) {
		struct connection *connection = &connections[i];
		int client = connection->fd[CLIENT];
		if (connection->fd[SERVER] >= 0) {
			if (connect(client, &nobody, sizeof(nobody)))
				fail("connect(AF_UNSPEC)");
			close_end(connection, SERVER);
		}
		if (!connect_to(client, reuse->nothing) || errno != ECONNREFUSED)
			fail("connect to nothing");
		__sync_fetch_and_add(&reuse->nothing->failed, 1);
		if (connect_to(client, reuse->service))
			fail("connect");
		connection->fd[SERVER] = accept(reuse->service->listener, NULL, NULL);
		count_opened(reuse->service);
		carry(connection, CLIENT, 10);
		carry(connection, SERVER, 20);
		wait_until_acknowledged(connection);
	}
	for (int i = 0; i < SOCKETS; i++) {
		close_end(&connections[i], CLIENT);
		if (connections[i].fd[SERVER] >= 0)
			close_end(&connections[i], SERVER);
	}
	return NULL;
}

/* What agents are replaced under: from the first checkpoint on until the test has seen enough. */
void run_changes(void)
{
	struct service *lasting[2], *brief[2];
	static struct connection connections[LASTING];
	pthread_t threads[3];

	for (int i = 0; i < 2; i++) {
		lasting[i] = serve("lasting", families[i]);
		brief[i] = serve("brief", families[i]);
	}
	struct reuse reuse = {serve("again", AF_INET), serve_nothing("nothing", AF_INET)};
	for (int i = 0; i < LASTING; i++) {
		connections[i] = open_connection(lasting[i % 2]);
		carry(&connections[i], CLIENT, 1000 + i);
	}
	for (int i = 0; i < 2; i++) {
		if (pthread_create(&threads[i], NULL, come_and_go, brief[i]))
			fail("pthread_create");
	}
	if (pthread_create(&threads[2], NULL, use_again, &reuse))
		fail("pthread_create");
	checkpoint();
	for (int i = 0; i < LASTING; i++)
		carry(&connections[i], SERVER, 5000 + i);
	is_over = true;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	checkpoint();
	for (int i = 0; i < LASTING; i++)
		close_in_order(&connections[i], i % 4 < 2 ? CLIENT : SERVER);
	checkpoint();
}

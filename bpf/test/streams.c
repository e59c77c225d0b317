// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "traffic.h"
#include <netinet/in.h>
#include <unistd.h>

#define STREAMS 200
/* Fits into the buffers: one thread writes, then reads. */
#define CHUNK 65536
/* After each round: it takes long enough for an agent to come and go. */
#define PAUSE_US 80000

static struct connection streams[STREAMS];

/* Takes the place of a connection that ends meanwhile. */
static void reopen(struct connection *stream, enum end first)
{
	struct service *service = stream->service;
	close_in_order(stream, first);
	*stream = open_connection(service);
}

/*
 * Connections that transfer from the first checkpoint to the second, a quarter of it back to the
 * client. In every round two of them end, and others take their place.
 */
static void run_streams_of(uint64_t total)
{
	struct service *services[] = {serve("stream", AF_INET), serve("stream", AF_INET6)};
	for (int i = 0; i < STREAMS; i++)
		streams[i] = open_connection(services[i % 2]);
	checkpoint();
	uint64_t carried = 0;
	for (unsigned int round = 0; carried < total; round++) {
		for (int i = 0; i < STREAMS; i++) {
			carry(&streams[i], CLIENT, CHUNK - CHUNK / 4);
			carry(&streams[i], SERVER, CHUNK / 4);
			carried += CHUNK;
		}
		reopen(&streams[round % STREAMS], CLIENT);
		reopen(&streams[(round + STREAMS / 2) % STREAMS], SERVER);
		usleep(PAUSE_US);
	}
	checkpoint();
	for (int i = 0; i < STREAMS; i++)
		close_in_order(&streams[i], i % 2 ? CLIENT : SERVER);
	checkpoint();
}

void run_streams(void)
{
	run_streams_of(2000000000);
}

void run_streams_10gb(void)
{
	run_streams_of(10000000000);
}

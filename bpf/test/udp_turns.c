// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "datagrams.h"
#include <netinet/in.h>
#include <unistd.h>

#define TURNS 5

static void take_turn(struct service *service, int fd)
{
	for (size_t n = 1; n <= 10; n++) {
		send_to(service, fd, n * 10);
		answer(service, n * 20);
		receive_one(service, CLIENT, fd, 65536);
	}
}

/* The same two sockets in every turn. */
void run_udp_turns(void)
{
	struct service *service = serve_datagrams("turns", AF_INET);
	int fd = datagram_socket(CLIENT, AF_INET);
	for (int turn = 0; turn < TURNS; turn++) {
		checkpoint();
		take_turn(service, fd);
	}
	checkpoint();
}

/* Two sockets of its own in every turn, made before it. */
void run_udp_again(void)
{
	for (int turn = 0; turn < TURNS; turn++) {
		struct service *service = serve_datagrams("again", AF_INET);
		int fd = datagram_socket(CLIENT, AF_INET);
		checkpoint();
		take_turn(service, fd);
		close(fd);
		close(service->listener);
		checkpoint();
	}
}

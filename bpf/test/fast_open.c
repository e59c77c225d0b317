// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Data in the SYN: the server's socket is there, and may end, before its handshake is complete. */
#define _GNU_SOURCE
#include "traffic.h"
#include <linux/tcp.h>
#include <netinet/in.h>

#define REQUEST 700
#define ANSWER 300

enum { SYN_RECV = 3 };

struct service *serve_fast_open(const char *name, int family)
{
	struct service *service = serve(name, family);
	int queue = 5;
	set_sysctl("/proc/sys/net/ipv4/tcp_fastopen", "3");
	if (setsockopt(service->listener, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue)))
		fail("TCP_FASTOPEN");
	return service;
}

static void send_with_syn(struct service *service, int fd, int flags)
{
	char text[REQUEST] = {};
	if (sendto(fd, text, sizeof(text), MSG_FASTOPEN | flags, (void *)&service->address,
		   service->address_length) != sizeof(text))
		fail("sendto");
}

static struct connection accept_from(struct service *service, int fd)
{
	struct connection connection = {service, {fd, accept(service->listener, NULL, NULL)}};
	receive_bytes(&connection, SERVER, REQUEST);
	return connection;
}

struct connection open_fast_connection(struct service *service)
{
	int fd = client_socket(service->family);
	send_with_syn(service, fd, 0);
	service->sent[CLIENT] += REQUEST;
	count_opened(service);
	return accept_from(service, fd);
}

/* The first exchange fetches the cookie, the others send their data in the SYN. */
static void exchange(struct service *service)
{
	for (int round = 0; round < 4; round++) {
		struct connection connection = open_fast_connection(service);
		carry(&connection, SERVER, ANSWER);
		int was_in_syn = tcp_facts(connection.fd[CLIENT]).tcpi_options & TCPI_OPT_SYN_DATA;
		if (was_in_syn != (round ? TCPI_OPT_SYN_DATA : 0))
			fail("the data was not where it should be");
		close_in_order(&connection, round % 2 ? SERVER : CLIENT);
	}
}

/* A client that does not hear the answer, and a server that has accepted it all the same. */
static struct connection open_half(struct service *service)
{
	int fd = client_socket(service->family);
	make_deaf(fd);
	send_with_syn(service, fd, MSG_DONTWAIT);
	struct connection connection = accept_from(service, fd);
	service->opened[SERVER]++;
	if (tcp_state(&connection, SERVER) != SYN_RECV)
		fail("the handshake is complete");
	return connection;
}

/* It hears what is sent again. */
static void finish(struct connection *connection)
{
	hear_again(connection->fd[CLIENT]);
	receive_rest(connection, CLIENT);
	connection->service->sent[CLIENT] += REQUEST;
	connection->service->opened[CLIENT]++;
	close_end(connection, CLIENT);
}

void run_fast_open(void)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct connection early[2];

	for (int i = 0; i < 2; i++) {
		struct service *service = serve_fast_open("fast open", families[i]);
		exchange(service);
		struct connection broken = open_half(service);
		reset(&broken, SERVER);
		close_end(&broken, CLIENT);
		service->failed++;
		early[i] = open_half(service);
		send_bytes(&early[i], SERVER, ANSWER);
		close_end(&early[i], SERVER);
	}
	for (int i = 0; i < 2; i++)
		finish(&early[i]);
	checkpoint();
}

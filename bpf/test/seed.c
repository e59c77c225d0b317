// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "traffic.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

/* Connections that are open before the programs are loaded. */

#define PER_SERVICE 4
#define WAITING 3

static struct connection open_with_history(struct service *service)
{
	struct connection connection = open_connection(service);
	carry(&connection, CLIENT, 1000);
	carry(&connection, SERVER, 300);
	return connection;
}

/* Received by the server's kernel, and by no program yet. */
static void send_to_nobody(struct connection *connection, size_t length)
{
	send_bytes(connection, CLIENT, length);
	connection->service->received[SERVER] += length;
}

static void accept_late(struct connection *connection, size_t waiting)
{
	connection->fd[SERVER] = accept(connection->service->listener, NULL, NULL);
	receive_bytes(connection, SERVER, waiting);
	connection->service->received[SERVER] -= waiting;
}

static struct connection connect_only(struct service *service, int fd)
{
	if (connect_to(fd, service))
		fail("connect");
	return (struct connection){service, {fd, -1}};
}

/* Its client has a port on which somebody listens, at another address. */
static struct connection connect_from_port_of(const struct service *listening,
					      struct service *service)
{
	int fd = client_socket(AF_INET);
	struct sockaddr_in local = *(const struct sockaddr_in *)&listening->address;
	local.sin_addr.s_addr = inet_addr("127.0.0.2");
	if (bind(fd, (void *)&local, sizeof(local)))
		fail("bind");
	struct connection connection = connect_only(service, fd);
	connection.fd[SERVER] = accept(service->listener, NULL, NULL);
	return connection;
}

static struct connection all[64];
static int count;

static void carry_on_all(size_t from_client, size_t from_server)
{
	for (int i = 0; i < count; i++) {
		carry(&all[i], CLIENT, from_client);
		carry(&all[i], SERVER, from_server);
		wait_until_acknowledged(&all[i]);
	}
}

static void carry_and_wait(struct connection *connection, enum end from, size_t length)
{
	carry(connection, from, length);
	wait_until_acknowledged(connection);
}

/* The programs are loaded at the first checkpoint; from then on every byte counts. */
void run_seed(void)
{
	struct service *older[3], *waits[3];
	struct connection ended[3][2], waiting[3][WAITING];

	for (int kind = 0; kind < 3; kind++) {
		older[kind] = serve_kind("older", kind);
		for (int i = 0; i < PER_SERVICE; i++)
			all[count++] = open_with_history(older[kind]);
		for (enum end end = CLIENT; end <= SERVER; end++) {
			ended[kind][end] = open_with_history(serve_kind("half-closed", kind));
			end_sending(&ended[kind][end], end);
			receive_rest(&ended[kind][end], !end);
			carry_and_wait(&ended[kind][end], !end, 600);
		}
		waits[kind] = serve_kind("waits to be accepted", kind);
		for (int i = 0; i < WAITING; i++) {
			int fd = client_socket(waits[kind]->family);
			waiting[kind][i] = connect_only(waits[kind], fd);
			send_to_nobody(&waiting[kind][i], 500);
		}
	}
	int unconnected = client_socket(AF_INET);
	all[count++] = connect_from_port_of(older[V4], older[V4]);
	struct service *gone = serve("listener gone", AF_INET);
	all[count++] = open_with_history(gone);
	close(gone->listener);

	enter_own_network();
	set_sysctl("/proc/sys/net/ipv4/ip_local_port_range", "20000 30000");
	struct service *other = serve("other namespace", AF_INET);
	for (int i = 0; i < PER_SERVICE; i++)
		all[count++] = open_with_history(other);
	all[count++] = connect_from_port_of(older[V4], other);
	checkpoint();

	forget_history();
	carry_on_all(71, 80);
	for (int kind = 0; kind < 3; kind++) {
		for (enum end end = CLIENT; end <= SERVER; end++)
			carry_and_wait(&ended[kind][end], !end, 4000);
		for (int i = 0; i < WAITING; i++)
			send_to_nobody(&waiting[kind][i], 7);
	}
	checkpoint();

	for (int kind = 0; kind < 3; kind++) {
		for (int i = 0; i < WAITING; i++) {
			accept_late(&waiting[kind][i], 507);
			all[count++] = waiting[kind][i];
		}
	}
	/* A socket that was there and not connected, and a listener that was there. */
	all[count] = connect_only(older[0], unconnected);
	all[count++].fd[SERVER] = accept(older[0]->listener, NULL, NULL);
	count_opened(older[0]);
	carry_on_all(10, 20000);
	checkpoint();

	for (int i = 0; i < count; i++)
		close_in_order(&all[i], i % 2 ? CLIENT : SERVER);
	for (int kind = 0; kind < 3; kind++) {
		for (enum end end = CLIENT; end <= SERVER; end++) {
			close_end(&ended[kind][end], !end);
			close_end(&ended[kind][end], end);
		}
	}
	checkpoint();
}

/* A client's descriptor that is on its way through a Unix socket while the files are walked. */
void run_seed_in_flight(void)
{
	int channel[2];
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, channel))
		fail("socketpair");
	struct connection connection = open_with_history(serve("in flight", AF_INET));
	pass_descriptor(channel[0], connection.fd[CLIENT]);
	close_end(&connection, CLIENT);
	checkpoint();
	connection.fd[CLIENT] = take_descriptor(channel[1]);
	carry_and_wait(&connection, CLIENT, 100);
	checkpoint();
	forget_history();
	carry_and_wait(&connection, CLIENT, 40);
	carry_and_wait(&connection, SERVER, 5);
	checkpoint();
	close_in_order(&connection, CLIENT);
	checkpoint();
}

/* More connections wait to be accepted than are looked at. */
void run_seed_full_queue(void)
{
	enum { MANY = 300 };
	static struct connection connections[MANY];
	struct service *service = serve("full queue", AF_INET);

	if (listen(service->listener, MANY))
		fail("listen");
	for (int i = 0; i < MANY; i++)
		connections[i] = connect_only(service, client_socket(AF_INET));
	checkpoint();
	for (int i = 0; i < MANY; i++)
		connections[i].fd[SERVER] = accept(service->listener, NULL, NULL);
	checkpoint();
	for (int i = 0; i < MANY; i++)
		carry(&connections[i], CLIENT, 1 + i);
	for (int i = 0; i < MANY; i++)
		close_in_order(&connections[i], CLIENT);
	checkpoint();
}

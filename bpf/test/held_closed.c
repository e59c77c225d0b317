// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "traffic.h"
#include <linux/tcp.h>
#include <netinet/in.h>
#include <unistd.h>

/* Connections that are closed, and whose sockets the programs still hold. */

enum { CLOSED = 7 };

static void set_option(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)))
		fail("setsockopt");
}

static void wait_until_closed(const struct connection *connection, enum end end)
{
	for (int tries = 0; tcp_state(connection, end) != CLOSED; tries++) {
		if (tries == 10000)
			fail("not closed");
		usleep(1000);
	}
}

static void wait_until_both_closed(const struct connection *connection)
{
	wait_until_closed(connection, CLIENT);
	wait_until_closed(connection, SERVER);
}

static void end_in_order(struct connection *connection, enum end first)
{
	end_sending(connection, first);
	receive_rest(connection, !first);
	end_sending(connection, !first);
	wait_until_both_closed(connection);
}

/* What arrives is dropped until it was sent again. */
static void carry_again(struct connection *connection, enum end from, size_t length)
{
	int fd = connection->fd[!from];
	make_deaf(fd);
	send_bytes(connection, from, length);
	while (tcp_facts(connection->fd[from]).tcpi_total_retrans == 0)
		usleep(1000);
	hear_again(fd);
	receive_bytes(connection, !from, length);
}

static void close_in_order_and_hold(int family)
{
	struct connection connection;

	for (enum end first = CLIENT; first <= SERVER; first++) {
		struct service *service =
		    serve(first == CLIENT ? "client first" : "server first", family);
		connection = open_connection(service);
		carry(&connection, CLIENT, 700);
		carry(&connection, SERVER, 90);
		end_in_order(&connection, first);

		connection = open_connection(serve("half-closed for long", family));
		end_sending(&connection, first);
		carry(&connection, !first, 3000);
		end_in_order(&connection, first);

		connection = open_connection(serve("sent again", family));
		carry_again(&connection, first, 2500);
		end_in_order(&connection, CLIENT);

		connection = open_connection(serve("only opened", family));
		end_in_order(&connection, first);
	}
	connection = open_narrow_connection(serve("both at once", family));
	end_both_at_once(&connection);
	wait_until_both_closed(&connection);

	struct service *fast = serve_fast_open("fast open", family);
	for (int round = 0; round < 3; round++) {
		connection = open_fast_connection(fast);
		carry(&connection, SERVER, 300);
		end_in_order(&connection, round % 2 ? SERVER : CLIENT);
	}
}

/*
 * Each client's connection ends by a timer while the link is down. Its server learns by a reset,
 * when it sends, or when its keepalive asks.
 */
static void break_off_and_hold(int family)
{
	enum { SENDS, ASKS, ENDED, TOLD, UNREAD, CASES };
	static const char *const names[] = {"broken off", "broken off at rest",
					    "broken off half-closed", "broken off and told",
					    "broken off with unread data"};
	struct connection connections[CASES];

	for (int i = 0; i < CASES; i++) {
		struct connection *connection = &connections[i];
		*connection = open_connection(serve(names[i], family));
		carry(connection, CLIENT, 1200);
		carry(connection, SERVER, 40);
		if (i == ASKS)
			carry_again(connection, SERVER, 2500);
		if (i == UNREAD) {
			send_bytes(connection, SERVER, 60);
			connection->service->received[CLIENT] += 60;
		}
		if (i == ENDED) /* its FIN is acknowledged */
			end_sending(connection, SERVER);
		wait_until_acknowledged(connection);
		set_option(connection->fd[CLIENT], IPPROTO_TCP, TCP_USER_TIMEOUT, 200);
	}
	set_loopback(0);
	for (int i = 0; i < CASES; i++) {
		/* Never acknowledged, so never counted. */
		if (send(connections[i].fd[CLIENT], "lost", 4, MSG_NOSIGNAL) != 4)
			fail("send");
	}
	for (int i = 0; i < CASES; i++)
		wait_until_closed(&connections[i], CLIENT);
	set_loopback(1);
	for (int i = 0; i < CASES; i++) {
		int fd = connections[i].fd[SERVER];
		if (i == ASKS || i == ENDED) {
			set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 1);
			set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
		} else if (send(fd, "lost", 4, MSG_NOSIGNAL) != 4) {
			fail("send");
		}
	}
	for (int i = 0; i < CASES; i++) {
		struct connection *connection = &connections[i];
		wait_until_closed(connection, SERVER);
		/* Then the socket has the error no more. */
		if (i == TOLD)
			receive_rest(connection, SERVER);
		else
			connection->service->signals.reset_by[CLIENT]++;
	}
}

static struct connection open_to_reuse(int family)
{
	struct connection connection = open_connection(serve("reused", family));
	carry(&connection, CLIENT, 5000);
	carry(&connection, SERVER, 400);
	wait_until_acknowledged(&connection);
	return connection;
}

static void reuse(struct connection *connection)
{
	struct service *service = connection->service;
	disconnect(connection->fd[CLIENT]);
	if (connect_to(connection->fd[CLIENT], service))
		fail("connect");
	connection->fd[SERVER] = accept(service->listener, NULL, NULL);
	count_opened(service);
	carry(connection, CLIENT, 33);
	carry(connection, SERVER, 22);
	wait_until_acknowledged(connection);
}

/* And then sockets that are connected again before anybody looks. */
void run_held_closed(void)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct connection reused[2];

	for (int i = 0; i < 2; i++) {
		close_in_order_and_hold(families[i]);
		break_off_and_hold(families[i]);
		reused[i] = open_to_reuse(families[i]);
	}
	checkpoint();
	for (int i = 0; i < 2; i++)
		reuse(&reused[i]);
	checkpoint();
}

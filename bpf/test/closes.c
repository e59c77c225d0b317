// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "traffic.h"
#include <linux/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <netinet/in.h>

#define CONNECTIONS 1000
#define LEFT_OPEN 100

enum { FIN_WAIT1 = 4 };

void close_in_order(struct connection *connection, enum end first)
{
	close_end(connection, first);
	receive_rest(connection, !first);
	close_end(connection, !first);
}

/* Both FINs wait behind full windows, so that neither end has seen the other's when it closes. */
void end_both_at_once(struct connection *connection)
{
	fill(connection, CLIENT);
	fill(connection, SERVER);
	end_sending(connection, CLIENT);
	end_sending(connection, SERVER);
	if (tcp_state(connection, CLIENT) != FIN_WAIT1 ||
	    tcp_state(connection, SERVER) != FIN_WAIT1)
		fail("the ends did not close at once");
	receive_rest(connection, SERVER);
	receive_rest(connection, CLIENT);
}

void close_both_at_once(struct connection *connection)
{
	end_both_at_once(connection);
	close_end(connection, CLIENT);
	close_end(connection, SERVER);
}

/* What is not acknowledged at a reset counts as not sent. */
void close_by_reset(struct connection *connection, enum end by)
{
	wait_until_acknowledged(connection);
	reset(connection, by);
	receive_rest(connection, !by);
	close_end(connection, !by);
}

/* Four ways of closing, both families in turn; the last connections of all kinds stay open. */
void run_closes(void)
{
	static const char *const ways[] = {"client first", "server first", "both at once", "reset"};
	struct service *services[4][2];
	static struct connection open[LEFT_OPEN];
	unsigned int seed = 1;

	for (int way = 0; way < 4; way++) {
		services[way][0] = serve(ways[way], AF_INET);
		services[way][1] = serve(ways[way], AF_INET6);
	}
	for (int i = 0; i < CONNECTIONS; i++) {
		int way = i / 2 % 4;
		struct service *service = services[way][i % 2];
		struct connection connection =
		    way == 2 ? open_narrow_connection(service) : open_connection(service);
		if (way != 2) {
			carry(&connection, CLIENT, some_bytes(&seed));
			carry(&connection, SERVER, some_bytes(&seed));
		}
		if (i >= CONNECTIONS - LEFT_OPEN) {
			carry(&connection, CLIENT, 1 + i % 7);
			wait_until_acknowledged(&connection);
			open[i - (CONNECTIONS - LEFT_OPEN)] = connection;
		} else if (way == 0 || way == 1) {
			close_in_order(&connection, way == 0 ? CLIENT : SERVER);
		} else if (way == 2) {
			close_both_at_once(&connection);
		} else {
			close_by_reset(&connection, i / 8 % 2 ? CLIENT : SERVER);
		}
	}
	checkpoint();
	for (int i = 0; i < LEFT_OPEN; i++)
		close_in_order(&open[i], i % 2 ? CLIENT : SERVER);
	checkpoint();
}

/* The same on sockets of IPv6 whose connections are IPv4. */
void run_mapped(void)
{
	struct connection half_closed[2];

	for (enum end end = CLIENT; end <= SERVER; end++) {
		struct connection ordered = open_connection(serve_kind("in order", MAPPED));
		carry(&ordered, CLIENT, 700);
		carry(&ordered, SERVER, 90);
		close_in_order(&ordered, end);
		struct connection both = open_narrow_connection(serve_kind("at once", MAPPED));
		close_both_at_once(&both);
		struct connection broken = open_connection(serve_kind("reset", MAPPED));
		carry(&broken, CLIENT, 44);
		carry(&broken, SERVER, 5500);
		close_by_reset(&broken, end);
		half_closed[end] = open_connection(serve_kind("half-closed", MAPPED));
		carry(&half_closed[end], CLIENT, 100);
		end_sending(&half_closed[end], end);
		receive_rest(&half_closed[end], !end);
		carry(&half_closed[end], !end, 3000);
		wait_until_acknowledged(&half_closed[end]);
	}
	checkpoint();
	for (enum end end = CLIENT; end <= SERVER; end++) {
		carry(&half_closed[end], !end, 2000);
		close_end(&half_closed[end], !end);
		close_end(&half_closed[end], end);
	}
	checkpoint();
}

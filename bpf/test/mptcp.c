// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "traffic.h"
#include <linux/mptcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef SOL_MPTCP
#define SOL_MPTCP 284
#endif

static int mptcp_socket(int family)
{
	int fd = socket(family, SOCK_STREAM, IPPROTO_MPTCP);
	if (fd < 0)
		fail("the kernel has no MPTCP (CONFIG_MPTCP, net.mptcp.enabled)");
	return fd;
}

/* Paths beside the first one; -1 if the connection is plain TCP. */
static int more_paths(int fd)
{
	struct mptcp_info info = {};
	socklen_t length = sizeof(info);
	if (getsockopt(fd, SOL_MPTCP, MPTCP_INFO, &info, &length))
		return -1;
	return info.mptcpi_subflows;
}

static struct connection connect_by(struct service *service, int fd)
{
	if (connect_to(fd, service))
		fail("connect");
	struct connection connection = {service, {fd, accept(service->listener, NULL, NULL)}};
	count_opened(service);
	return connection;
}

static void exchange(struct connection *connection)
{
	carry(connection, CLIENT, 30000);
	carry(connection, SERVER, 7000);
	wait_until_acknowledged(connection);
}

static struct connection open_multipath(struct service *service)
{
	struct connection connection = connect_by(service, mptcp_socket(service->family));
	for (enum end end = CLIENT; end <= SERVER; end++) {
		if (more_paths(connection.fd[end]) < 0)
			fail("the ends agreed on plain TCP");
	}
	return connection;
}

/* A payload byte of an MPTCP connection is a byte of one of its TCP subflows, and counts there:
 * while it is open, when the socket above has numbers of its own, and when it is closed. */
void run_mptcp(void)
{
	enum { CLIENT_FIRST, SERVER_FIRST, LISTENER_ONLY, CLIENT_ONLY, KINDS };
	static const int families[] = {AF_INET, AF_INET6};
	struct connection connections[2][KINDS];

	for (int i = 0; i < 2; i++) {
		int family = families[i];
		for (int kind = CLIENT_FIRST; kind <= SERVER_FIRST; kind++)
			connections[i][kind] =
			    open_multipath(serve_by("both ends", family, mptcp_socket));
		connections[i][LISTENER_ONLY] =
		    open_connection(serve_by("listener only", family, mptcp_socket));
		struct connection fallen_back =
		    connect_by(serve("client only", family), mptcp_socket(family));
		if (more_paths(fallen_back.fd[CLIENT]) >= 0)
			fail("not plain TCP");
		connections[i][CLIENT_ONLY] = fallen_back;
		for (int kind = 0; kind < KINDS; kind++)
			exchange(&connections[i][kind]);
	}
	checkpoint();
	for (int i = 0; i < 2; i++) {
		for (int kind = 0; kind < KINDS; kind++)
			close_in_order(&connections[i][kind], kind % 2 ? SERVER : CLIENT);
	}
	checkpoint();
}

/* A second path over another loopback address: a TCP connection more, and no byte twice. */
void run_mptcp_two_paths(void)
{
	if (system("ip mptcp limits set subflow 1 add_addr_accepted 1 &&"
		   "ip mptcp endpoint add 127.0.0.2 dev lo subflow"))
		fail("ip mptcp");
	struct service *service = serve_by("two paths", AF_INET, mptcp_socket);
	struct connection connection = connect_by(service, mptcp_socket(AF_INET));
	carry(&connection, CLIENT, 1000);
	carry(&connection, SERVER, 1000);
	for (int tries = 0; more_paths(connection.fd[CLIENT]) < 1; tries++) {
		if (tries == 1000)
			fail("no second subflow");
		usleep(1000);
	}
	count_opened(service);
	for (int i = 0; i < 50; i++) {
		carry(&connection, CLIENT, 20000);
		carry(&connection, SERVER, 3000);
	}
	exchange(&connection);
	checkpoint();
	close_in_order(&connection, CLIENT);
	checkpoint();
}

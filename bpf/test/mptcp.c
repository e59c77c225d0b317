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

static void exchange_and_close(struct connection *connection, enum end first)
{
	carry(connection, CLIENT, 30000);
	carry(connection, SERVER, 7000);
	/* The socket's data is all acknowledged when its peer has sent something after it. */
	carry(connection, CLIENT, 1);
	carry(connection, SERVER, 1);
	close_end(connection, first);
	receive_rest(connection, !first);
	close_end(connection, !first);
}

/* A payload byte of an MPTCP connection is a byte of one of its TCP subflows, and counts there. */
void run_mptcp(void)
{
	static const int families[] = {AF_INET, AF_INET6};
	for (int i = 0; i < 2; i++) {
		for (enum end first = CLIENT; first <= SERVER; first++) {
			struct service *both = serve_by("both ends", families[i], mptcp_socket);
			struct connection multi = connect_by(both, mptcp_socket(families[i]));
			if (more_paths(multi.fd[CLIENT]) < 0 || more_paths(multi.fd[SERVER]) < 0)
				fail("the ends agreed on plain TCP");
			exchange_and_close(&multi, first);
		}
		struct service *listener = serve_by("listener only", families[i], mptcp_socket);
		struct connection plain = open_connection(listener);
		exchange_and_close(&plain, CLIENT);
		struct service *client = serve("client only", families[i]);
		struct connection fallen_back = connect_by(client, mptcp_socket(families[i]));
		if (more_paths(fallen_back.fd[CLIENT]) >= 0)
			fail("not plain TCP");
		exchange_and_close(&fallen_back, SERVER);
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
	exchange_and_close(&connection, CLIENT);
	checkpoint();
}

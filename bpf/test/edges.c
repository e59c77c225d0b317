// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "traffic.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const int families[] = {AF_INET, AF_INET6};

/* One direction ended, the other goes on: first while it is open, then over its end by reset. */
void run_half_closed(void)
{
	struct connection connections[4];
	int count = 0;

	for (int i = 0; i < 2; i++) {
		for (enum end ended = CLIENT; ended <= SERVER; ended++) {
			struct service *service =
			    serve(ended == CLIENT ? "client ended" : "server ended", families[i]);
			struct connection *connection = &connections[count++];
			*connection = open_connection(service);
			carry(connection, CLIENT, 100);
			carry(connection, SERVER, 50);
			end_sending(connection, ended);
			receive_rest(connection, !ended);
			carry(connection, !ended, 3000);
			wait_until_acknowledged(connection);
		}
	}
	checkpoint();
	for (int i = 0; i < count; i++) {
		carry(&connections[i], i % 2 ? CLIENT : SERVER, 4000);
		wait_until_acknowledged(&connections[i]);
	}
	checkpoint();
	for (int i = 0; i < count; i++) {
		enum end resetter = i % 2 ? CLIENT : SERVER;
		reset(&connections[i], resetter);
		close_end(&connections[i], !resetter);
	}
	checkpoint();
}

/* A closed client that the kernel keeps in FIN_WAIT2, without a process, until data hits it. */
void run_orphan(void)
{
	struct connection connections[2];
	int seconds = 100;

	for (int i = 0; i < 2; i++) {
		connections[i] = open_connection(serve("orphan", families[i]));
		carry(&connections[i], CLIENT, 100);
		carry(&connections[i], SERVER, 30);
		if (setsockopt(connections[i].fd[CLIENT], IPPROTO_TCP, TCP_LINGER2, &seconds,
			       sizeof(seconds)))
			fail("TCP_LINGER2");
		close_end(&connections[i], CLIENT);
	}
	checkpoint();
	for (int i = 0; i < 2; i++) {
		/* Nobody reads it, so it is answered by a reset and counts at neither end. */
		if (send(connections[i].fd[SERVER], "lost", 4, MSG_NOSIGNAL) != 4)
			fail("send");
		usleep(1000);
		close_end(&connections[i], SERVER);
	}
	checkpoint();
}

static void be_refused(int fd, struct service *service)
{
	if (connect_to(fd, service) == 0 || errno != ECONNREFUSED)
		fail("connect was not refused");
	service->failed++;
}

/* Refused connects, also twice by the same socket, and one that is given up before an answer. */
void run_refused(void)
{
	for (int i = 0; i < 2; i++) {
		struct service *nothing = serve_nothing("nothing listens", families[i]);
		for (int attempt = 0; attempt < 5; attempt++) {
			int fd = client_socket(families[i]);
			be_refused(fd, nothing);
			close(fd);
		}
		int fd = client_socket(families[i]);
		be_refused(fd, nothing);
		be_refused(fd, nothing);
		close(fd);
	}
	checkpoint();
}

void disconnect(int fd)
{
	struct sockaddr nobody = {.sa_family = AF_UNSPEC};
	if (connect(fd, &nobody, sizeof(nobody)))
		fail("connect(AF_UNSPEC)");
}

/* One client socket for three connections and a refusal: the kernel's counters begin anew. */
void run_reuse(void)
{
	for (int i = 0; i < 2; i++) {
		struct service *service = serve("reuse", families[i]);
		struct service *nothing = serve_nothing("reuse refused", families[i]);
		struct connection connection = {service, {client_socket(families[i]), -1}};
		for (int round = 1; round <= 3; round++) {
			if (connect_to(connection.fd[CLIENT], service))
				fail("connect");
			connection.fd[SERVER] = accept(service->listener, NULL, NULL);
			count_opened(service);
			carry(&connection, CLIENT, 1000 / round);
			carry(&connection, SERVER, 70 * round);
			wait_until_acknowledged(&connection);
			if (round == 3)
				break;
			disconnect(connection.fd[CLIENT]);
			receive_rest(&connection, SERVER);
			close_end(&connection, SERVER);
			be_refused(connection.fd[CLIENT], nothing);
		}
	}
	checkpoint();
}

/* A socket connected to itself: a simultaneous open. */
void run_self_connect(void)
{
	for (int i = 0; i < 2; i++) {
		struct service *service = serve_nothing("self", families[i]);
		int fd = client_socket(families[i]);
		if (bind(fd, (void *)&service->address, service->address_length) ||
		    connect_to(fd, service))
			fail("connect to itself");
		service->opened[CLIENT]++;
		struct connection itself = {service, {fd, fd}};
		send_bytes(&itself, CLIENT, 123);
		receive_bytes(&itself, CLIENT, 123);
		close(fd);
	}
	checkpoint();
}

static int queued(int fd, unsigned long request)
{
	int bytes = 0;
	if (ioctl(fd, request, &bytes))
		fail("queue length");
	return bytes;
}

/* Data under way at a reset: sent is what was acknowledged, received what had arrived in order. */
void run_in_flight(void)
{
	for (int i = 0; i < 2; i++) {
		for (enum end resetter = CLIENT; resetter <= SERVER; resetter++) {
			struct service *service = serve(
			    resetter == CLIENT ? "sender resets" : "receiver resets", families[i]);
			struct connection connection = open_narrow_connection(service);
			fill(&connection, CLIENT);
			service->sent[CLIENT] -= queued(connection.fd[CLIENT], SIOCOUTQ);
			service->received[SERVER] += queued(connection.fd[SERVER], SIOCINQ);
			reset(&connection, resetter);
			close_end(&connection, !resetter);
		}
		/* Its FIN waits behind the data and never goes out: it must not count as one. */
		struct connection ended = open_narrow_connection(serve("ended", families[i]));
		fill(&ended, CLIENT);
		ended.service->sent[CLIENT] -= queued(ended.fd[CLIENT], SIOCOUTQ);
		ended.service->received[SERVER] += queued(ended.fd[SERVER], SIOCINQ);
		end_sending(&ended, CLIENT);
		reset(&ended, CLIENT);
		close_end(&ended, SERVER);
	}
	checkpoint();
}

void run_dual_stack(void)
{
	struct connection connection = open_connection(serve_dual_stack("dual stack"));
	carry(&connection, CLIENT, 1234);
	carry(&connection, SERVER, 99);
	wait_until_acknowledged(&connection);
	checkpoint();
}

/* More flows than a small map can hold. */
void run_many_services(void)
{
	unsigned int seed = 2;
	for (int i = 0; i < 100; i++) {
		struct connection connection =
		    open_connection(serve("one of many", families[i % 2]));
		carry(&connection, CLIENT, some_bytes(&seed));
		carry(&connection, SERVER, some_bytes(&seed));
		wait_until_acknowledged(&connection);
		if (i % 4 == 0)
			continue;
		close_end(&connection, CLIENT);
		receive_rest(&connection, SERVER);
		close_end(&connection, SERVER);
	}
	checkpoint();
}

/* Connected before the test opens the kernel, then used and closed. */
void run_older(void)
{
	struct service *service = serve("older", AF_INET);
	struct connection older = open_connection(service);
	carry(&older, CLIENT, 5000);
	checkpoint();
	carry(&older, CLIENT, 600);
	close_end(&older, CLIENT);
	receive_rest(&older, SERVER);
	close_end(&older, SERVER);
	/* The listener is older too; what it accepts now is not. */
	forget_history();
	struct connection younger = open_connection(service);
	carry(&younger, CLIENT, 70);
	carry(&younger, SERVER, 8);
	wait_until_acknowledged(&younger);
	checkpoint();
}

/* No memory for anything attached to a socket, such as its BPF storage. */
void run_no_storage(void)
{
	struct connection connections[20];
	struct service *service = serve("no storage", AF_INET);

	set_sysctl("/proc/sys/net/core/optmem_max", "0");
	for (int i = 0; i < 20; i++) {
		connections[i] = open_connection(service);
		carry(&connections[i], CLIENT, 500);
	}
	for (int i = 0; i < 20; i++) {
		close_end(&connections[i], CLIENT);
		receive_rest(&connections[i], SERVER);
		close_end(&connections[i], SERVER);
	}
	checkpoint();
}

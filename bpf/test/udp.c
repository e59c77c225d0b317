// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "datagrams.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void exchange(struct service *service, int client_family, int is_connected)
{
	int fd = datagram_socket(CLIENT, client_family);
	if (is_connected)
		connect_datagrams(fd, service);
	for (size_t length = 0; length < 5000; length = length * 3 + 1) {
		if (is_connected)
			send_connected(service, CLIENT, fd, length);
		else
			send_to(service, fd, length);
		answer(service, length * 2);
		receive_one(service, CLIENT, fd, 65536);
	}
	close(fd);
}

/* Requests and answers, of no byte to some thousand. */
void run_udp(void)
{
	checkpoint();
	exchange(serve_datagrams("v4, unconnected", AF_INET), AF_INET, 0);
	exchange(serve_datagrams("v4, connected", AF_INET), AF_INET, 1);
	exchange(serve_datagrams("v6, unconnected", AF_INET6), AF_INET6, 0);
	exchange(serve_datagrams("v6, connected", AF_INET6), AF_INET6, 1);
	exchange(serve_datagrams_mapped("v4 to v6"), AF_INET, 0);
	checkpoint();
}

/* IPv4 between two sockets of IPv6. */
void run_udp_mapped(void)
{
	checkpoint();
	struct service *service = serve_datagrams_mapped("v6 to v6 by v4");
	const struct sockaddr_in *v4 = (void *)&service->address;
	struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = v4->sin_port};
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr);
	memcpy(&service->address, &mapped, sizeof(mapped));
	service->address_length = sizeof(mapped);
	exchange(service, AF_INET6, 0);
	exchange(service, AF_INET6, 1);
	checkpoint();
}

/* What is only looked at, and what does not fit the buffer, by their whole lengths. */
void run_udp_reads(void)
{
	checkpoint();
	static const int families[] = {AF_INET, AF_INET6};
	for (size_t i = 0; i < 2; i++) {
		struct service *service = serve_datagrams("looks and short reads", families[i]);
		int fd = datagram_socket(CLIENT, families[i]);
		char look[100];
		send_to(service, fd, 1000);
		send_to(service, fd, 0);
		for (int n = 0; n < 3; n++) {
			if (recv(service->listener, look, sizeof(look), MSG_PEEK) != sizeof(look))
				fail("MSG_PEEK");
		}
		receive_one(service, SERVER, service->listener, 10);
		if (recv(service->listener, look, sizeof(look), MSG_PEEK) != 0)
			fail("MSG_PEEK");
		receive_one(service, SERVER, service->listener, 10);
		/* Without MSG_TRUNC a program does not learn the length, but it was received. */
		send_to(service, fd, 500);
		if (recv(service->listener, look, 1, 0) != 1)
			fail("recv");
		service->received[SERVER] += 500;
		service->datagrams_received[SERVER]++;
		close(fd);
	}
	checkpoint();
}

/* One datagram in three writes: MSG_MORE, and UDP_CORK. */
void run_udp_corked(void)
{
	checkpoint();
	static const int families[] = {AF_INET, AF_INET6};
	for (size_t i = 0; i < 2; i++) {
		struct service *service = serve_datagrams("corked", families[i]);
		int fd = datagram_socket(CLIENT, families[i]);
		connect_datagrams(fd, service);
		for (int corked = 0; corked < 2; corked++) {
			if (corked)
				set_option(fd, IPPROTO_UDP, UDP_CORK, 1);
			for (int part = 1; part <= 3; part++) {
				int more = corked || part == 3 ? 0 : MSG_MORE;
				if (send(fd, "0123456789", 10, more) != 10)
					fail("send");
			}
			if (corked)
				set_option(fd, IPPROTO_UDP, UDP_CORK, 0);
			service->sent[CLIENT] += 30;
			service->datagrams_sent[CLIENT]++;
			if (receive_one(service, SERVER, service->listener, 100) != 30)
				fail("corked");
		}
		close(fd);
	}
	checkpoint();
}

/* Nobody listens: what was sent, was sent. */
void run_udp_refused(void)
{
	checkpoint();
	struct service *service = serve_nothing("refused", AF_INET);
	int fd = datagram_socket(CLIENT, AF_INET);
	connect_datagrams(fd, service);
	send_connected(service, CLIENT, fd, 100);
	if (send(fd, "x", 1, 0) == 0 || errno != ECONNREFUSED)
		fail("not refused");
	send_connected(service, CLIENT, fd, 10);
	close(fd);
	checkpoint();
}

#define PEERS 5000

/* A name server's day: one socket, each question from another address. */
void run_udp_peers(void)
{
	checkpoint();
	struct service *service = serve_datagrams("peers", AF_INET);
	((struct sockaddr_in *)&service->address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (uint32_t peer = 0; peer < PEERS; peer++) {
		struct sockaddr_in own = {
		    .sin_family = AF_INET,
		    .sin_addr.s_addr = htonl(0x7f010000 + peer + 1),
		};
		int fd = datagram_socket(CLIENT, AF_INET);
		if (bind(fd, (void *)&own, sizeof(own)))
			fail("bind");
		send_to(service, fd, 30 + peer % 50);
		answer(service, 100 + peer % 400);
		receive_one(service, CLIENT, fd, 65536);
		close(fd);
	}
	checkpoint();
}

static void listen_to_all(int fd, const struct sockaddr_in *group)
{
	struct ip_mreqn membership = {
	    .imr_multiaddr = group->sin_addr,
	    .imr_address.s_addr = htonl(INADDR_LOOPBACK),
	};
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (bind(fd, (void *)group, sizeof(*group)))
		fail("bind");
	if (IN_MULTICAST(ntohl(group->sin_addr.s_addr)) &&
	    setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof(membership)))
		fail("IP_ADD_MEMBERSHIP");
}

/* One datagram to many: sent once, received by each. */
void run_udp_to_many(void)
{
	checkpoint();
	static const char *const groups[] = {"239.1.2.3", "127.255.255.255"};
	for (size_t i = 0; i < 2; i++) {
		struct service *service = serve_nothing(groups[i], AF_INET);
		struct sockaddr_in *group = (void *)&service->address;
		struct in_addr loopback = {htonl(INADDR_LOOPBACK)};
		int receivers[3];
		inet_pton(AF_INET, groups[i], &group->sin_addr);
		for (int n = 0; n < 3; n++) {
			receivers[n] = datagram_socket(SERVER, AF_INET);
			listen_to_all(receivers[n], group);
		}
		int fd = datagram_socket(CLIENT, AF_INET);
		set_option(fd, SOL_SOCKET, SO_BROADCAST, 1);
		if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &loopback, sizeof(loopback)))
			fail("IP_MULTICAST_IF");
		for (size_t length = 1; length < 2000; length *= 7) {
			send_to(service, fd, length);
			for (int n = 0; n < 3; n++)
				receive_one(service, SERVER, receivers[n], 65536);
		}
		close(fd);
		for (int n = 0; n < 3; n++)
			close(receivers[n]);
	}
	checkpoint();
}

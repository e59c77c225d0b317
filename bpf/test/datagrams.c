// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "datagrams.h"
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static char content[1 << 16];

int datagram_socket(enum end end, int family)
{
	join(end);
	int fd = socket(family, SOCK_DGRAM, 0);
	join(CLIENT);
	if (fd < 0)
		fail("socket");
	return fd;
}

struct service *serve_datagrams(const char *name, int family)
{
	struct service *service = serve_nothing(name, family);
	service->listener = datagram_socket(SERVER, family);
	set_option(service->listener, SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20);
	if (bind(service->listener, (void *)&service->address, service->address_length))
		fail("bind");
	return service;
}

struct service *serve_datagrams_mapped(const char *name)
{
	struct service *service = serve_nothing(name, AF_INET);
	struct sockaddr_in6 any = {
	    .sin6_family = AF_INET6,
	    .sin6_port = ((struct sockaddr_in *)&service->address)->sin_port,
	    .sin6_addr = in6addr_any,
	};
	service->listener = datagram_socket(SERVER, AF_INET6);
	if (bind(service->listener, (void *)&any, sizeof(any)))
		fail("bind");
	return service;
}

void connect_datagrams(int fd, const struct service *service)
{
	if (connect_to(fd, service))
		fail("connect");
}

static void count_sent(struct service *service, enum end from, ssize_t sent, size_t length)
{
	if (sent < 0 || (size_t)sent != length)
		fail("send");
	service->sent[from] += sent;
	service->datagrams_sent[from]++;
}

void send_to(struct service *service, int fd, size_t length)
{
	ssize_t sent =
	    sendto(fd, content, length, 0, (void *)&service->address, service->address_length);
	count_sent(service, CLIENT, sent, length);
}

void send_connected(struct service *service, enum end from, int fd, size_t length)
{
	count_sent(service, from, send(fd, content, length, 0), length);
}

static size_t count_received(struct service *service, enum end at, ssize_t received)
{
	if (received < 0)
		fail("receive");
	service->received[at] += received;
	service->datagrams_received[at]++;
	return received;
}

size_t receive_one(struct service *service, enum end at, int fd, size_t buffer_length)
{
	return count_received(service, at, recv(fd, content, buffer_length, MSG_TRUNC));
}

void answer(struct service *service, size_t length)
{
	struct sockaddr_storage from;
	socklen_t from_length = sizeof(from);
	ssize_t received =
	    recvfrom(service->listener, content, sizeof(content), 0, (void *)&from, &from_length);
	count_received(service, SERVER, received);
	ssize_t sent = sendto(service->listener, content, length, 0, (void *)&from, from_length);
	count_sent(service, SERVER, sent, length);
}

void set_option(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)))
		fail("setsockopt");
}

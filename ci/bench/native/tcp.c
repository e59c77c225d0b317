// SPDX-License-Identifier: Apache-2.0
#include "bench.h"
#include <arpa/inet.h>
#include <err.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct sockaddr_in documentation_address(unsigned int index)
{
	uint32_t network = index % 500 < 250 ? 0xc0000200 : 0xc6336400;
	return (struct sockaddr_in){
	    .sin_family = AF_INET,
	    .sin_port = htons(PORT),
	    .sin_addr.s_addr = htonl(network + 1 + index % 250),
	};
}

int listener(void)
{
	struct sockaddr_in anywhere = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	check(fd, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	check(bind(fd, (void *)&anywhere, sizeof(anywhere)), "bind");
	check(listen(fd, 4096), "listen");
	return fd;
}

int connect_to(struct sockaddr_in address)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	check(fd, "socket");
	check(connect(fd, (void *)&address, sizeof(address)), "connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

void send_all(int fd, const void *from, size_t size)
{
	if (send(fd, from, size, MSG_NOSIGNAL) != (ssize_t)size)
		err(1, "send");
}

bool receive_all(int fd, void *to, size_t size)
{
	ssize_t received = recv(fd, to, size, MSG_WAITALL);

	check(received, "recv");
	if (received != 0 && received != (ssize_t)size)
		errx(1, "%zd of %zu bytes came", received, size);
	return received != 0;
}

void wait_until_acknowledged(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int unacknowledged;
		while (check(ioctl(fds[i], SIOCOUTQ, &unacknowledged), "SIOCOUTQ"), unacknowledged)
			usleep(1000);
	}
}

static void print_end(const char *name, const struct end_count *end)
{
	printf(", \"%s\": {\"opened\": %" PRIu64 ", \"sent\": %" PRIu64 ", \"received\": %" PRIu64
	       "}",
	       name, end->opened, end->sent, end->received);
}

void print_counts(double ns, const struct end_count *client, const struct end_count *server)
{
	printf("{\"ns\": %.0f", ns);
	print_end("client", client);
	print_end("server", server);
	printf("}\n");
	fflush(stdout);
}

// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Datagrams that are no plain packet: in fragments, several in one, behind optional headers. */
#define _GNU_SOURCE
#include "datagrams.h"
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

static const int families[] = {AF_INET, AF_INET6};

static void narrow_loopback(void)
{
	struct ifreq loopback = {.ifr_name = "lo", .ifr_mtu = 1500};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(fd, SIOCSIFMTU, &loopback))
		fail("SIOCSIFMTU");
	close(fd);
}

void run_udp_fragments(void)
{
	checkpoint();
	narrow_loopback();
	for (size_t i = 0; i < 2; i++) {
		struct service *service = serve_datagrams("fragments", families[i]);
		int fd = datagram_socket(CLIENT, families[i]);
		for (size_t length = 1400; length < 60000; length *= 2) {
			send_to(service, fd, length);
			answer(service, length + 1);
			receive_one(service, CLIENT, fd, 65536);
		}
		close(fd);
	}
	checkpoint();
}

static void send_segments(struct service *service, int fd, size_t length, uint16_t segment)
{
	static char content[65536];
	char control[CMSG_SPACE(sizeof(segment))] = {};
	struct iovec part = {content, length};
	struct msghdr message = {
	    .msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof(control),
	};
	struct cmsghdr *option = CMSG_FIRSTHDR(&message);
	option->cmsg_level = IPPROTO_UDP;
	option->cmsg_type = UDP_SEGMENT;
	option->cmsg_len = CMSG_LEN(sizeof(segment));
	memcpy(CMSG_DATA(option), &segment, sizeof(segment));
	if (sendmsg(fd, &message, 0) != (ssize_t)length)
		fail("UDP_SEGMENT");
	service->sent[CLIENT] += length;
	service->datagrams_sent[CLIENT] += (length + segment - 1) / segment;
}

static void receive_all(struct service *service, size_t length)
{
	while (length > 0)
		length -= receive_one(service, SERVER, service->listener, 65536);
}

/* Several datagrams of one size in one call, by option and by message, as QUIC sends them. */
void run_udp_segments(void)
{
	checkpoint();
	narrow_loopback();
	for (size_t i = 0; i < 2; i++) {
		struct service *service = serve_datagrams("segments", families[i]);
		int fd = datagram_socket(CLIENT, families[i]);
		connect_datagrams(fd, service);
		for (size_t length = 900; length < 40000; length += 3100) {
			send_segments(service, fd, length, 1000);
			receive_all(service, length);
		}
		set_option(fd, IPPROTO_UDP, UDP_SEGMENT, 1200);
		send_connected(service, CLIENT, fd, 12000);
		service->datagrams_sent[CLIENT] += 9;
		receive_all(service, 12000);
		close(fd);
	}
	checkpoint();
}

/* The receiver takes several datagrams of one size in one read. */
void run_udp_joined(void)
{
	checkpoint();
	for (size_t i = 0; i < 2; i++) {
		struct service *service = serve_datagrams("joined", families[i]);
		int fd = datagram_socket(CLIENT, families[i]);
		set_option(service->listener, IPPROTO_UDP, UDP_GRO, 1);
		connect_datagrams(fd, service);
		send_segments(service, fd, 12345, 1000);
		receive_all(service, 12345);
		/* It came in one read, but was 13 datagrams. */
		service->datagrams_received[SERVER] = 13;
		close(fd);
	}
	checkpoint();
}

/* IPv4 options and IPv6 extension headers, of both ends. */
void run_udp_headers(void)
{
	checkpoint();
	static const unsigned char no_operations[8] = {1, 1, 1, 1, 1, 1, 1, 0};
	static const unsigned char padding[8] = {0, 0, 1, 4};
	struct service *v4 = serve_datagrams("v4 options", AF_INET);
	struct service *v6 = serve_datagrams("v6 headers", AF_INET6);
	int fds[] = {datagram_socket(CLIENT, AF_INET), datagram_socket(CLIENT, AF_INET6)};
	int ends[][2] = {{fds[0], v4->listener}, {fds[1], v6->listener}};

	for (int end = 0; end < 2; end++) {
		if (setsockopt(ends[0][end], IPPROTO_IP, IP_OPTIONS, no_operations,
			       sizeof(no_operations)))
			fail("IP_OPTIONS");
		if (setsockopt(ends[1][end], IPPROTO_IPV6, IPV6_HOPOPTS, padding, sizeof(padding)))
			fail("IPV6_HOPOPTS");
		if (setsockopt(ends[1][end], IPPROTO_IPV6, IPV6_DSTOPTS, padding, sizeof(padding)))
			fail("IPV6_DSTOPTS");
	}
	for (size_t length = 1; length < 3000; length *= 5) {
		send_to(v4, fds[0], length);
		answer(v4, length + 3);
		receive_one(v4, CLIENT, fds[0], 65536);
		send_to(v6, fds[1], length);
		answer(v6, length + 3);
		receive_one(v6, CLIENT, fds[1], 65536);
	}
	checkpoint();
}

static unsigned long nftables_counter(const char *name, const char *unit)
{
	char command[200];
	unsigned long count = 0;
	snprintf(command, sizeof(command),
		 "nft list counter inet witness %s | grep -o '%s [0-9]*' | cut -d' ' -f2", name,
		 unit);
	FILE *output = popen(command, "r");
	if (!output || fscanf(output, "%lu", &count) != 1)
		fail("nft list counter");
	pclose(output);
	return count;
}

/* The truth is what nftables counted, and that it is what the programs counted. */
void run_udp_witness(void)
{
	checkpoint();
	struct service *service = serve_datagrams("nftables", AF_INET);
	const struct sockaddr_in *address = (void *)&service->address;
	char command[400];
	snprintf(command, sizeof(command),
		 "nft 'table inet witness { counter asked { }; counter answered { }; "
		 "chain out { type filter hook output priority 0; "
		 "udp dport %d counter name asked; udp sport %d counter name answered; }; }'",
		 ntohs(address->sin_port), ntohs(address->sin_port));
	if (system(command) != 0)
		fail("nft");
	int fd = datagram_socket(CLIENT, AF_INET);
	unsigned int seed = 1;
	for (int n = 0; n < 2000; n++) {
		send_to(service, fd, some_bytes(&seed));
		answer(service, some_bytes(&seed));
		receive_one(service, CLIENT, fd, 65536);
	}
	close(fd);
	static const char *const counters[] = {"asked", "answered"};
	for (enum end end = CLIENT; end <= SERVER; end++) {
		unsigned long packets = nftables_counter(counters[end], "packets");
		unsigned long bytes = nftables_counter(counters[end], "bytes") - packets * 28;
		if (packets != service->datagrams_sent[end] || bytes != service->sent[end])
			fail("nftables counted something else");
		service->datagrams_sent[end] = service->datagrams_received[!end] = packets;
		service->sent[end] = service->received[!end] = bytes;
	}
	checkpoint();
}

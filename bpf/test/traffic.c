// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "traffic.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <linux/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_SERVICES 256
/* Below those that the kernel gives to clients, so that no two connections share one by chance. */
#define FIRST_PORT 20000

const char *cgroup_of[2];
/* Shared with forked children: what they send and receive counts too. */
static struct service *services;
static size_t service_count;

void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void check(int result, const char *what)
{
	if (result < 0)
		fail(what);
}

void set_loopback(int up)
{
	struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = up ? IFF_UP | IFF_RUNNING : 0};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	check(ioctl(fd, SIOCSIFFLAGS, &loopback), "loopback");
	close(fd);
}

void enter_own_network(void)
{
	check(unshare(CLONE_NEWNET), "unshare");
	set_loopback(1);
}

void join(enum end end)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup_of[end]);
	int fd = open(path, O_WRONLY);
	check(fd, path);
	check(write(fd, "0", 1), path);
	close(fd);
}

static void set_address(struct service *service, int family, in_port_t port)
{
	memset(&service->address, 0, sizeof(service->address));
	if (family == AF_INET) {
		struct sockaddr_in *v4 = (void *)&service->address;
		*v4 = (struct sockaddr_in){
		    .sin_family = AF_INET,
		    .sin_port = port,
		    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		};
		service->address_length = sizeof(*v4);
	} else {
		struct sockaddr_in6 *v6 = (void *)&service->address;
		*v6 = (struct sockaddr_in6){
		    .sin6_family = AF_INET6,
		    .sin6_port = port,
		    .sin6_addr = in6addr_loopback,
		};
		service->address_length = sizeof(*v6);
	}
}

static struct service *add_service(const char *name, int family)
{
	if (service_count == MAX_SERVICES)
		fail("too many services");
	if (!services) {
		services = mmap(NULL, MAX_SERVICES * sizeof(*services), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (services == MAP_FAILED)
			fail("mmap");
	}
	struct service *service = &services[service_count++];
	service->name = name;
	service->family = family;
	service->listener = -1;
	set_address(service, family, htons(FIRST_PORT + service_count));
	return service;
}

static void listen_at(const struct service *service)
{
	check(bind(service->listener, (void *)&service->address, service->address_length), "bind");
	check(listen(service->listener, 64), "listen");
}

struct service *serve(const char *name, int family)
{
	return serve_by(name, family, client_socket);
}

struct service *serve_by(const char *name, int family, int (*make_socket)(int family))
{
	struct service *service = add_service(name, family);
	join(SERVER);
	service->listener = make_socket(family);
	listen_at(service);
	join(CLIENT);
	return service;
}

struct service *serve_dual_stack(const char *name)
{
	struct service *service = add_service(name, AF_INET6);
	((struct sockaddr_in6 *)&service->address)->sin6_addr = in6addr_any;
	join(SERVER);
	service->listener = socket(AF_INET6, SOCK_STREAM, 0);
	check(service->listener, "socket");
	listen_at(service);
	in_port_t port = ((struct sockaddr_in6 *)&service->address)->sin6_port;
	join(CLIENT);
	service->family = AF_INET;
	set_address(service, AF_INET, port);
	return service;
}

struct service *serve_mapped(const char *name)
{
	struct service *service = serve_dual_stack(name);
	struct sockaddr_in v4 = *(struct sockaddr_in *)&service->address;
	struct sockaddr_in6 *v6 = (void *)&service->address;
	*v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = v4.sin_port};
	v6->sin6_addr.s6_addr32[2] = htonl(0xffff);
	v6->sin6_addr.s6_addr32[3] = v4.sin_addr.s_addr;
	service->family = AF_INET6;
	service->address_length = sizeof(*v6);
	return service;
}

struct service *serve_kind(const char *name, enum kind kind)
{
	if (kind == MAPPED)
		return serve_mapped(name);
	return serve(name, kind == V4 ? AF_INET : AF_INET6);
}

struct service *serve_nothing(const char *name, int family)
{
	return add_service(name, family);
}

int client_socket(int family)
{
	int fd = socket(family, SOCK_STREAM, 0);
	check(fd, "socket");
	return fd;
}

int connect_to(int fd, const struct service *service)
{
	return connect(fd, (const void *)&service->address, service->address_length);
}

void count_opened(struct service *service)
{
	__sync_fetch_and_add(&service->opened[CLIENT], 1);
	__sync_fetch_and_add(&service->opened[SERVER], 1);
}

static struct connection establish(struct service *service, int fd)
{
	check(connect_to(fd, service), "connect");
	int accepted = accept(service->listener, NULL, NULL);
	check(accepted, "accept");
	count_opened(service);
	return (struct connection){service, {fd, accepted}};
}

struct connection open_connection(struct service *service)
{
	return establish(service, client_socket(service->family));
}

struct connection open_narrow_connection(struct service *service)
{
	int fd = client_socket(service->family);
	int small = 8192;
	for (int option = 0; option < 2; option++) {
		int which = option ? SO_RCVBUF : SO_SNDBUF;
		check(setsockopt(fd, SOL_SOCKET, which, &small, sizeof(small)), "buffer");
		check(setsockopt(service->listener, SOL_SOCKET, which, &small, sizeof(small)),
		      "buffer");
	}
	return establish(service, fd);
}

static char content[1 << 16];

void send_bytes(struct connection *connection, enum end from, size_t length)
{
	while (length > 0) {
		size_t part = length < sizeof(content) ? length : sizeof(content);
		ssize_t sent = send(connection->fd[from], content, part, MSG_NOSIGNAL);
		check(sent, "send");
		__sync_fetch_and_add(&connection->service->sent[from], sent);
		length -= sent;
	}
}

/* Gives what read gave: 0 at the FIN, -1 at a reset. */
static ssize_t receive_some(struct connection *connection, enum end at, size_t length)
{
	char sink[1 << 14];
	size_t part = length < sizeof(sink) ? length : sizeof(sink);
	ssize_t received = recv(connection->fd[at], sink, part, 0);
	if (received > 0)
		__sync_fetch_and_add(&connection->service->received[at], received);
	return received;
}

void receive_bytes(struct connection *connection, enum end at, size_t length)
{
	while (length > 0) {
		ssize_t received = receive_some(connection, at, length);
		if (received <= 0)
			fail("recv");
		length -= received;
	}
}

void carry(struct connection *connection, enum end from, size_t length)
{
	send_bytes(connection, from, length);
	receive_bytes(connection, !from, length);
}

void fill(struct connection *connection, enum end from)
{
	/* Room may come back when the peer's kernel moves data on: only a pause tells it is full.
	 */
	for (int idle = 0; idle < 3;) {
		ssize_t sent = send(connection->fd[from], content, sizeof(content),
				    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent > 0) {
			__sync_fetch_and_add(&connection->service->sent[from], sent);
			idle = 0;
			continue;
		}
		if (errno != EAGAIN)
			fail("send");
		usleep(500);
		idle++;
	}
}

void receive_rest(struct connection *connection, enum end at)
{
	while (receive_some(connection, at, SIZE_MAX) > 0)
		continue;
}

void wait_until_acknowledged(struct connection *connection)
{
	for (enum end end = CLIENT; end <= SERVER; end++) {
		for (int unacknowledged = 1; unacknowledged > 0; usleep(100))
			check(ioctl(connection->fd[end], SIOCOUTQ, &unacknowledged), "SIOCOUTQ");
	}
}

void end_sending(struct connection *connection, enum end end)
{
	check(shutdown(connection->fd[end], SHUT_WR), "shutdown");
}

void close_end(struct connection *connection, enum end end)
{
	check(close(connection->fd[end]), "close");
}

void reset(struct connection *connection, enum end end)
{
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	check(setsockopt(connection->fd[end], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)),
	      "SO_LINGER");
	close_end(connection, end);
}

struct tcp_info tcp_facts(int fd)
{
	struct tcp_info info;
	socklen_t length = sizeof(info);
	check(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length), "TCP_INFO");
	return info;
}

void make_deaf(int fd)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog filter = {1, &nothing};

	check(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)),
	      "SO_ATTACH_FILTER");
}

void hear_again(int fd)
{
	int ignored = 0;

	check(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &ignored, sizeof(ignored)),
	      "SO_DETACH_FILTER");
}

int tcp_state(const struct connection *connection, enum end end)
{
	return tcp_facts(connection->fd[end]).tcpi_state;
}

void set_sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);
	check(fd, path);
	check(write(fd, value, strlen(value)), path);
	close(fd);
}

void forget_history(void)
{
	for (size_t i = 0; i < service_count; i++) {
		memset(services[i].sent, 0, sizeof(services[i].sent));
		memset(services[i].received, 0, sizeof(services[i].received));
		memset(services[i].opened, 0, sizeof(services[i].opened));
	}
}

static void print_end(const struct service *service, const char *name, enum end end)
{
	printf("\"%s\":{\"opened\":%lu,\"sent\":%lu,\"received\":%lu,", name, service->opened[end],
	       service->sent[end], service->received[end]);
	printf("\"datagramsSent\":%lu,\"datagramsReceived\":%lu}", service->datagrams_sent[end],
	       service->datagrams_received[end]);
}

static void print_quality(const struct signals *signals, const char *name, enum end end)
{
	printf("\"%s\":{\"resets\":%lu,\"retransmits\":%lu,\"rttSumUs\":%lu,\"rttMinUs\":%lu}",
	       name, signals->reset_by[end], signals->retransmits[end], signals->rtt_us[end],
	       signals->rtt_min_us[end]);
}

static void print_signals(const struct signals *signals)
{
	printf("\"signals\":{\"refused\":%lu,\"timedOut\":%lu,\"unreachable\":%lu,\"other\":%lu,",
	       signals->refused, signals->timed_out, signals->unreachable, signals->other);
	print_quality(signals, "client", CLIENT);
	printf(",");
	print_quality(signals, "server", SERVER);
	printf("}");
}

void checkpoint(void)
{
	usleep(20000); /* the last FINs and acknowledgements cross over */
	printf("[");
	for (size_t i = 0; i < service_count; i++) {
		const struct service *service = &services[i];
		const struct sockaddr_in *address = (const void *)&service->address;
		printf("%s{\"name\":\"%s\",\"family\":%d,\"port\":%d,\"failed\":%lu,", i ? "," : "",
		       service->name, service->family == AF_INET ? 4 : 6, ntohs(address->sin_port),
		       service->failed);
		print_end(service, "client", CLIENT);
		printf(",");
		print_end(service, "server", SERVER);
		printf(",");
		print_signals(&service->signals);
		printf("}");
	}
	printf("]\n");
	fflush(stdout);
	char line[16];
	if (!fgets(line, sizeof(line), stdin))
		exit(0);
}

size_t some_bytes(unsigned int *seed)
{
	return rand_r(seed) % 8 == 0 ? 0 : rand_r(seed) % 20000;
}

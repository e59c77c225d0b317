// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "traffic.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

/* A link on which nobody answers: neighbours are known or not, but there are none. */
static void make_silent_link(void)
{
	static const char *const commands =
	    "ip link add silent type veth peer name far && ip link set far up &&"
	    "ip addr add 192.0.2.1/24 dev silent && ip link set silent up &&"
	    "echo 100 >/proc/sys/net/ipv4/neigh/silent/retrans_time_ms &&"
	    "ip neigh add 192.0.2.3 lladdr 02:00:00:00:00:03 dev silent nud permanent &&"
	    "ip neigh add 192.0.2.5 lladdr 02:00:00:00:00:05 dev silent nud permanent";
	if (system(commands))
		fail("silent link");
}

static struct service *serve_on_silent_link(const char *name, const char *address)
{
	struct service *service = serve_nothing(name, AF_INET);
	inet_pton(AF_INET, address, &((struct sockaddr_in *)&service->address)->sin_addr);
	return service;
}

static void count_failure(struct service *service, int error)
{
	switch (error) {
	case ECONNREFUSED:
		service->signals.refused++;
		break;
	case ETIMEDOUT:
		service->signals.timed_out++;
		break;
	case EHOSTUNREACH:
	case ENETUNREACH:
		service->signals.unreachable++;
		break;
	default:
		errno = error;
		fail("connect");
	}
}

static int begin_to_connect(const struct service *service)
{
	int fd = client_socket(AF_INET);
	int repeated = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &repeated, sizeof(repeated));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (connect_to(fd, service) == 0 || errno != EINPROGRESS)
		fail("connect");
	return fd;
}

static void wait_for_failure(int fd)
{
	struct pollfd end = {.fd = fd, .events = POLLOUT};
	poll(&end, 1, 20000);
}

/* Which the socket then has no more. */
static int take_error(int fd)
{
	int error;
	socklen_t length = sizeof(error);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
	return error;
}

static void end_in_failure(struct service *service, int fd)
{
	wait_for_failure(fd);
	/* The counters are still there: a connect() that waits clears them when it fails. */
	struct tcp_info info = tcp_facts(fd);
	service->signals.retransmits[CLIENT] += info.tcpi_total_retrans;
	count_failure(service, take_error(fd));
	close(fd);
}

static void fail_to_connect(struct service *service)
{
	end_in_failure(service, begin_to_connect(service));
}

/* A router answers the second attempt. */
static void find_no_way(struct service *service)
{
	int fd = begin_to_connect(service);
	if (system("nft 'table inet router { chain out { type filter hook output priority 0; "
		   "ip daddr 192.0.2.5 reject with icmp type net-unreachable; }; }'"))
		fail("nft");
	end_in_failure(service, fd);
}

static void give_up_connecting(struct service *service)
{
	int fd = begin_to_connect(service);
	close(fd);
	service->signals.other++;
}

/* Connections that cannot be established, each by the error that the program got. */
void run_failures(void)
{
	make_silent_link();
	for (int i = 0; i < 3; i++) {
		fail_to_connect(serve_nothing("refused", AF_INET));
		fail_to_connect(serve_on_silent_link("timed out", "192.0.2.3"));
		fail_to_connect(serve_on_silent_link("unreachable", "192.0.2.4"));
		give_up_connecting(serve_on_silent_link("given up", "192.0.2.3"));
	}
	find_no_way(serve_on_silent_link("no way there", "192.0.2.5"));
	checkpoint();
}

/*
 * Connects that fail, 30 of each kind: the program knows why or not, and the sockets are still
 * there. Then others, whose memory is another socket's in the end.
 */
void run_kept_failures(void)
{
	enum { EACH = 30 };
	struct service *untold = serve_nothing("not asked", AF_INET);
	struct service *told = serve_nothing("asked", AF_INET);
	struct service *gone = serve_nothing("gone", AF_INET);

	for (int i = 0; i < EACH; i++) {
		wait_for_failure(begin_to_connect(untold));
		untold->failed++;
		int fd = begin_to_connect(told);
		wait_for_failure(fd);
		if (take_error(fd) != ECONNREFUSED)
			fail("connect");
		told->failed++;
	}
	checkpoint();
	for (int i = 0; i < EACH; i++) {
		int fd = begin_to_connect(gone);
		wait_for_failure(fd);
		close(fd);
		gone->failed++;
	}
	for (int i = 0; i < 10 * EACH; i++)
		client_socket(AF_INET);
	checkpoint();
}

/* One end has ended its direction; then one of the two breaks off. */
static void reset_half_closed(struct service *service, enum end ended, enum end by)
{
	struct connection connection = open_connection(service);
	carry(&connection, CLIENT, 100);
	end_sending(&connection, ended);
	receive_rest(&connection, !ended);
	wait_until_acknowledged(&connection);
	reset(&connection, by);
	service->signals.reset_by[by]++;
	usleep(1000);
	close_end(&connection, !by);
}

/* Each end in turn breaks off, by SO_LINGER or by closing with unread data; others close in order.
 */
void run_resets(void)
{
	struct service *service = serve("resets", AF_INET);
	for (int i = 0; i < 30; i++) {
		struct connection connection = open_connection(service);
		enum end by = i % 2 ? CLIENT : SERVER;
		carry(&connection, CLIENT, 100);
		if (i % 3 == 0) {
			wait_until_acknowledged(&connection);
			reset(&connection, by);
			service->signals.reset_by[by]++;
		} else if (i % 3 == 1) {
			send_bytes(&connection, !by, 10);
			wait_until_acknowledged(&connection);
			service->received[by] += 10; /* it arrived, read or not */
			close_end(&connection, by);
			service->signals.reset_by[by]++;
		} else {
			close_end(&connection, by);
			if (i < 6) /* the kernel lets it go before the other end has ended */
				usleep(100000);
		}
		receive_rest(&connection, !by);
		close_end(&connection, !by);
	}
	for (int ends = 0; ends < 4; ends++)
		reset_half_closed(service, ends / 2, ends % 2);
	checkpoint();
}

static void note_quality(const struct connection *connection, enum end end)
{
	struct signals *signals = &connection->service->signals;
	struct tcp_info info = tcp_facts(connection->fd[end]);
	signals->retransmits[end] += info.tcpi_total_retrans;
	signals->rtt_us[end] += info.tcpi_rtt;
	if (!signals->rtt_min_us[end] || info.tcpi_min_rtt < signals->rtt_min_us[end])
		signals->rtt_min_us[end] = info.tcpi_min_rtt;
}

/* Data that is sent while loopback is down, and again when it is up; TCP_INFO is the witness. */
void run_loss(void)
{
	static struct connection connections[10];
	struct service *service = serve("loss", AF_INET);

	for (int i = 0; i < 10; i++) {
		connections[i] = open_connection(service);
		carry(&connections[i], CLIENT, 1000);
		carry(&connections[i], SERVER, 1000);
	}
	set_loopback(0);
	for (int i = 0; i < 10; i++)
		send_bytes(&connections[i], i % 2 ? CLIENT : SERVER, 5000);
	usleep(900000);
	set_loopback(1);
	for (int i = 0; i < 10; i++) {
		receive_bytes(&connections[i], i % 2 ? SERVER : CLIENT, 5000);
		wait_until_acknowledged(&connections[i]);
	}
	usleep(300000); /* acknowledgements that were put off */
	for (int i = 0; i < 10; i++) {
		note_quality(&connections[i], CLIENT);
		note_quality(&connections[i], SERVER);
	}
	checkpoint();
}

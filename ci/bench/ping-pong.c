// SPDX-License-Identifier: Apache-2.0
/*
 * ping-pong rr|crr COUNT: TCP transactions of one byte each way over loopback, in a network
 * namespace of its own. rr uses one connection, crr one per transaction. Both ends share CPU 0: on
 * two CPUs wake-ups would hide everything else. Prints the nanoseconds per transaction, the port,
 * and the bytes that the client wrote.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORT 7000

static void enter_namespace(void)
{
	if (unshare(CLONE_NEWNET))
		err(1, "cannot make a network namespace");
	struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	if (s < 0 || ioctl(s, SIOCSIFFLAGS, &loopback))
		err(1, "cannot bring loopback up");
	close(s);
}

static void stay_on_one_cpu(void)
{
	cpu_set_t first;
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof first, &first))
		err(1, "cannot stay on one CPU");
}

static struct sockaddr_in address(void)
{
	return (struct sockaddr_in){
	    .sin_family = AF_INET,
	    .sin_port = htons(PORT),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int listener(void)
{
	struct sockaddr_in here = address();
	int one = 1, s = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(s, (struct sockaddr *)&here, sizeof here) || listen(s, 128))
		err(1, "cannot listen");
	return s;
}

static void no_delay(int s)
{
	int one = 1;
	setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void serve(int s)
{
	char byte;
	for (;;) {
		int peer = accept(s, NULL, NULL);
		no_delay(peer);
		while (recv(peer, &byte, 1, 0) == 1)
			if (send(peer, &byte, 1, MSG_NOSIGNAL) != 1)
				break;
		close(peer);
	}
}

static int open_connection(void)
{
	struct sockaddr_in there = address();
	int s = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(s, (struct sockaddr *)&there, sizeof there))
		err(1, "cannot connect");
	no_delay(s);
	return s;
}

static void exchange(int s)
{
	char byte = 1;
	if (send(s, &byte, 1, 0) != 1 || recv(s, &byte, 1, 0) != 1)
		err(1, "cannot exchange a byte");
}

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: ping-pong rr|crr COUNT");
	int keeps_connection = !strcmp(argv[1], "rr"), count = atoi(argv[2]);
	enter_namespace();
	stay_on_one_cpu();
	int s = listener();
	pid_t server = fork();
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(s);
	}
	int c = keeps_connection ? open_connection() : -1;
	double start = now_ns();
	for (int i = 0; i < count; i++) {
		if (!keeps_connection)
			c = open_connection();
		exchange(c);
		if (!keeps_connection)
			close(c);
	}
	double ns = (now_ns() - start) / count;
	if (keeps_connection)
		close(c);
	usleep(20000); /* the server's end closes */
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	printf("{\"nsPerTransaction\": %.1f, \"port\": %d, \"bytes\": %d}\n", ns, PORT, count);
	return 0;
}

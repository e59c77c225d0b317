// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "traffic.h"
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const int families[] = {AF_INET, AF_INET6};

/* The child shares what is counted; see serve(). */
static void wait_for(pid_t child)
{
	int status;
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
		fail("the child failed");
}

static void end_child(void)
{
	fflush(stdout);
	_exit(0);
}

void pass_descriptor(int channel, int fd)
{
	char byte = 0;
	union {
		char bytes[CMSG_SPACE(sizeof(fd))];
		struct cmsghdr aligned;
	} control = {};
	struct iovec content = {&byte, 1};
	struct msghdr message = {
	    .msg_iov = &content,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control),
	};
	struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
	if (sendmsg(channel, &message, 0) != 1)
		fail("SCM_RIGHTS");
}

int take_descriptor(int channel)
{
	char byte;
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr aligned;
	} control;
	struct iovec content = {&byte, 1};
	struct msghdr message = {
	    .msg_iov = &content,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control),
	};
	int fd;
	if (recvmsg(channel, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
		fail("no descriptor came");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

static void close_both(struct connection *connection)
{
	close_end(connection, CLIENT);
	receive_rest(connection, SERVER);
	close_end(connection, SERVER);
}

/* A child in the other cgroup uses the parent's socket. */
static void run_fork(int family)
{
	struct connection connection = open_connection(serve("forked", family));
	carry(&connection, CLIENT, 100);
	pid_t child = fork();
	if (child == 0) {
		join(SERVER);
		carry(&connection, CLIENT, 2000);
		carry(&connection, SERVER, 300);
		end_child();
	}
	wait_for(child);
	carry(&connection, CLIENT, 10);
	close_both(&connection);
}

/* The client's end goes to a process in the other cgroup, which alone goes on with it. */
static void run_passed(int family)
{
	int channel[2];
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, channel))
		fail("socketpair");
	struct service *service = serve("passed", family);
	pid_t child = fork();
	if (child == 0) {
		join(SERVER);
		struct connection taken = {service, {take_descriptor(channel[1]), -1}};
		send_bytes(&taken, CLIENT, 440);
		close_end(&taken, CLIENT);
		end_child();
	}
	struct connection connection = open_connection(service);
	carry(&connection, CLIENT, 50);
	pass_descriptor(channel[0], connection.fd[CLIENT]);
	close_end(&connection, CLIENT);
	receive_bytes(&connection, SERVER, 440);
	wait_for(child);
	receive_rest(&connection, SERVER);
	close_end(&connection, SERVER);
	close(channel[0]);
	close(channel[1]);
}

/* Its process moves to the other cgroup: between socket() and connect(), or while it is open. */
static void run_moved(int family)
{
	struct service *before = serve("moved before connect", family);
	struct connection early = {before, {client_socket(family), -1}};
	join(SERVER);
	if (connect_to(early.fd[CLIENT], before))
		fail("connect");
	join(CLIENT);
	early.fd[SERVER] = accept(before->listener, NULL, NULL);
	count_opened(before);
	carry(&early, CLIENT, 330);
	close_both(&early);

	struct connection late = open_connection(serve("moved after connect", family));
	carry(&late, CLIENT, 20);
	join(SERVER);
	carry(&late, CLIENT, 200);
	carry(&late, SERVER, 70);
	close_both(&late);
	join(CLIENT);
}

/* Accepted, used and closed in the client's cgroup; its listener is from the server's. */
static void run_accepted_elsewhere(int family)
{
	int channel[2];
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, channel))
		fail("socketpair");
	struct service *service = serve("accepted elsewhere", family);
	pid_t child = fork();
	if (child == 0) {
		service->listener = take_descriptor(channel[1]);
		struct connection connection = open_connection(service);
		carry(&connection, CLIENT, 11);
		carry(&connection, SERVER, 1000);
		close_both(&connection);
		end_child();
	}
	pass_descriptor(channel[0], service->listener);
	wait_for(child);
	close(channel[0]);
	close(channel[1]);
}

void run_ownership(void)
{
	for (int i = 0; i < 2; i++) {
		run_fork(families[i]);
		run_passed(families[i]);
		run_moved(families[i]);
		run_accepted_elsewhere(families[i]);
	}
	checkpoint();
}

/* Both ends are made in a cgroup below the client's that is removed while they are open. */
void run_removed_cgroup(void)
{
	char gone[PATH_MAX];
	const char *parent = cgroup_of[CLIENT];
	snprintf(gone, sizeof(gone), "%s/gone", parent);
	if (mkdir(gone, 0755))
		fail(gone);
	struct service *service = serve("cgroup removed", AF_INET);
	cgroup_of[CLIENT] = gone;
	join(CLIENT);
	struct connection connection = open_connection(service);
	carry(&connection, CLIENT, 500);
	wait_until_acknowledged(&connection);
	checkpoint();
	cgroup_of[CLIENT] = parent;
	join(CLIENT);
	if (rmdir(gone))
		fail(gone);
	carry(&connection, CLIENT, 600);
	carry(&connection, SERVER, 30);
	wait_until_acknowledged(&connection);
	checkpoint();
	carry(&connection, CLIENT, 7);
	close_both(&connection);
	checkpoint();
}

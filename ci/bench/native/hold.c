// SPDX-License-Identifier: Apache-2.0
/* Connections that stay open, spread over network namespaces. */
#define _GNU_SOURCE
#include "bench.h"
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void allow_many_descriptors(void)
{
	struct rlimit limit;

	check(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	check(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

/* Client and server of a connection stand side by side. */
static void open_connections(int *fds, int count)
{
	int listening = listener();

	for (int i = 0; i < count; i++) {
		fds[2 * i] = connect_to(documentation_address(i));
		fds[2 * i + 1] = accept(listening, NULL, NULL);
		check(fds[2 * i + 1], "accept");
	}
	close(listening);
}

/*
 * Lines: the size of what each client sends to its server, 1000 bytes at most. Answers when all is
 * acknowledged. The first line may be 0: then the connections are just opened.
 */
void hold(int namespaces, int per_namespace)
{
	static char content[1000];
	int size, connections = namespaces * per_namespace;
	int *fds = calloc(2 * connections, sizeof(*fds));
	struct end_count client = {.opened = connections}, server = {.opened = connections};

	allow_many_descriptors();
	for (int i = 0; i < namespaces; i++) {
		enter_own_network();
		open_connections(fds + 2 * i * per_namespace, per_namespace);
	}
	while (scanf("%d", &size) == 1) {
		for (int i = 0; size > 0 && i < connections; i++) {
			send_all(fds[2 * i], content, size);
			receive_all(fds[2 * i + 1], content, size);
		}
		client.sent += (uint64_t)size * connections;
		server.received += (uint64_t)size * connections;
		wait_until_acknowledged(fds, 2 * connections);
		print_counts(0, &client, &server);
	}
}

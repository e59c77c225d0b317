// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "processes.h"
#include <netinet/in.h>
#include <sys/resource.h>

/* More than the kernel side remembers the listeners of: agent/kernel/object/inventory.ts. */
#define PORTS 9000

static void listen_on_many_ports(struct exchange *exchange)
{
	struct rlimit files = {PORTS + 100, PORTS + 100};
	struct sockaddr_in address = {.sin_family = AF_INET};
	if (setrlimit(RLIMIT_NOFILE, &files))
		fail("setrlimit");
	for (int port = 1; port <= PORTS; port++) {
		int fd = client_socket(AF_INET);
		address.sin_port = htons(port);
		if (bind(fd, (void *)&address, sizeof(address)) || listen(fd, 1))
			fail("listen");
	}
	take_all(exchange);
}

void run_processes_many_ports(void)
{
	struct exchange *exchange = add_exchange("many ports", AF_INET);
	pid_t server = start_process(exchange, SERVER, "listens", listen_on_many_ports);
	let_go_on(exchange, SERVER, 1);
	struct exchange *client = add_part(exchange);
	take_part(client, CLIENT, "asks");
	struct connection connection = connect_in(client);
	send_bytes(&connection, CLIENT, 500);
	process_checkpoint();
	close_end(&connection, CLIENT);
	wait_for_end(server);
	process_checkpoint();
}

// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "datagrams.h"
#include "processes.h"
#include <netinet/in.h>
#include <unistd.h>

static const int families[] = {AF_INET, AF_INET6};

/* It receives before it has ever sent. */
static void answer_datagrams(struct exchange *exchange)
{
	struct service *service = &exchange->service;
	service->listener = datagram_socket(SERVER, service->family);
	if (bind(service->listener, (void *)&service->address, service->address_length))
		fail("bind");
	pause_at(exchange, SERVER, 1);
	answer(service, 200);
	receive_one(service, SERVER, service->listener, 4096);
	close(service->listener);
}

static void ask_by_datagrams(struct exchange *exchange)
{
	struct service *service = &exchange->service;
	int fd = datagram_socket(CLIENT, service->family);
	send_to(service, fd, 100);
	receive_one(service, CLIENT, fd, 4096);
	send_to(service, fd, 300);
	close(fd);
}

static void exchange_datagrams(void)
{
	for (int i = 0; i < 2; i++) {
		struct exchange *exchange = add_exchange("udp", families[i]);
		pid_t server = start_process(exchange, SERVER, "serves", answer_datagrams);
		let_go_on(exchange, SERVER, 1);
		wait_for_end(start_process(exchange, CLIENT, "asks", ask_by_datagrams));
		wait_for_end(server);
	}
}

void run_processes_udp(void)
{
	process_checkpoint();
	exchange_datagrams();
	process_checkpoint();
}

/* The same without memory for anything attached to a socket. */
void run_processes_udp_no_storage(void)
{
	process_checkpoint();
	set_sysctl("/proc/sys/net/core/optmem_max", "0");
	exchange_datagrams();
	process_checkpoint();
}

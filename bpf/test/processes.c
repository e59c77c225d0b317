// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "processes.h"
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_EXCHANGES 256

static struct exchange *exchanges;
static size_t exchange_count;

static struct exchange *add(const struct service *service)
{
	if (!exchanges) {
		exchanges = mmap(NULL, MAX_EXCHANGES * sizeof(*exchanges), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (exchanges == MAP_FAILED)
			fail("mmap");
	}
	if (exchange_count == MAX_EXCHANGES)
		fail("too many exchanges");
	struct exchange *exchange = &exchanges[exchange_count++];
	exchange->service = *service;
	return exchange;
}

struct exchange *add_exchange(const char *name, int family)
{
	return add(serve_nothing(name, family));
}

static void forget(struct service *service)
{
	memset(service->sent, 0, sizeof(service->sent));
	memset(service->received, 0, sizeof(service->received));
	memset(service->opened, 0, sizeof(service->opened));
}

struct exchange *add_part(const struct exchange *exchange)
{
	struct service same_address = exchange->service;
	forget(&same_address);
	return add(&same_address);
}

void take_part(struct exchange *exchange, enum end end, const char *command)
{
	prctl(PR_SET_NAME, command);
	exchange->pid[end] = getpid();
	strncpy(exchange->command[end], command, sizeof(exchange->command[end]) - 1);
}

pid_t start_process(struct exchange *exchange, enum end end, const char *command,
		    void (*act)(struct exchange *))
{
	pid_t child = fork();
	if (child < 0)
		fail("fork");
	if (child > 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* none stays behind if the scenario fails */
	take_part(exchange, end, command);
	act(exchange);
	_exit(0);
}

void wait_for_end(pid_t child)
{
	int status;
	if (waitpid(child, &status, 0) != child || status != 0)
		fail("a process failed");
}

void pause_at(struct exchange *exchange, enum end end, int number)
{
	exchange->reached[end] = number;
	while (exchange->allowed[end] < number)
		usleep(200);
}

void wait_for_pause(const struct exchange *exchange, enum end end, int number)
{
	while (exchange->reached[end] < number)
		usleep(200);
}

void let_go_on(struct exchange *exchange, enum end end, int number)
{
	wait_for_pause(exchange, end, number);
	exchange->allowed[end] = number;
}

void listen_in(struct exchange *exchange)
{
	struct service *service = &exchange->service;
	int one = 1;
	join(SERVER);
	int fd = client_socket(service->family);
	join(CLIENT);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&service->address, service->address_length) || listen(fd, 64))
		fail("listen");
	service->listener = fd;
}

struct connection accept_from(struct exchange *exchange)
{
	int fd = accept(exchange->service.listener, NULL, NULL);
	if (fd < 0)
		fail("accept");
	exchange->service.opened[SERVER]++;
	return (struct connection){&exchange->service, {-1, fd}};
}

struct connection connect_in(struct exchange *exchange)
{
	int fd = client_socket(exchange->service.family);
	if (connect_to(fd, &exchange->service))
		fail("connect");
	exchange->service.opened[CLIENT]++;
	return (struct connection){&exchange->service, {fd, -1}};
}

struct connection as_part(struct connection connection, struct exchange *part)
{
	connection.service = &part->service;
	return connection;
}

void answer_and_end(struct connection connection)
{
	receive_bytes(&connection, SERVER, 1000);
	send_bytes(&connection, SERVER, 300);
	receive_rest(&connection, SERVER);
	close_end(&connection, SERVER);
}

struct connection ask(struct exchange *exchange)
{
	struct connection connection = connect_in(exchange);
	send_bytes(&connection, CLIENT, 1000);
	receive_bytes(&connection, CLIENT, 300);
	return connection;
}

void ask_and_close(struct exchange *exchange)
{
	struct connection connection = ask(exchange);
	close_end(&connection, CLIENT);
}

void take_all(struct exchange *exchange)
{
	listen_in(exchange);
	pause_at(exchange, SERVER, 1);
	struct connection connection = accept_from(exchange);
	receive_rest(&connection, SERVER);
	close_end(&connection, SERVER);
}

void forget_exchanges(void)
{
	for (size_t i = 0; i < exchange_count; i++)
		forget(&exchanges[i].service);
}

void process_checkpoint(void)
{
	const char *separator = "";
	usleep(20000); /* the last FINs and acknowledgements cross over */
	printf("[");
	for (size_t i = 0; i < exchange_count; i++) {
		const struct exchange *exchange = &exchanges[i];
		const struct service *service = &exchange->service;
		const struct sockaddr_in *address = (const void *)&service->address;
		for (enum end end = CLIENT; end <= SERVER; end++) {
			if (!exchange->pid[end])
				continue;
			printf("%s{\"name\":\"%s\",\"port\":%d,\"role\":\"%s\",\"pid\":%d,",
			       separator, service->name, ntohs(address->sin_port),
			       end == CLIENT ? "client" : "server", exchange->pid[end]);
			printf("\"command\":\"%s\",\"opened\":%lu,\"sent\":%lu,\"received\":%lu}",
			       exchange->command[end], service->opened[end], service->sent[end],
			       service->received[end]);
			separator = ",";
		}
	}
	printf("]\n");
	fflush(stdout);
	char line[16];
	if (!fgets(line, sizeof(line), stdin))
		exit(0);
}

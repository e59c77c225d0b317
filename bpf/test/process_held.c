// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "processes.h"
#include <netinet/in.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Connections that are open while the kernel is asked, and whose descriptors change hands. */

static const int families[] = {AF_INET, AF_INET6};

/* What a process and the one that it starts both know. */
static struct exchange *second;
static struct connection inherited;
static int channel[2];

static void open_channel(void)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, channel))
		fail("socketpair");
}

static void tell(int fd)
{
	if (write(fd, "", 1) != 1)
		fail("tell");
}

static void be_told(int fd)
{
	char byte;
	if (read(fd, &byte, 1) != 1)
		fail("be told");
}

static void serve_in_parts(struct exchange *exchange)
{
	struct connection connection = accept_from(exchange);
	receive_bytes(&connection, SERVER, 100);
	pause_at(exchange, SERVER, 1);
	send_bytes(&connection, SERVER, 2000);
	receive_rest(&connection, SERVER);
	close_end(&connection, SERVER);
}

static void have_a_worker(struct exchange *exchange)
{
	listen_in(exchange);
	second->service.listener = exchange->service.listener;
	pid_t worker = start_process(second, SERVER, "worker", serve_in_parts);
	pause_at(exchange, SERVER, 1);
	wait_for_end(worker);
}

static void ask_in_parts(struct exchange *exchange)
{
	struct connection connection = connect_in(exchange);
	send_bytes(&connection, CLIENT, 100);
	pause_at(exchange, CLIENT, 1);
	receive_bytes(&connection, CLIENT, 2000);
	pause_at(exchange, CLIENT, 2);
	send_bytes(&connection, CLIENT, 7);
	close_end(&connection, CLIENT);
}

struct pair {
	struct exchange *client_part, *worker_part;
	pid_t client, server;
};

static struct pair start_pair(int family)
{
	struct pair pair = {.client_part = add_exchange("worker", family)};
	second = pair.worker_part = add_part(pair.client_part);
	pair.server = start_process(pair.client_part, SERVER, "master", have_a_worker);
	let_go_on(pair.client_part, SERVER, 1);
	pair.client = start_process(pair.client_part, CLIENT, "asks", ask_in_parts);
	wait_for_pause(pair.client_part, CLIENT, 1);
	wait_for_pause(pair.worker_part, SERVER, 1);
	return pair;
}

static void answer_pair(const struct pair *pair)
{
	let_go_on(pair->client_part, CLIENT, 1);
	let_go_on(pair->worker_part, SERVER, 1);
	wait_for_pause(pair->client_part, CLIENT, 2);
}

static void end_pair(const struct pair *pair)
{
	let_go_on(pair->client_part, CLIENT, 2);
	wait_for_end(pair->client);
	wait_for_end(pair->server);
}

/* What it sends while its parent holds the socket too counts as the parent's. */
static void use_inherited(struct exchange *exchange)
{
	prctl(PR_SET_PDEATHSIG, 0); /* its parent leaves before it */
	pause_at(exchange, CLIENT, 1);
	send_bytes(&inherited, CLIENT, 70);
	inherited = as_part(inherited, exchange);
	pause_at(exchange, CLIENT, 2);
	send_bytes(&inherited, CLIENT, 200);
	close_end(&inherited, CLIENT);
	pause_at(exchange, CLIENT, 3);
}

static void share_and_leave(struct exchange *exchange)
{
	inherited = connect_in(exchange);
	send_bytes(&inherited, CLIENT, 50);
	start_process(second, CLIENT, "heir", use_inherited);
	pause_at(exchange, CLIENT, 1);
}

static void use_passed(struct exchange *exchange)
{
	struct connection connection = {&exchange->service, {take_descriptor(channel[1]), -1}};
	send_bytes(&connection, CLIENT, 440);
	pause_at(exchange, CLIENT, 1);
	send_bytes(&connection, CLIENT, 4);
	close_end(&connection, CLIENT);
}

static void pass_on(struct exchange *exchange)
{
	struct connection connection = connect_in(exchange);
	send_bytes(&connection, CLIENT, 50);
	pause_at(exchange, CLIENT, 1);
	pass_descriptor(channel[0], connection.fd[CLIENT]);
	close_end(&connection, CLIENT);
	pause_at(exchange, CLIENT, 2);
}

static void become_another_program(struct exchange *exchange)
{
	char fd[16], control[16];
	struct connection connection = connect_in(exchange);
	send_bytes(&connection, CLIENT, 50);
	pause_at(exchange, CLIENT, 1);
	snprintf(fd, sizeof(fd), "%d", connection.fd[CLIENT]);
	snprintf(control, sizeof(control), "%d", channel[1]);
	take_part(second, CLIENT, "exe"); /* the name of the file */
	second->service.sent[CLIENT] = 333;
	execl("/proc/self/exe", "traffic", "send", fd, "333", control, NULL);
	fail("execl");
}

void send_and_wait(int fd, size_t length, int control)
{
	while (length-- > 0)
		tell(fd);
	tell(control);
	be_told(control);
}

static struct exchange *start_taker(const char *name, int family, pid_t *taker)
{
	struct exchange *exchange = add_exchange(name, family);
	*taker = start_process(exchange, SERVER, "takes", take_all);
	let_go_on(exchange, SERVER, 1);
	return exchange;
}

static void hold(int family)
{
	pid_t takers[3];
	struct pair pair = start_pair(family);

	struct exchange *shared = start_taker("shared", family, &takers[0]);
	struct exchange *heir = second = add_part(shared);
	pid_t sharer = start_process(shared, CLIENT, "shares", share_and_leave);
	wait_for_pause(heir, CLIENT, 1);

	struct exchange *passed = start_taker("passed", family, &takers[1]);
	struct exchange *receiver = add_part(passed);
	open_channel();
	pid_t passer = start_process(passed, CLIENT, "passes", pass_on);
	pid_t user = start_process(receiver, CLIENT, "gets", use_passed);
	wait_for_pause(passed, CLIENT, 1);

	struct exchange *before = start_taker("another program", family, &takers[2]);
	second = add_part(before);
	open_channel();
	pid_t becoming = start_process(before, CLIENT, "before", become_another_program);
	wait_for_pause(before, CLIENT, 1);
	process_checkpoint();

	answer_pair(&pair);
	let_go_on(heir, CLIENT, 1);
	wait_for_pause(heir, CLIENT, 2);
	let_go_on(passed, CLIENT, 1);
	wait_for_pause(receiver, CLIENT, 1);
	let_go_on(before, CLIENT, 1);
	be_told(channel[0]);
	process_checkpoint();

	end_pair(&pair);
	let_go_on(shared, CLIENT, 1);
	wait_for_end(sharer);
	let_go_on(receiver, CLIENT, 1);
	wait_for_end(user);
	let_go_on(passed, CLIENT, 2);
	wait_for_end(passer);
	tell(channel[0]);
	wait_for_end(becoming);
	process_checkpoint();

	let_go_on(heir, CLIENT, 2);
	let_go_on(heir, CLIENT, 3);
	for (int i = 0; i < 3; i++)
		wait_for_end(takers[i]);
	process_checkpoint();
}

void run_processes_held(void)
{
	for (int i = 0; i < 2; i++)
		hold(families[i]);
}

/* The programs are loaded at the first checkpoint. */
void run_processes_older(void)
{
	struct pair pairs[2];
	for (int i = 0; i < 2; i++)
		pairs[i] = start_pair(families[i]);
	process_checkpoint();
	forget_exchanges();
	for (int i = 0; i < 2; i++)
		answer_pair(&pairs[i]);
	process_checkpoint();
	for (int i = 0; i < 2; i++)
		end_pair(&pairs[i]);
	process_checkpoint();
}

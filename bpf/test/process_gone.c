// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "processes.h"
#include <linux/sched.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Processes that are gone when the kernel is asked. */

static const int families[] = {AF_INET, AF_INET6};

#define WORKERS 3

static struct exchange *parts[WORKERS];

static void serve_one(struct exchange *exchange)
{
	listen_in(exchange);
	pause_at(exchange, SERVER, 1);
	answer_and_end(accept_from(exchange));
}

/* The kernel closes what it leaves. */
static void ask_and_exit(struct exchange *exchange)
{
	ask(exchange);
}

static void run_alone(const char *name, int family, void (*client)(struct exchange *))
{
	struct exchange *exchange = add_exchange(name, family);
	pid_t server = start_process(exchange, SERVER, "serves", serve_one);
	let_go_on(exchange, SERVER, 1);
	wait_for_end(start_process(exchange, CLIENT, "asks", client));
	wait_for_end(server);
}

static void accept_and_serve(struct exchange *exchange)
{
	answer_and_end(accept_from(exchange));
}

/* Its workers inherit the listener and accept from it themselves. */
static void serve_preforked(struct exchange *exchange)
{
	pid_t workers[WORKERS];
	listen_in(exchange);
	for (int i = 0; i < WORKERS; i++) {
		parts[i]->service.listener = exchange->service.listener;
		workers[i] = start_process(parts[i], SERVER, "worker", accept_and_serve);
	}
	pause_at(exchange, SERVER, 1);
	for (int i = 0; i < WORKERS; i++)
		wait_for_end(workers[i]);
}

static struct connection accepted;

static void serve_accepted(struct exchange *exchange)
{
	pause_at(exchange, SERVER, 1);
	answer_and_end(accepted);
}

/* Accepts itself, and leaves each connection to a process made for it. */
static void serve_forking(struct exchange *exchange)
{
	listen_in(exchange);
	pause_at(exchange, SERVER, 1);
	for (int i = 0; i < WORKERS; i++) {
		parts[i]->service.listener = exchange->service.listener;
		accepted = accept_from(parts[i]);
		pid_t worker = start_process(parts[i], SERVER, "forked", serve_accepted);
		close_end(&accepted, SERVER);
		let_go_on(parts[i], SERVER, 1);
		wait_for_end(worker);
	}
}

static void run_with_workers(const char *name, int family, void (*server)(struct exchange *))
{
	struct exchange *exchange = add_exchange(name, family);
	for (int i = 0; i < WORKERS; i++)
		parts[i] = add_part(exchange);
	pid_t master = start_process(exchange, SERVER, "master", server);
	let_go_on(exchange, SERVER, 1);
	for (int i = 0; i < WORKERS; i++)
		wait_for_end(start_process(parts[i], CLIENT, "asks", ask_and_close));
	wait_for_end(master);
}

void run_processes_gone(void)
{
	for (int i = 0; i < 2; i++) {
		run_alone("closes", families[i], ask_and_close);
		run_alone("exits", families[i], ask_and_exit);
		run_with_workers("preforked", families[i], serve_preforked);
		run_with_workers("forked", families[i], serve_forking);
	}
	process_checkpoint();
}

static void serve_two(struct exchange *exchange)
{
	listen_in(exchange);
	pause_at(exchange, SERVER, 1);
	for (int i = 0; i < 2; i++)
		answer_and_end(accept_from(exchange));
}

/* As fork(), with a pid of the caller's choice if it is not 0. */
static pid_t fork_as(pid_t pid)
{
	struct clone_args how = {
	    .exit_signal = SIGCHLD,
	    .set_tid = pid ? (unsigned long)&pid : 0,
	    .set_tid_size = pid ? 1 : 0,
	};
	pid_t child = syscall(SYS_clone3, &how, sizeof(how));
	if (child < 0)
		fail("clone3");
	return child;
}

/* The pid of a process that is gone is given to another one, which talks to the same address. */
void run_processes_same_pid(void)
{
	static const char *const commands[] = {"first", "second"};
	struct exchange *exchange = add_exchange("same pid", AF_INET);
	pid_t server = start_process(exchange, SERVER, "serves", serve_two);
	let_go_on(exchange, SERVER, 1);
	pid_t pid = 0;
	for (int i = 0; i < 2; i++) {
		struct exchange *part = add_part(exchange);
		pid = fork_as(pid);
		if (pid == 0) {
			take_part(part, CLIENT, commands[i]);
			ask_and_close(part);
			_exit(0);
		}
		wait_for_end(pid);
		usleep(100000); /* such pids are told apart by when they started, in steps of 17 ms
				 */
	}
	wait_for_end(server);
	process_checkpoint();
}

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Processes that talk to each other, each of which counts what it carries itself. */
#ifndef PROCESSES_H
#define PROCESSES_H

#include "traffic.h"
#include <sys/types.h>

/* What one process at each end carried; `service` has the sums. Shared by all processes. */
struct exchange {
	struct service service;
	pid_t pid[2]; /* 0: nobody counts here at this end */
	char command[2][16];
	volatile int reached[2]; /* the last pause to which a process came */
	volatile int allowed[2]; /* it goes on from */
};

/* At an address of its own. */
struct exchange *add_exchange(const char *name, int family);
/* For other processes that use the same address. */
struct exchange *add_part(const struct exchange *exchange);

/* Runs `act` in a process of its own, with this name, that counts for this end. */
pid_t start_process(struct exchange *exchange, enum end end, const char *command,
		    void (*act)(struct exchange *));
/* The calling process counts for this end from now on. */
void take_part(struct exchange *exchange, enum end end, const char *command);
void wait_for_end(pid_t child);

/* Stops a process until it may go on; pauses are numbered from 1. */
void pause_at(struct exchange *exchange, enum end end, int number);
void wait_for_pause(const struct exchange *exchange, enum end end, int number);
void let_go_on(struct exchange *exchange, enum end end, int number);

void listen_in(struct exchange *exchange);
struct connection accept_from(struct exchange *exchange);
struct connection connect_in(struct exchange *exchange);
/* From here on what the calling process carries counts for another exchange. */
struct connection as_part(struct connection connection, struct exchange *part);

/* A request and its answer; the client ends it. */
void answer_and_end(struct connection connection);
struct connection ask(struct exchange *exchange);
void ask_and_close(struct exchange *exchange);
/* Takes whatever comes, in the process that listens. */
void take_all(struct exchange *exchange);

/* To a descriptor that was inherited; then waits for the other end of `control`. */
void send_and_wait(int fd, size_t length, int control);

/* Prints who carried what. */
void process_checkpoint(void);
/* From now on what counts is what happens from now on. */
void forget_exchanges(void);

#endif

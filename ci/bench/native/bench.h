/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmarks need outside JavaScript: traffic, and clocks without an engine in between. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>

#define PORT 7000

/* What one end's own calls of write and read returned. */
struct end_count {
	uint64_t opened, sent, received;
};

void check(long result, const char *what);
double now_ns(void);
/* Nothing else runs on this CPU meanwhile, where the system lets us say so. */
void stay_alone_on(int cpu);
void join_cgroup(const char *path);
/* A network namespace of our own: loopback is up, with 192.0.2.0/24 and 198.51.100.0/24. */
void enter_own_network(void);
/* Memory that a child shares with its parent. */
void *shared_memory(size_t size);

/* Of the 500 documentation addresses; all on loopback. */
struct sockaddr_in documentation_address(unsigned int index);
/* Listens on all addresses. */
int listener(void);
int connect_to(struct sockaddr_in address);
void send_all(int fd, const void *from, size_t size);
/* False at the end of the stream. */
bool receive_all(int fd, void *to, size_t size);
/* Sleeps until the peers have acknowledged all of these sockets' bytes. */
void wait_until_acknowledged(const int *fds, size_t count);
/* One line of JSON. */
void print_counts(double ns, const struct end_count *client, const struct end_count *server);

/* Each reads a line of what to do and answers with a line, until its input ends. */
void ping_pong(void);
void paced(void);
void hold(int namespaces, int connections);
void iterate(void);
void one_by_one(size_t key_size, size_t value_size, size_t entries);

#endif

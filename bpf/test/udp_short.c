// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "datagrams.h"
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS 3

static volatile bool is_over;

/* Runs until the test has done what it wants to do meanwhile. */
static void run_until_told(const char *name, struct service *(*make)(const char *, enum kind),
			   void *(*work)(void *))
{
	static const enum kind kinds[THREADS] = {V4, V6, MAPPED};
	struct service *services[THREADS];
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		services[i] = make(name, kinds[i]);
	checkpoint();
	for (int i = 0; i < THREADS; i++) {
		if (pthread_create(&threads[i], NULL, work, services[i]))
			fail("pthread_create");
	}
	checkpoint();
	is_over = true;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	checkpoint();
}

static struct service *serve_datagrams_kind(const char *name, enum kind kind)
{
	if (kind == MAPPED)
		return serve_datagrams_mapped(name);
	return serve_datagrams(name, kind == V4 ? AF_INET : AF_INET6);
}

static void *ask_and_answer(void *argument)
{
	struct service *service = argument;
	unsigned int seed = (unsigned int)(size_t)service;
	int fd = datagram_socket(CLIENT, service->family);

	while (!is_over) {
		send_to(service, fd, rand_r(&seed) % 500);
		answer(service, rand_r(&seed) % 1000);
		receive_one(service, CLIENT, fd, 65536);
	}
	return NULL;
}

/* Nobody makes a socket meanwhile. */
void run_udp_short(void)
{
	run_until_told("udp-short", serve_datagrams_kind, ask_and_answer);
}

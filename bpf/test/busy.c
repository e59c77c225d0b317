// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "traffic.h"
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS 4
#define SOCKETS 8

static struct worker {
	pthread_t thread;
	pthread_mutex_t exchanging;
	struct service *service;
	struct connection connections[SOCKETS];
	unsigned int seed;
	bool reconnects;
	unsigned int pause_us; /* after each exchange */
	bool is_over;
} workers[THREADS];
static volatile bool wants_rest;

static void exchange_once(struct worker *worker)
{
	struct connection *connection = &worker->connections[rand_r(&worker->seed) % SOCKETS];
	carry(connection, CLIENT, 1 + rand_r(&worker->seed) % 20000);
	carry(connection, SERVER, 1 + rand_r(&worker->seed) % 20000);
	if (worker->reconnects && rand_r(&worker->seed) % 4 == 0) {
		close_in_order(connection, rand_r(&worker->seed) % 2 ? CLIENT : SERVER);
		*connection = open_connection(worker->service);
	}
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	for (bool is_over = false; !is_over;) {
		while (wants_rest) /* a mutex is not fair */
			usleep(100);
		pthread_mutex_lock(&worker->exchanging);
		exchange_once(worker);
		is_over = worker->is_over;
		pthread_mutex_unlock(&worker->exchanging);
		if (worker->pause_us)
			usleep(worker->pause_us);
	}
	return NULL;
}

/* Stops everybody between two exchanges; what was sent has arrived. */
static void checkpoint_at_rest(void)
{
	wants_rest = true;
	for (int i = 0; i < THREADS; i++)
		pthread_mutex_lock(&workers[i].exchanging);
	for (int i = 0; i < THREADS; i++) {
		for (int j = 0; j < SOCKETS; j++)
			wait_until_acknowledged(&workers[i].connections[j]);
	}
	checkpoint();
	wants_rest = false;
	for (int i = 0; i < THREADS; i++)
		pthread_mutex_unlock(&workers[i].exchanging);
}

static void run_workers(bool reconnect, unsigned int pause_us)
{
	static const enum kind kinds[THREADS] = {V4, V6, MAPPED, V4};

	for (int i = 0; i < THREADS; i++) {
		struct worker *worker = &workers[i];
		worker->service = serve_kind("busy", kinds[i]);
		worker->seed = i;
		worker->reconnects = reconnect;
		worker->pause_us = pause_us;
		pthread_mutex_init(&worker->exchanging, NULL);
		for (int j = 0; j < SOCKETS; j++)
			worker->connections[j] = open_connection(worker->service);
	}
	for (int i = 0; i < THREADS; i++) {
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			fail("pthread_create");
	}
	usleep(50000);
	checkpoint(); /* the programs are loaded while everybody works */
	checkpoint_at_rest();
	usleep(200000);
	checkpoint_at_rest();
	for (int i = 0; i < THREADS; i++) {
		pthread_mutex_lock(&workers[i].exchanging);
		workers[i].is_over = true;
		pthread_mutex_unlock(&workers[i].exchanging);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		for (int j = 0; j < SOCKETS; j++)
			close_in_order(&workers[i].connections[j], j % 2 ? CLIENT : SERVER);
	}
	checkpoint();
}

void run_busy(void)
{
	run_workers(false, 0);
}

void run_busy_reconnecting(void)
{
	run_workers(true, 0);
}

/* For minutes: ports and processor last. */
void run_steady(void)
{
	run_workers(true, 5000);
}

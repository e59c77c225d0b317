/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Datagrams whose truth is known: counted by what send and receive returned. */
#ifndef DATAGRAMS_H
#define DATAGRAMS_H

#include "traffic.h"

/* A service of UDP: its socket is the listener, bound to its port by the server's cgroup. */
struct service *serve_datagrams(const char *name, int family);
/* Its socket is one of IPv6, its address one of IPv4. */
struct service *serve_datagrams_mapped(const char *name);

int datagram_socket(enum end end, int family);
void connect_datagrams(int fd, const struct service *service);

/* To the service, or to whom the socket is connected. */
void send_to(struct service *service, int fd, size_t length);
void send_connected(struct service *service, enum end from, int fd, size_t length);
/* One datagram; gives its whole length, also if the buffer was shorter. */
size_t receive_one(struct service *service, enum end at, int fd, size_t buffer_length);
/* One datagram at the service, and an answer of this length to whom it came from. */
void answer(struct service *service, size_t length);
void set_option(int fd, int level, int option, int value);

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Real connections whose truth is known: every byte is counted here by what write and read
 * returned, never by asking the kernel's accounting.
 */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum end { CLIENT, SERVER };

/* What the programs saw beside bytes: errno, their own resets, TCP_INFO. */
struct signals {
	uint64_t refused, timed_out, unreachable, other;
	uint64_t reset_by[2]; /* by end */
	uint64_t retransmits[2];
	uint64_t rtt_us[2]; /* sum of the connections' smoothed times */
	uint64_t rtt_min_us[2];
};

/* One listener, and the sums over all its connections. */
struct service {
	const char *name;
	int family;
	int listener;
	struct sockaddr_storage address; /* to connect to */
	socklen_t address_length;
	uint64_t sent[2]; /* by end; what the peer acknowledged */
	uint64_t received[2];
	uint64_t opened[2];
	uint64_t failed;
	uint64_t datagrams_sent[2];
	uint64_t datagrams_received[2];
	struct signals signals;
};

struct connection {
	struct service *service;
	int fd[2]; /* by end */
};

/* Cgroup directories: sockets belong to the cgroup in which socket() was called. */
extern const char *cgroup_of[2];

void fail(const char *what) __attribute__((noreturn));
/* A network namespace of our own, with loopback up. */
void enter_own_network(void);
void set_loopback(int up);
void join(enum end end);

/* Family AF_INET or AF_INET6; a dual-stack service listens on v6 and is connected to by v4. */
struct service *serve(const char *name, int family);
struct service *serve_dual_stack(const char *name);
/* A listener that make_socket made. */
struct service *serve_by(const char *name, int family, int (*make_socket)(int family));
/* IPv4 between sockets of IPv6. */
struct service *serve_mapped(const char *name);
enum kind { V4, V6, MAPPED };
struct service *serve_kind(const char *name, enum kind kind);
/* An address without a listener. */
struct service *serve_nothing(const char *name, int family);

/* Counts a connection that both ends opened. */
void count_opened(struct service *service);

int client_socket(int family);
struct connection open_connection(struct service *service);
/* The same with buffers so small that data stays in flight. */
struct connection open_narrow_connection(struct service *service);
int connect_to(int fd, const struct service *service);
void disconnect(int fd);
/* A first exchange fetches a cookie; the connections after that send 700 bytes in the SYN. */
struct service *serve_fast_open(const char *name, int family);
struct connection open_fast_connection(struct service *service);

void send_bytes(struct connection *connection, enum end from, size_t length);
void receive_bytes(struct connection *connection, enum end at, size_t length);
/* Sends and receives the same bytes. */
void carry(struct connection *connection, enum end from, size_t length);
/* Writes until nothing more fits into the buffers of both ends. */
void fill(struct connection *connection, enum end from);
/* Reads until the peer's FIN or reset. */
void receive_rest(struct connection *connection, enum end at);
void wait_until_acknowledged(struct connection *connection);

void end_sending(struct connection *connection, enum end end);
void close_end(struct connection *connection, enum end end);
void reset(struct connection *connection, enum end end);
struct tcp_info;
struct tcp_info tcp_facts(int fd);
int tcp_state(const struct connection *connection, enum end end);
/* What arrives is dropped, until it hears again. */
void make_deaf(int fd);
void hear_again(int fd);

void close_in_order(struct connection *connection, enum end first);
/* Both send all that fits before. */
void end_both_at_once(struct connection *connection);
void close_both_at_once(struct connection *connection);
void close_by_reset(struct connection *connection, enum end by);

/* A descriptor that goes over a Unix socket to another process. */
void pass_descriptor(int channel, int fd);
int take_descriptor(int channel);

void set_sysctl(const char *path, const char *value);

/* From now on the truth is what happens from now on. */
void forget_history(void);

/* Prints the truth of all services as one line of JSON, and waits for a line of the test. */
void checkpoint(void);

size_t some_bytes(unsigned int *seed);

void run_closes(void);
void run_half_closed(void);
void run_orphan(void);
void run_refused(void);
void run_reuse(void);
void run_self_connect(void);
void run_in_flight(void);
void run_fast_open(void);
void run_dual_stack(void);
void run_many_services(void);
void run_older(void);
void run_no_storage(void);
void run_race(void);
void run_short_race(void);
void run_come_and_stay(void);
void run_crowd(void);
void run_small_crowd(void);
void run_timeouts(void);
void run_failures(void);
void run_kept_failures(void);
void run_resets(void);
void run_held_closed(void);
void run_loss(void);
void run_streams(void);
void run_streams_10gb(void);
void run_never_accepted(void);
void run_mapped(void);
void run_seed(void);
void run_seed_in_flight(void);
void run_seed_full_queue(void);
void run_busy(void);
void run_busy_reconnecting(void);
void run_steady(void);
void run_changes(void);
void run_ownership(void);
void run_removed_cgroup(void);
void run_mptcp(void);
void run_mptcp_two_paths(void);
void run_udp(void);
void run_udp_mapped(void);
void run_udp_reads(void);
void run_udp_corked(void);
void run_udp_refused(void);
void run_udp_peers(void);
void run_udp_to_many(void);
void run_udp_fragments(void);
void run_udp_segments(void);
void run_udp_joined(void);
void run_udp_headers(void);
void run_udp_witness(void);
void run_udp_turns(void);
void run_udp_again(void);
void run_udp_short(void);
void run_processes_gone(void);
void run_processes_held(void);
void run_processes_older(void);
void run_processes_same_pid(void);
void run_processes_udp(void);
void run_processes_udp_no_storage(void);
void run_processes_many_ports(void);

void walk_without_pause(int link_fd);

#endif

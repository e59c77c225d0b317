/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* How a datagram becomes part of a flow, whichever programs see it. */
#ifndef UDP_H
#define UDP_H

#include "processes.h"
#include <bpf/bpf_endian.h>

#define SOCK_BINDPORT_LOCK 8 /* bind() was called with a port */
#define UDP_HEADER 8

/* One packet of a socket: a datagram, or several of one size (UDP_SEGMENT, UDP_GRO). */
struct datagrams {
	u64 cgroup_id;
	u32 process;
	union {
		u8 remote_address[16]; /* IPv4 as v4-mapped IPv6 */
		__be32 remote_word[4];
	};
	__be16 local_port;
	__be16 remote_port;
	u32 payload;
	u32 segment; /* size of each but the last; 0: one datagram */
	bool is_bound;
	bool is_sent;
};

static __always_inline u64 datagram_count(const struct datagrams *seen)
{
	if (!seen->segment || seen->payload <= seen->segment)
		return 1;
	return ((u64)seen->payload + seen->segment - 1) / seen->segment;
}

/*
 * UDP has no listeners. A program that asked for its port is taken for the service, any other for
 * its client: docs/decisions/0008-udp-in-two-ways.md says where that is wrong.
 */
static __always_inline int count_datagrams(const struct datagrams *seen)
{
	struct flow_key key = {
	    .cgroup_id = seen->cgroup_id,
	    .service_port = bpf_ntohs(seen->is_bound ? seen->local_port : seen->remote_port),
	    .protocol = IPPROTO_UDP,
	    .role = seen->is_bound ? ROLE_SERVER : ROLE_CLIENT,
	    .process = seen->process,
	};
	__builtin_memcpy(key.remote_address, seen->remote_address, sizeof(key.remote_address));
	struct flow_value *flow = flow_of(&key);
	if (!flow)
		return drop_bytes(DROP_OVERFLOW_FULL, seen->payload);
	u64 count = datagram_count(seen);
	if (seen->is_sent) {
		__sync_fetch_and_add(&flow->bytes_sent, seen->payload);
		__sync_fetch_and_add(&flow->datagrams_sent, count);
	} else {
		__sync_fetch_and_add(&flow->bytes_received, seen->payload);
		__sync_fetch_and_add(&flow->datagrams_received, count);
	}
	return 0;
}

static __always_inline void set_v4(struct datagrams *seen, __be32 address)
{
	seen->remote_word[0] = 0;
	seen->remote_word[1] = 0;
	seen->remote_word[2] = bpf_htonl(0xffff);
	seen->remote_word[3] = address;
}

#endif

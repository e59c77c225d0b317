/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What is remembered per TCP socket, and how its counters become payload in a flow. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include "flows.h"
#include <bpf/bpf_core_read.h>

enum socket_phase {
	PHASE_UNKNOWN, /* older than the programs */
	PHASE_CONNECTING,
	PHASE_OPEN,
	PHASE_CLOSED,
};

struct socket_state {
	struct flow_key key;
	/* Already in a flow. Changed by compare-and-exchange only: iterator and close meet here. */
	u64 sent;
	u64 received;
	u64 opened;
	u32 phase;
	u32 syn; /* 1 if it ever was in SYN_SENT: bytes_acked then counts the SYN */
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct socket_state);
} sockets SEC(".maps") __weak;

struct payload {
	u64 sent;
	u64 received;
};

/* Our FIN is in write_seq, and once acknowledged also in bytes_acked. */
static __always_inline bool is_fin_sent(int state)
{
	return state == BPF_TCP_FIN_WAIT1 || state == BPF_TCP_FIN_WAIT2 ||
	       state == BPF_TCP_CLOSING || state == BPF_TCP_LAST_ACK;
}

/* SOCK_DONE is set when the peer's FIN arrives, which bytes_received counts. */
static __always_inline bool is_fin_received(const struct sock *sk)
{
	u64 done = 1UL << bpf_core_enum_value(enum sock_flags, SOCK_DONE);
	return READ_ONCE(sk->__sk_common.skc_flags) & done;
}

/* Books what is new since the last report: forward only, and each byte by one caller only. */
static __always_inline void report(u64 *reported, u64 now, u64 *counter)
{
	for (int i = 0; i < 8; i++) {
		u64 before = READ_ONCE(*reported);
		if ((s64)(now - before) <= 0)
			return;
		if (__sync_val_compare_and_swap(reported, before, now) == before) {
			__sync_fetch_and_add(counter, now - before);
			return;
		}
	}
}

/* Looks the flow up before it touches "reported": without a flow nothing is lost yet. */
static __always_inline struct flow_value *fold(struct socket_state *state,
					       const struct payload *payload)
{
	struct flow_key key = state->key; /* iterators may not pass their buffer as a key */
	struct flow_value *flow = flow_of(&key);
	if (!flow)
		return NULL;
	report(&state->opened, 1, &flow->connections_opened);
	report(&state->sent, payload->sent, &flow->bytes_sent);
	report(&state->received, payload->received, &flow->bytes_received);
	return flow;
}

#endif

// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include "kernel_compat.h"
#include "sockets.h"

/* Set where the CPU may reorder loads (all but x86). */
const volatile bool weakly_ordered = false;
static u64 fence_cell;

static __always_inline void load_fence(void)
{
	asm volatile("" ::: "memory");
	if (!weakly_ordered)
		return;
	/* Only the form whose result is used is a barrier on arm64. */
	u64 before = __sync_fetch_and_add(&fence_cell, 1);
	asm volatile("" ::"r"(before) : "memory");
}

/*
 * Runs without the socket's lock. The kernel adds a FIN to bytes_received before it sets
 * SOCK_DONE, and to bytes_acked before it moves snd_una: so while the socket is held, one byte
 * that may be a FIN is left to the next report. Order matters: counters first, phase last.
 */
SEC("iter/bpf_sk_storage_map")
int live(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct sock *sk = ctx->sk;
	struct socket_state *state = ctx->value;
	if (!sk || !state)
		return 0;
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp)
		return 0;

	struct payload payload = {
	    .sent = READ_ONCE(tcp->bytes_acked),
	    .received = READ_ONCE(tcp->bytes_received),
	};
	load_fence();
	bool held = is_socket_held(sk);
	load_fence();
	int tcp_state = READ_ONCE(sk->__sk_common.skc_state);
	bool all_acked = READ_ONCE(tcp->snd_una) == READ_ONCE(tcp->write_seq);
	bool fin_received = is_fin_received(sk);
	load_fence();
	/* The socket's memory may be another connection by now; its storage would say closed. */
	if (READ_ONCE(state->phase) != PHASE_OPEN || tcp_state == BPF_TCP_CLOSE)
		return 0;

	payload.sent -= state->syn;
	if (is_fin_sent(tcp_state) && (all_acked || held))
		payload.sent -= 1;
	if (fin_received || (held && payload.received))
		payload.received -= 1;

	bool is_new = !state->opened || (s64)(payload.sent - state->sent) > 0 ||
		      (s64)(payload.received - state->received) > 0;
	if (is_new)
		fold(state, &payload);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

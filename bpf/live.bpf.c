// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include "kernel_compat.h"
#include "payload.h"

/* So many buckets are visited by one run of the iterator. */
#define BUCKETS_PER_RUN 64

/* Has an entry per run, and nothing in it: the iterator walks it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 131072 / BUCKET_SIZE / BUCKETS_PER_RUN);
	__type(key, u32);
	__type(value, u32);
} socket_walk SEC(".maps");

/* What is seen of a socket without holding its lock. */
struct sight {
	struct payload counters;
	u64 cookie;
	u64 flags;
	int state;
	u32 srtt_us;
	u32 rtt_min_us;
	bool is_held;
	bool is_all_acked;
};

/* Order matters: counters first. */
static __always_inline void look_at(struct sock *sk, struct sight *sight)
{
	struct tcp_sock *tcp = tcp_sock_at(sk);
	sight->counters.sent = FIELD(tcp, bytes_acked);
	sight->counters.received = FIELD(tcp, bytes_received);
	sight->counters.retransmits = FIELD(tcp, total_retrans);
	fence();
	sight->is_held = is_socket_held(sk);
	fence();
	sight->state = FIELD(sk, __sk_common.skc_state);
	sight->is_all_acked = FIELD(tcp, snd_una) == FIELD(tcp, write_seq);
	sight->flags = FIELD(sk, __sk_common.skc_flags);
	sight->srtt_us = FIELD(tcp, srtt_us);
	sight->rtt_min_us = FIELD(tcp, rtt_min.s[0].v);
	fence();
	sight->cookie = FIELD(sk, __sk_common.skc_cookie.counter);
	fence();
}

/*
 * Without the socket's lock: the kernel adds a FIN to bytes_received before it sets SOCK_DONE, and
 * to bytes_acked before it moves snd_una. So while the socket is held, one byte that may be a FIN
 * is left to the next report.
 */
static __always_inline struct payload payload_of(const struct sight *sight, u32 syn)
{
	struct payload payload = sight->counters;
	payload.sent -= syn;
	if (is_fin_sent(sight->state) && (sight->is_all_acked || sight->is_held))
		payload.sent -= 1;
	if (is_fin_received(sight->flags) || (sight->is_held && payload.received))
		payload.received -= 1;
	return payload;
}

static __always_inline bool is_news(const struct socket_slot *slot, const struct payload *payload)
{
	return !(slot->phase & OPEN_REPORTED) ||
	       unreported(payload->sent, slot->reported.sent) > 0 ||
	       unreported(payload->received, slot->reported.received) > 0 ||
	       unreported(payload->retransmits, slot->reported.retransmits) > 0;
}

/* Its memory is another socket's, or closed, and yet nobody said so: no program saw the close. */
static __always_inline int give_up(struct socket_slot *slot, u64 *cell, u64 cookie, u32 phase)
{
	u32 closed = (phase & GENERATION_MASK) | PHASE_CLOSED;
	if (READ_ONCE(*cell) != cookie ||
	    __sync_val_compare_and_swap(&slot->phase, phase, closed) != phase)
		return 0;
	leave_place(cell, cookie);
	return drop(DROP_CLOSE_UNSEEN);
}

/* A function for the verifier to look at once. */
__noinline int fold_socket(u32 place)
{
	u64 *cell = cookie_at(place);
	struct socket_slot *slot = slot_at(place);
	if (!cell || !slot)
		return 0;
	u64 cookie = READ_ONCE(*cell);
	fence();
	u32 phase = READ_ONCE(slot->phase);
	if ((phase & PHASE_MASK) != PHASE_OPEN)
		return 0;
	fence();
	struct sight sight;
	look_at(slot->sk, &sight);
	struct payload payload = payload_of(&sight, slot->role == ROLE_CLIENT);
	/* The socket's memory may be another connection by now; the slot would say closed. */
	if (((READ_ONCE(slot->phase) ^ phase) & ~OPEN_REPORTED))
		return 0;
	if (sight.cookie != cookie || sight.state == BPF_TCP_CLOSE)
		return give_up(slot, cell, cookie, phase);
	if (!is_news(slot, &payload))
		return 0;
	struct flow_value *flow = flow_of_slot(slot);
	if (!flow)
		return 0;
	if (!(phase & OPEN_REPORTED) &&
	    __sync_val_compare_and_swap(&slot->phase, phase, phase | OPEN_REPORTED) == phase)
		__sync_fetch_and_add(&flow->connections_opened, 1);
	if (fold(slot, phase, &payload, flow))
		sample_rtt(flow, sight.srtt_us, sight.rtt_min_us);
	return 0;
}

/* The same: a global function is verified by itself, and not once per call. */
__noinline int fold_bucket(u32 index)
{
	struct socket_bucket *bucket = bpf_map_lookup_elem(&socket_buckets, &index);
	if (!bucket)
		return 0;
	for (int i = 0; i < BUCKET_SIZE; i++) {
		u64 cookie = READ_ONCE(bucket->cookies[i]);
		if (cookie && !(cookie & CLOSED_COOKIE))
			fold_socket(index * BUCKET_SIZE + i);
	}
	return 0;
}

SEC("iter/bpf_map_elem")
int live(struct bpf_iter__bpf_map_elem *ctx)
{
	u32 *run = ctx->key;
	if (!run)
		return 0;
	u32 first = *run * BUCKETS_PER_RUN;
	for (u32 i = 0; i < BUCKETS_PER_RUN; i++)
		fold_bucket(first + i);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

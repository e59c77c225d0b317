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

static __always_inline struct payload counters_of(bool is_cast, struct tcp_sock *tcp)
{
	return (struct payload){
	    .sent = FIELD(is_cast, tcp, bytes_acked),
	    .received = FIELD(is_cast, tcp, bytes_received),
	    .retransmits = FIELD(is_cast, tcp, total_retrans),
	};
}

/* Order matters: counters first. */
static __always_inline void look_at(bool is_cast, struct sock *address, struct sight *sight)
{
	struct sock *sk = sock_at(is_cast, address);
	struct tcp_sock *tcp = tcp_sock_at(is_cast, address);
	sight->counters = counters_of(is_cast, tcp);
	fence();
	sight->is_held = is_socket_held(is_cast, sk);
	fence();
	sight->state = FIELD(is_cast, sk, __sk_common.skc_state);
	sight->is_all_acked = FIELD(is_cast, tcp, snd_una) == FIELD(is_cast, tcp, write_seq);
	sight->flags = FIELD(is_cast, sk, __sk_common.skc_flags);
	sight->srtt_us = FIELD(is_cast, tcp, srtt_us);
	sight->rtt_min_us = FIELD(is_cast, tcp, rtt_min.s[0].v);
	fence();
	sight->cookie = FIELD(is_cast, sk, __sk_common.skc_cookie.counter);
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

/* Most sockets are: of these no more memory is touched than it takes to know. */
static __always_inline bool is_idle(bool is_cast, const struct socket_slot *slot, u64 cookie)
{
	struct sock *sk = sock_at(is_cast, slot->sk);
	struct payload at_most = counters_of(is_cast, tcp_sock_at(is_cast, slot->sk));
	at_most.sent -= slot->role == ROLE_CLIENT;
	return !is_news(slot, &at_most) &&
	       FIELD(is_cast, sk, __sk_common.skc_cookie.counter) == cookie;
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

static __always_inline int fold_socket(bool is_cast, u32 place)
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
	if (is_idle(is_cast, slot, cookie))
		return 0;
	struct sight sight;
	look_at(is_cast, slot->sk, &sight);
	struct payload payload = payload_of(&sight, slot->role == ROLE_CLIENT);
	/* The socket's memory may be another connection by now; the slot would say closed. */
	if (((READ_ONCE(slot->phase) ^ phase) & ~OPEN_REPORTED))
		return 0;
	if (sight.cookie != cookie || sight.state == BPF_TCP_CLOSE)
		return give_up(slot, cell, cookie, phase);
	if (!is_news(slot, &payload))
		return 0;
	struct flow_value *flow = flow_of_slot(slot, place, phase);
	if (!flow)
		return 0;
	if (!(phase & OPEN_REPORTED) &&
	    __sync_val_compare_and_swap(&slot->phase, phase, phase | OPEN_REPORTED) == phase)
		__sync_fetch_and_add(&flow->connections_opened, 1);
	if (fold(slot, phase, &payload, flow))
		sample_rtt(flow, sight.srtt_us, sight.rtt_min_us);
	return 0;
}

/* Global functions: the verifier looks at each by itself, and not once per call. */
__noinline int fold_socket_by_copy(u32 place)
{
	return fold_socket(false, place);
}

__noinline int fold_socket_by_cast(u32 place)
{
	return fold_socket(true, place);
}

static __always_inline int fold_bucket(bool is_cast, u32 index)
{
	struct socket_bucket *bucket = bpf_map_lookup_elem(&socket_buckets, &index);
	if (!bucket)
		return 0;
	for (int i = 0; i < BUCKET_SIZE; i++) {
		u64 cookie = READ_ONCE(bucket->cookies[i]);
		if (!cookie || cookie & CLOSED_COOKIE)
			continue;
		if (is_cast)
			fold_socket_by_cast(index * BUCKET_SIZE + i);
		else
			fold_socket_by_copy(index * BUCKET_SIZE + i);
	}
	return 0;
}

__noinline int fold_bucket_by_copy(u32 index)
{
	return fold_bucket(false, index);
}

__noinline int fold_bucket_by_cast(u32 index)
{
	return fold_bucket(true, index);
}

static __always_inline int walk(bool is_cast, const u32 *run)
{
	if (!run)
		return 0;
	u32 first = *run * BUCKETS_PER_RUN;
	for (u32 i = 0; i < BUCKETS_PER_RUN; i++) {
		if (is_cast)
			fold_bucket_by_cast(first + i);
		else
			fold_bucket_by_copy(first + i);
	}
	return 0;
}

SEC("iter/bpf_map_elem")
int live(struct bpf_iter__bpf_map_elem *ctx)
{
	return walk(false, ctx->key);
}

/* The same, in a fifth of the time. The agent loads it instead where the kernel has the cast. */
SEC("?iter/bpf_map_elem")
int live_cast(struct bpf_iter__bpf_map_elem *ctx)
{
	return walk(true, ctx->key);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include "unseen.h"

/* So many buckets' sockets are looked at before the first of them is folded: more leave the cache.
 */
#define BUCKETS_AHEAD 2

/* Of a socket that has news, it seems. True if it is open as far as the programs have seen, and
 * closed. */
static __always_inline bool fold_socket(bool is_cast, u32 place)
{
	u64 *cell = cookie_at(place);
	struct socket_slot *slot = slot_at(place);
	if (!cell || !slot)
		return false;
	u64 cookie = READ_ONCE(*cell);
	fence();
	u32 phase = READ_ONCE(slot->phase);
	fence();
	if ((phase & PHASE_MASK) == PHASE_CONNECTING)
		phase = settle(is_cast, slot, cell, cookie, place, phase);
	if ((phase & PHASE_MASK) != PHASE_OPEN)
		return false;
	struct sight sight;
	look_at(is_cast, slot, &sight);
	struct payload payload = payload_of(&sight);
	/* The socket's memory may be another connection by now; the slot would say closed. */
	if (((READ_ONCE(slot->phase) ^ phase) & ~OPEN_REPORTED))
		return false;
	if (sight.cookie != cookie) {
		give_up(slot, cell, cookie, phase);
		return false;
	}
	if (sight.state == BPF_TCP_CLOSE)
		return true;
	if (!is_news(slot, &payload))
		return false;
	struct flow_value *flow = flow_of_slot(slot, place, phase);
	if (!flow)
		return false;
	fold_open(slot, phase, &payload, sight.srtt_us, sight.rtt_min_us, flow);
	return false;
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

static __always_inline bool is_open(u64 cookie)
{
	return cookie && !(cookie & CLOSED_COOKIE);
}

/* Without a branch: the verifier would follow each of them, in each of so many buckets. */
static __always_inline bool has_open(const struct socket_bucket *bucket)
{
	u64 any = 0;
#pragma unroll
	for (int i = 0; i < BUCKET_SIZE; i++) {
		u64 cookie = READ_ONCE(bucket->cookies[i]);
		any |= cookie & ((cookie >> 63) - 1);
	}
	return any;
}

static __noinline int leave_out(u32 index)
{
	u64 *empty = empty_buckets(index / BUCKETS_PER_RUN);
	struct socket_bucket *bucket = bpf_map_lookup_elem(&socket_buckets, &index);
	if (!empty || !bucket)
		return 0;
	/* Only the form whose result is used is a barrier on arm64. */
	u64 before = __sync_fetch_and_or(empty, empty_bit(index));
	asm volatile("" ::"r"(before) : "memory");
	if (has_open(bucket))
		__sync_fetch_and_and(empty, ~empty_bit(index));
	return 0;
}

static __always_inline bool has_news(bool is_cast, const struct socket_slot *slot, u64 cookie,
				     struct payload *at_most)
{
	u32 phase = READ_ONCE(slot->phase) & PHASE_MASK;
	if (phase == PHASE_CONNECTING)
		return true;
	if (phase != PHASE_OPEN)
		return false;
	*at_most = counters_of(is_cast, slot);
	return !is_idle(is_cast, slot, at_most, cookie);
}

#define TOUCH(field) asm volatile("" ::"r"(READ_ONCE(field)))

/*
 * If the socket has news, it reads what look_at will read, and no more: the memory of many sockets
 * is then on its way at the same time, which the locked instructions of a report would prevent.
 */
static __always_inline bool look_ahead(u32 place, u64 cookie)
{
	struct socket_slot *slot = slot_at(place);
	struct payload at_most = {};
	if (!slot || !has_news(true, slot, cookie, &at_most))
		return false;
	struct sock *sk = sock_at(true, slot->sk);
	struct tcp_sock *tcp = tcp_sock_at(true, slot->sk);
	TOUCH(sk->__sk_common.skc_state);
	if (has_received(slot, &at_most))
		TOUCH(sk->sk_lock.owned);
	if (is_rtt_new(slot, &at_most)) {
		TOUCH(tcp->srtt_us);
		TOUCH(tcp->rtt_min.s[0].v);
	}
	return true;
}

/* A bit for each place of BUCKETS_AHEAD buckets. */
__noinline u64 places_with_news(u32 first)
{
	u64 news = 0;
	for (u32 i = 0; i < BUCKETS_AHEAD; i++) {
		u32 index = first + i;
		struct socket_bucket *bucket = bpf_map_lookup_elem(&socket_buckets, &index);
		u64 *empty = empty_buckets(index / BUCKETS_PER_RUN);
		if (!bucket || !empty || READ_ONCE(*empty) & empty_bit(index))
			continue;
		if (!has_open(bucket)) {
			leave_out(index);
			continue;
		}
		for (u32 j = 0; j < BUCKET_SIZE; j++) {
			u64 cookie = READ_ONCE(bucket->cookies[j]);
			if (is_open(cookie) && look_ahead(index * BUCKET_SIZE + j, cookie))
				news |= 1ULL << (i * BUCKET_SIZE + j);
		}
	}
	return news;
}

static __always_inline void fold_ahead_by_cast(u32 first)
{
	u64 news = places_with_news(first);
	if (!news)
		return;
	for (u32 i = 0; i < BUCKETS_AHEAD * BUCKET_SIZE; i++) {
		u32 place = first * BUCKET_SIZE + i;
		if (news >> i & 1 && fold_socket_by_cast(place))
			fold_closed_by_cast(place);
	}
}

__noinline int fold_ahead_by_copy(u32 first)
{
	for (u32 i = 0; i < BUCKETS_AHEAD * BUCKET_SIZE; i++) {
		u32 place = first * BUCKET_SIZE + i;
		u64 *cell = cookie_at(place);
		struct socket_slot *slot = slot_at(place);
		if (!cell || !slot)
			return 0;
		u64 cookie = READ_ONCE(*cell);
		struct payload at_most;
		if (is_open(cookie) && has_news(false, slot, cookie, &at_most) &&
		    fold_socket_by_copy(place))
			fold_closed_by_copy(place);
	}
	return 0;
}

static __always_inline int walk(bool is_cast, const u32 *run)
{
	if (!run)
		return 0;
	u64 *empty = empty_buckets(*run);
	if (!empty)
		return 0;
	u64 all_ahead = (1ULL << BUCKETS_AHEAD) - 1;
	for (u32 i = 0; i < BUCKETS_PER_RUN; i += BUCKETS_AHEAD) {
		if ((~*empty >> i & all_ahead) == 0)
			continue;
		if (is_cast)
			fold_ahead_by_cast(*run * BUCKETS_PER_RUN + i);
		else
			fold_ahead_by_copy(*run * BUCKETS_PER_RUN + i);
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

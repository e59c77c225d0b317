/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What is remembered per TCP socket: a table of fixed size, so that a connection allocates nothing.
 * A socket is known by its cookie, which the kernel gives once and never again. It has its place in
 * one of four buckets of eight; the cookies of a bucket, and what is remembered of each socket,
 * are a cache line each.
 */
#ifndef SOCKETS_H
#define SOCKETS_H

#include "flows.h"
#include "order.h"
#include "processes.h"
#include "socket_walk.h"
#include <bpf/bpf_endian.h>

#define BUCKET_SIZE 8
#define CLOSED_COOKIE (1ULL << 63) /* beside a cookie: this place may be taken over */
#define NOWHERE ((u32)-1)

enum socket_phase {
	PHASE_NEVER_USED,
	PHASE_CONNECTING,
	PHASE_OPEN,
	PHASE_CLOSED,
};
#define PHASE_MASK 0xff
#define OPEN_REPORTED 0x100 /* the connection is in a flow's connections_opened */
#define GENERATION_MASK 0xffff0000
#define GENERATION_SHIFT 16

/* Counters of a socket since it was opened, or of what was reported of them. */
struct payload {
	u64 sent;
	u64 received;
	u64 retransmits;
};

struct socket_slot {
	struct sock *sk;
	u64 cgroup_id;
	__be32 remote_address[4];
	/*
	 * Already in a flow. The upper 16 bits are the slot's generation: a compare-and-exchange
	 * by somebody who still means the socket before fails.
	 */
	struct payload reported;
	u32 phase; /* generation, OPEN_REPORTED, enum socket_phase */
	u16 service_port;
	u8 role;
	u8 reserved;
};

struct socket_bucket {
	u64 cookies[BUCKET_SIZE];
};

/* Their sizes belong together: the agent sets them from kernel.maxSockets, a power of two. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* user space counts them */
	__uint(max_entries, 131072 / BUCKET_SIZE);
	__type(key, u32);
	__type(value, struct socket_bucket);
} socket_buckets SEC(".maps") __weak;
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 131072);
	__type(key, u32);
	__type(value, struct socket_slot);
} socket_slots SEC(".maps") __weak;
const volatile u32 socket_bucket_count __weak = 131072 / BUCKET_SIZE;

/* Sockets for which the table had no room: folded once, when they close. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct socket_slot);
} late_sockets SEC(".maps") __weak;
/* Spares the lookup as long as there was none. */
u32 has_late_sockets __weak;

static __always_inline u16 generation_of_phase(u32 phase)
{
	return phase >> GENERATION_SHIFT;
}

static __always_inline struct socket_slot *late_slot_of(struct sock *sk)
{
	return has_late_sockets ? bpf_sk_storage_get(&late_sockets, sk, 0, 0) : NULL;
}

/* A socket that never had a cookie is in no table. */
static __always_inline bool is_known(const struct sock *sk)
{
	return READ_ONCE(sk->__sk_common.skc_cookie.counter);
}

/*
 * Few buckets first: short connections then use the same lines of memory again and again. Those
 * that find these full stay out of them: side by side, since cookies are given in sequence, and by
 * two hashes where that is too narrow. agent/kernel/carried-sockets.ts chooses alike.
 */
#define CHOICES 4
#define FIRST_BUCKETS 64

static __always_inline u32 bucket_index(u64 cookie, int choice)
{
	u32 mask = socket_bucket_count - 1;
	if (choice == 0)
		return cookie / BUCKET_SIZE % FIRST_BUCKETS & mask;
	u64 number = cookie / BUCKET_SIZE;
	if (choice > 1)
		number = cookie * 0x9e3779b97f4a7c15ULL >> (choice == 2 ? 40 : 16);
	u32 index = number & mask;
	return (index < FIRST_BUCKETS ? index | FIRST_BUCKETS : index) & mask;
}

/*
 * Where the socket's slot is, also for a while after it closed; or NOWHERE. A global function, as
 * the next: the verifier looks at it once, and not once per call and state. 6.1 looked at 400,000
 * instructions of a program otherwise, of the million that it allows.
 */
__weak __noinline u32 place_of(u64 cookie)
{
	for (int choice = 0; choice < CHOICES; choice++) {
		u32 index = bucket_index(cookie, choice);
		struct socket_bucket *bucket = bpf_map_lookup_elem(&socket_buckets, &index);
		if (!bucket)
			return NOWHERE;
#pragma unroll
		for (int i = 0; i < BUCKET_SIZE; i++) {
			if ((READ_ONCE(bucket->cookies[i]) & ~CLOSED_COOKIE) == cookie)
				return index * BUCKET_SIZE + i;
		}
	}
	return NOWHERE;
}

static __always_inline struct socket_slot *slot_at(u32 place)
{
	return bpf_map_lookup_elem(&socket_slots, &place);
}

static __always_inline u64 *cookie_at(u32 place)
{
	u32 index = place / BUCKET_SIZE;
	struct socket_bucket *bucket = bpf_map_lookup_elem(&socket_buckets, &index);
	return bucket ? &bucket->cookies[place % BUCKET_SIZE] : NULL;
}

/* One place of the bucket that may be taken, preferably one that nobody may still look for. */
struct vacancy {
	u32 place;
	u32 taken;
	u64 cookie;
};

static __noinline int look_for_vacancy(u32 index, struct vacancy *vacancy)
{
	vacancy->place = NOWHERE;
	vacancy->taken = BUCKET_SIZE;
	struct socket_bucket *bucket = bpf_map_lookup_elem(&socket_buckets, &index);
	if (!bucket)
		return 0;
#pragma unroll
	for (int i = 0; i < BUCKET_SIZE; i++) {
		u64 cookie = READ_ONCE(bucket->cookies[i]);
		if (cookie && !(cookie & CLOSED_COOKIE))
			continue;
		vacancy->taken--;
		if (vacancy->place != NOWHERE && cookie)
			continue;
		vacancy->place = index * BUCKET_SIZE + i;
		vacancy->cookie = cookie;
	}
	return 0;
}

/* Puts the cookie, closed or not, into a bucket of its own. */
__weak __noinline u32 take_place(u64 cookie)
{
	for (int tries = 0; tries < 4; tries++) {
		struct vacancy found, other;
		u64 name = cookie & ~CLOSED_COOKIE;
		look_for_vacancy(bucket_index(name, 0), &found);
		if (found.taken == BUCKET_SIZE) {
			look_for_vacancy(bucket_index(name, 1), &found);
			for (int choice = 2; choice < CHOICES && found.taken > BUCKET_SIZE / 2;
			     choice++) {
				look_for_vacancy(bucket_index(name, choice), &other);
				if (other.taken < found.taken)
					found = other;
			}
		}
		u64 *cell = cookie_at(found.place);
		if (!cell)
			return NOWHERE;
		u64 before = found.cookie;
		if (__sync_val_compare_and_swap(cell, before, cookie) != before)
			continue;
		visit_again(found.place / BUCKET_SIZE);
		return found.place;
	}
	return NOWHERE;
}

static __always_inline u64 with_generation(u64 counter, u32 phase)
{
	return (u64)(phase >> GENERATION_SHIFT) << 48 | (counter & ((1ULL << 48) - 1));
}

static __always_inline void copy_remote_address(__be32 to[4], const struct sock *sk)
{
	const struct sock_common *common = &sk->__sk_common;
	if (common->skc_family == AF_INET) {
		to[0] = 0;
		to[1] = 0;
		to[2] = bpf_htonl(0xffff);
		to[3] = common->skc_daddr;
	} else {
		to[0] = common->skc_v6_daddr.in6_u.u6_addr32[0];
		to[1] = common->skc_v6_daddr.in6_u.u6_addr32[1];
		to[2] = common->skc_v6_daddr.in6_u.u6_addr32[2];
		to[3] = common->skc_v6_daddr.in6_u.u6_addr32[3];
	}
}

static __always_inline u16 service_port_of(struct sock *sk, enum flow_role role)
{
	if (role == ROLE_CLIENT)
		return bpf_ntohs(sk->__sk_common.skc_dport);
	/* Not skc_num: it is 0 again when the socket closes. */
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	return tcp ? bpf_ntohs(tcp->inet_conn.icsk_inet.inet_sport) : 0;
}

/* The slot becomes visible complete: whoever looks at it believes the phase, which is written last.
 */
static __always_inline void fill_slot(struct socket_slot *slot, struct sock *sk,
				      enum flow_role role, enum socket_phase phase,
				      const struct payload *reported)
{
	u32 word = ((slot->phase >> GENERATION_SHIFT) + 1) << GENERATION_SHIFT | phase;
	slot->sk = sk;
	slot->cgroup_id = sk->sk_cgrp_data.cgroup->kn->id;
	copy_remote_address(slot->remote_address, sk);
	slot->reported.sent = with_generation(reported->sent, word);
	slot->reported.received = with_generation(reported->received, word);
	slot->reported.retransmits = with_generation(reported->retransmits, word);
	slot->service_port = service_port_of(sk, role);
	slot->role = role;
	fence();
	WRITE_ONCE(slot->phase, word);
}

static __always_inline int add_late(struct sock *sk, enum flow_role role, enum socket_phase phase,
				    const struct payload *reported)
{
	struct socket_slot complete = {};
	fill_slot(&complete, sk, role, phase, reported);
	has_late_sockets = 1;
	drop(DROP_SOCKETS_FULL);
	if (!bpf_sk_storage_get(&late_sockets, sk, &complete, BPF_SK_STORAGE_GET_F_CREATE))
		drop(DROP_SOCKET_STORAGE);
	return 0;
}

/* The place of a socket that is not counted now, for its cookie alone. */
static __always_inline u32 own_place(u64 cookie)
{
	u32 place = place_of(cookie);
	u64 *cell = cookie_at(place);
	u64 closed = cookie | CLOSED_COOKIE;
	/* It connects again before its last place was cleared. */
	if (cell && __sync_val_compare_and_swap(cell, closed, cookie) == closed) {
		visit_again(place / BUCKET_SIZE);
		return place;
	}
	return take_place(cookie);
}

/*
 * Counts the socket from now on; what is already reported never gets into a flow. The caller knows
 * that the socket is not counted yet.
 */
static __always_inline int socket_add(struct sock *sk, enum flow_role role, enum socket_phase phase,
				      const struct payload *reported, u32 process)
{
	bool known = is_known(sk);
	u64 cookie = bpf_get_socket_cookie(sk);
	u32 place = known ? own_place(cookie) : take_place(cookie);
	struct socket_slot *slot = slot_at(place);
	if (!slot)
		return add_late(sk, role, phase, reported);
	if (by_process)
		set_socket_process(place, generation_of_phase(slot->phase) + 1, process);
	fill_slot(slot, sk, role, phase, reported);
	return 0;
}

/* Gives the place away. The socket's name stays until its close's second copy has seen it. */
static __always_inline void leave_place(u64 *cell, u64 cookie)
{
	fence();
	WRITE_ONCE(*cell, cookie | CLOSED_COOKIE);
}

#endif

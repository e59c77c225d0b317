/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What is remembered per TCP socket: a table of fixed size, so that a connection allocates nothing.
 * A socket is known by its cookie, which the kernel gives once and never again. It has its place in
 * one of four buckets of eight; the cookies of a bucket, and what is remembered of each socket,
 * are a cache line each.
 */
#ifndef SOCKET_TABLE_H
#define SOCKET_TABLE_H

#include "flows.h"
#include "order.h"
#include "socket_walk.h"
#include <bpf/bpf_helpers.h>

#define BUCKET_SIZE 8
#define CLOSED_COOKIE (1ULL << 63)   /* beside a cookie: this place may be taken over */
#define RESERVED_COOKIE (1ULL << 62) /* no socket stands here yet: see old_table.bpf.c */
#define NOWHERE ((u32)-1)

enum socket_phase {
	PHASE_NEVER_USED,
	PHASE_CONNECTING,
	PHASE_OPEN,
	PHASE_CLOSED,
};
#define PHASE_MASK 0xff
#define OPEN_REPORTED 0x100 /* the connection is in a flow's connections_opened */
#define IN_OLD_TABLE 0x200  /* was open there when it was added: see old_table.h */
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

/*
 * Few buckets first: short connections then use the same lines of memory again and again. Those
 * that find these full stay out of them: side by side, since cookies are given in sequence, and by
 * two hashes where that is too narrow. agent/kernel/takeover/carried-sockets.ts chooses alike.
 */
#define CHOICES 4
#define FIRST_BUCKETS 64

static __always_inline u32 bucket_index(u64 cookie, int choice, u32 mask)
{
	if (choice == 0)
		return cookie / BUCKET_SIZE % FIRST_BUCKETS & mask;
	u64 number = cookie / BUCKET_SIZE;
	if (choice > 1)
		number = cookie * 0x9e3779b97f4a7c15ULL >> (choice == 2 ? 40 : 16);
	u32 index = number & mask;
	return (index < FIRST_BUCKETS ? index | FIRST_BUCKETS : index) & mask;
}

/* Where this cookie stands, whatever of `marks` is beside it. */
static __always_inline u32 place_in(void *buckets, u32 bucket_count, u64 cookie, u64 marks)
{
	for (int choice = 0; choice < CHOICES; choice++) {
		u32 index = bucket_index(cookie, choice, bucket_count - 1);
		struct socket_bucket *bucket = bpf_map_lookup_elem(buckets, &index);
		if (!bucket)
			return NOWHERE;
		u32 own = cookie % BUCKET_SIZE; /* where it mostly is */
		if ((READ_ONCE(bucket->cookies[own]) & ~marks) == cookie)
			return index * BUCKET_SIZE + own;
#pragma unroll
		for (int i = 0; i < BUCKET_SIZE; i++) {
			if ((READ_ONCE(bucket->cookies[i]) & ~marks) == cookie)
				return index * BUCKET_SIZE + i;
		}
	}
	return NOWHERE;
}

/*
 * Where the socket's slot is, also for a while after it closed; or NOWHERE. A global function, as
 * the next: the verifier looks at it once, and not once per call and state. 6.1 looked at 400,000
 * instructions of a program otherwise, of the million that it allows.
 */
__weak __noinline u32 place_of(u64 cookie)
{
	return place_in(&socket_buckets, socket_bucket_count, cookie, CLOSED_COOKIE);
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

/* Puts the cookie, with a mark or without, into a bucket of its own. */
__weak __noinline u32 take_place(u64 cookie)
{
	u32 mask = socket_bucket_count - 1;
	u64 name = cookie & ~(CLOSED_COOKIE | RESERVED_COOKIE);
	/* Cookies are given in sequence, so those of a bucket have a cell each. */
	u32 own = bucket_index(name, 0, mask) * BUCKET_SIZE + name % BUCKET_SIZE;
	u64 *own_cell = cookie_at(own);
	if (own_cell && !READ_ONCE(*own_cell) &&
	    !__sync_val_compare_and_swap(own_cell, 0, cookie)) {
		visit_again(own / BUCKET_SIZE);
		return own;
	}
	for (int tries = 0; tries < 4; tries++) {
		struct vacancy found, other;
		look_for_vacancy(bucket_index(name, 0, mask), &found);
		if (found.taken == BUCKET_SIZE) {
			look_for_vacancy(bucket_index(name, 1, mask), &found);
			for (int choice = 2; choice < CHOICES && found.taken > BUCKET_SIZE / 2;
			     choice++) {
				look_for_vacancy(bucket_index(name, choice, mask), &other);
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

#endif

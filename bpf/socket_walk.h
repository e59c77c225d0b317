/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Which buckets the iterator need not visit. */
#ifndef SOCKET_WALK_H
#define SOCKET_WALK_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>

/* So many buckets are visited by one run of the iterator: a bit each. */
#define BUCKETS_PER_RUN 64

/*
 * By run, the buckets in which the iterator found no open socket: it leaves them out until somebody
 * takes a place there. It walks this map, so it runs once per entry.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 131072 / 8 / BUCKETS_PER_RUN); /* the agent sets it */
	__type(key, u32);
	__type(value, u64);
} socket_walk SEC(".maps") __weak;

static __always_inline u64 *empty_buckets(u32 run)
{
	return bpf_map_lookup_elem(&socket_walk, &run);
}

static __always_inline u64 empty_bit(u32 bucket)
{
	return 1ULL << bucket % BUCKETS_PER_RUN;
}

/*
 * To be called after a cookie was put into the bucket by an exchange, a barrier: the iterator sees
 * the cookie when it looks once more, or what it has noted is seen here.
 */
static __always_inline void visit_again(u32 bucket)
{
	u64 *empty = empty_buckets(bucket / BUCKETS_PER_RUN);
	if (empty && READ_ONCE(*empty) & empty_bit(bucket))
		__sync_fetch_and_and(empty, ~empty_bit(bucket));
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The maps that user space drains, and how to reach one flow in them. */
#ifndef FLOWS_H
#define FLOWS_H

#include "order.h"
#include "wire.h"
#include <bpf/bpf_helpers.h>

/*
 * A hash table in an array, which user space maps into its memory. Within an epoch entries are only
 * added, and user space begins a new epoch when it has read a table that nobody counts into: it
 * swaps the inner map before. A longer chain than this is not searched: its key has two entries
 * then, which user space adds up.
 */
#define LONGEST_CHAIN 32

struct flow_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1 + 36864 + 36864 / FLOW_HEADS_PER_SLOT); /* the agent sets it */
	__type(key, u32);
	__type(value, struct flow_slot);
};
struct flow_map flows_a SEC(".maps") __weak;
struct flow_map flows_b SEC(".maps") __weak;
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, u32);
	__array(values, struct flow_map);
} flows SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DROP_REASONS + DROPS_CARRIED);
	__type(key, u32);
	__type(value, struct drop_value);
} drops SEC(".maps") __weak;

/* A function of its own: that brings the names of the reasons into the object's BTF. */
static __noinline int drop_bytes(enum drop_reason reason, u64 bytes)
{
	u32 index = reason;
	struct drop_value *dropped = bpf_map_lookup_elem(&drops, &index);
	if (!dropped)
		return 0;
	__sync_fetch_and_add(&dropped->events, 1);
	__sync_fetch_and_add(&dropped->bytes, bytes);
	return 0;
}

static __always_inline int drop(enum drop_reason reason)
{
	return drop_bytes(reason, 0);
}

static __always_inline struct flow_slot *flow_slot_at(void *map, u32 index)
{
	return bpf_map_lookup_elem(map, &index);
}

typedef u64 __attribute__((may_alias)) key_word;
#define KEY_WORDS (sizeof(struct flow_key) / sizeof(key_word))

/*
 * Where the head of the key's bucket is: behind the entries, close together. Heads beside the
 * entries would be another page of memory for each lookup. The hash is seeded: remote addresses are
 * for others to choose.
 */
static __always_inline u64 *bucket_head(void *map, const struct flow_table *table,
					const struct flow_key *key)
{
	const key_word *words = (const key_word *)key;
	u64 hash = table->seed;
#pragma unroll
	for (u32 i = 0; i < KEY_WORDS; i++) {
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 32;
	}
	u32 bucket = (hash & 0xffffffff) * table->capacity >> 32;
	struct flow_slot *slot =
	    flow_slot_at(map, 1 + table->capacity + bucket / FLOW_HEADS_PER_SLOT);
	return slot ? &slot->heads[bucket % FLOW_HEADS_PER_SLOT] : NULL;
}

static __always_inline bool is_same_key(const struct flow_key *left, const struct flow_key *right)
{
	const key_word *l = (const key_word *)left, *r = (const key_word *)right;
	return !((l[0] ^ r[0]) | (l[1] ^ r[1]) | (l[2] ^ r[2]) | (l[3] ^ r[3]));
}

/* A new entry that nobody finds yet; 0 if so many are in use. */
static __always_inline u32 take_entry(struct flow_table *table, u32 limit)
{
	if ((u32)READ_ONCE(table->counted) >= limit)
		return 0;
	return (u32)__sync_fetch_and_add(&table->counted, 1) + 1;
}

static __noinline struct flow_value *find_or_add(void *map, const struct flow_key *key,
						 bool is_overflow)
{
	struct flow_slot *first = flow_slot_at(map, 0);
	if (!first)
		return NULL;
	struct flow_table *table = &first->table;
	u64 epoch = READ_ONCE(table->counted) >> 32;
	u64 *bucket = bucket_head(map, table, key);
	if (!bucket)
		return NULL;
	u64 head = READ_ONCE(*bucket);
	u32 index = head >> 32 == epoch ? head : 0;
	for (int i = 0; i < LONGEST_CHAIN && index; i++) {
		struct flow_slot *slot = flow_slot_at(map, index);
		if (!slot)
			return NULL;
		if (is_same_key(&slot->key, key))
			return &slot->value;
		index = slot->next;
	}

	index = take_entry(table, is_overflow ? table->capacity : table->limit);
	struct flow_slot *own = index ? flow_slot_at(map, index) : NULL;
	if (!own)
		return NULL;
	own->key = *key;
	own->value = (struct flow_value){};
	/* Left out of the chain, if others are always faster, it is an entry like any other. */
	for (int i = 0; i < 8; i++) {
		own->next = head >> 32 == epoch ? head : 0;
		fence();
		u64 before = __sync_val_compare_and_swap(bucket, head, epoch << 32 | index);
		if (before == head)
			break;
		head = before;
	}
	return &own->value;
}

/* The flow of this key, or the overflow of its cgroup; NULL when not even that has room. */
static __always_inline struct flow_value *flow_of(const struct flow_key *key)
{
	u32 first = 0;
	void *live = bpf_map_lookup_elem(&flows, &first);
	if (!live)
		return NULL;
	struct flow_value *flow = find_or_add(live, key, false);
	if (flow)
		return flow;
	drop(DROP_FLOWS_FULL);
	struct flow_key other = {
	    .cgroup_id = key->cgroup_id,
	    .protocol = key->protocol,
	    .role = key->role,
	};
	flow = find_or_add(live, &other, true);
	if (!flow)
		drop(DROP_OVERFLOW_FULL);
	return flow;
}

#endif

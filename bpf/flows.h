/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The maps that user space drains, and how to reach one flow in them. */
#ifndef FLOWS_H
#define FLOWS_H

#include "kernel.h"
#include "wire.h"
#include <bpf/bpf_helpers.h>

/*
 * User space swaps the inner map before it reads it, so nobody counts into a map that is being
 * drained. Not preallocated: memory follows the traffic, and a full map answers at once (a full
 * preallocated one searches every CPU's free list before commit 54a9c3a42d92).
 */
struct flow_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536); /* the agent sets it: kernel.maxFlows */
	__type(key, struct flow_key);
	__type(value, struct flow_value);
};
struct flow_map flows_a SEC(".maps") __weak;
struct flow_map flows_b SEC(".maps") __weak;
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, u32);
	__array(values, struct flow_map);
} flows SEC(".maps") __weak;

/* Preallocated: the place of last resort must not depend on free memory. */
struct overflow_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct flow_key);
	__type(value, struct flow_value);
};
struct overflow_map overflow_a SEC(".maps") __weak;
struct overflow_map overflow_b SEC(".maps") __weak;
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, u32);
	__array(values, struct overflow_map);
} overflow SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DROP_REASONS);
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

static __always_inline struct flow_value *find_or_create(void *map_of_maps,
							 const struct flow_key *key)
{
	u32 first = 0;
	void *live = bpf_map_lookup_elem(map_of_maps, &first);
	if (!live)
		return NULL;
	struct flow_value *flow = bpf_map_lookup_elem(live, key);
	if (flow)
		return flow;
	struct flow_value empty = {};
	/* Another CPU may create it first: then this fails, and the lookup finds the other's. */
	bpf_map_update_elem(live, key, &empty, BPF_NOEXIST);
	return bpf_map_lookup_elem(live, key);
}

/* The flow of this key, or the overflow of its cgroup; NULL when not even that has room. */
static __always_inline struct flow_value *flow_of(const struct flow_key *key)
{
	struct flow_value *flow = find_or_create(&flows, key);
	if (flow)
		return flow;
	drop(DROP_FLOWS_FULL);
	struct flow_key other = {
	    .cgroup_id = key->cgroup_id,
	    .protocol = key->protocol,
	    .role = key->role,
	};
	flow = find_or_create(&overflow, &other);
	if (!flow)
		drop(DROP_OVERFLOW_FULL);
	return flow;
}

#endif

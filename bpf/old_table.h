/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Programs with a table of another size or layout take over while the old ones still run. A
 * tracepoint calls its programs in the order in which they attached: when these see an event, the
 * old ones have done their part of it. Both know every socket, and the old ones report each close
 * until they are detached; what is still open in their table when it closes, was left to these.
 */
#ifndef OLD_TABLE_H
#define OLD_TABLE_H

#include "socket_table.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct old_table);
} old_table SEC(".maps") __weak;

/* In their place stand the old programs' own maps. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct socket_bucket);
} old_buckets SEC(".maps") __weak;
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct socket_slot);
} old_slots SEC(".maps") __weak;
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct socket_slot);
} old_late_sockets SEC(".maps") __weak;

/* NULL: nobody counts before these programs. */
static __always_inline struct old_table *old_table_in_use(void)
{
	u32 first = 0;
	struct old_table *table = bpf_map_lookup_elem(&old_table, &first);
	return table && READ_ONCE(table->bucket_count) ? table : NULL;
}

/* Where a socket is open in the old table, or NOWHERE. */
__weak __noinline u32 old_place_of(u64 cookie)
{
	struct old_table *table = old_table_in_use();
	return table ? place_in(&old_buckets, table->bucket_count, cookie, 0) : NOWHERE;
}

/* Bounded for the verifier: a slot is not that large. */
#define OLD_OFFSET(at) ((at)&0xff)

static __always_inline u32 old_phase(const struct old_table *table, const void *slot)
{
	u32 phase = PHASE_NEVER_USED;
	bpf_probe_read_kernel(&phase, sizeof(phase), slot + OLD_OFFSET(table->phase_at));
	return phase;
}

/*
 * Of a socket that has just begun to connect again: the old programs have noted it, and
 * old_table.bpf.c keeps a place for it. Whoever else took one, too, would make it two sockets. A
 * global function, as place_of().
 */
__weak __noinline int is_being_adopted(u64 cookie)
{
	if (old_place_of(cookie) == NOWHERE)
		return 0;
	full_fence();
	u64 *cell =
	    cookie_at(place_in(&socket_buckets, socket_bucket_count, cookie, RESERVED_COOKIE));
	return cell && READ_ONCE(*cell) == (cookie | RESERVED_COOKIE);
}

/* Open in the old table, or beside it where that was full. */
static __always_inline bool is_in_old_table(struct sock *sk, u64 cookie)
{
	struct old_table *table = old_table_in_use();
	if (!table)
		return false;
	if (old_place_of(cookie) != NOWHERE)
		return true;
	void *late = bpf_sk_storage_get(&old_late_sockets, sk, 0, 0);
	return late && (old_phase(table, late) & PHASE_MASK) != PHASE_CLOSED;
}

/*
 * Of a closing socket that was in the old table, or is in none: the old programs have seen the
 * close. The table's use ends after the last event that they saw, so it is asked last.
 */
static __always_inline bool is_left_to_old(struct sock *sk, u64 cookie)
{
	if (is_in_old_table(sk, cookie))
		return false;
	fence();
	return old_table_in_use();
}

#endif

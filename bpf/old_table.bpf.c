// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Takes over the sockets of an old table while the programs of both tables run: see old_table.h.
 * What opens now, these programs add themselves. What had opened before they attached is brought in
 * two passes: the first reserves places, the second fills them. In between user space waits until
 * every event that was under way has ended. Who is still unknown then, opened before: nobody else
 * adds it, also if it connects again. What that leaves without a place, the next round brings.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include "sockets.h"

__noinline int reserve_place(u64 cookie)
{
	return cookie && !(cookie & CLOSED_COOKIE) && place_of(cookie) == NOWHERE &&
	       take_place(cookie | RESERVED_COOKIE) != NOWHERE;
}

/* Over the old table's buckets. User space reads a byte for each place. */
SEC("iter/bpf_map_elem")
int reserve_places(struct bpf_iter__bpf_map_elem *ctx)
{
	struct socket_bucket *bucket = ctx->value;
	if (!bucket)
		return 0;
	for (int i = 0; i < BUCKET_SIZE; i++) {
		char reserved = 1;
		if (reserve_place(READ_ONCE(bucket->cookies[i])))
			bpf_seq_write(ctx->meta->seq, &reserved, sizeof(reserved));
	}
	return 0;
}

#define READ_OLD(field, at)                                                                        \
	bpf_probe_read_kernel(&(field), sizeof(field), old + OLD_OFFSET(table->at))

/* Gives the phase that the slot has from now on. */
static __always_inline u32 fill_from_old(struct socket_slot *slot, const struct old_table *table,
					 const void *old, u32 phase)
{
	u32 word = ((slot->phase >> GENERATION_SHIFT) + 1) << GENERATION_SHIFT |
		   (phase & (PHASE_MASK | OPEN_REPORTED)) | IN_OLD_TABLE;
	struct payload reported;
	READ_OLD(slot->sk, sk_at);
	READ_OLD(slot->cgroup_id, cgroup_id_at);
	READ_OLD(slot->remote_address, remote_address_at);
	READ_OLD(reported.sent, sent_at);
	READ_OLD(reported.received, received_at);
	READ_OLD(reported.retransmits, retransmits_at);
	READ_OLD(slot->service_port, service_port_at);
	READ_OLD(slot->role, role_at);
	slot->reported.sent = with_generation(reported.sent, word);
	slot->reported.received = with_generation(reported.received, word);
	slot->reported.retransmits = with_generation(reported.retransmits, word);
	fence();
	WRITE_ONCE(slot->phase, word);
	return word;
}

static __always_inline bool is_counting(u32 phase)
{
	phase &= PHASE_MASK;
	return phase == PHASE_CONNECTING || phase == PHASE_OPEN;
}

static __always_inline bool is_same_connection(u32 phase, u32 other)
{
	return is_counting(other) && generation_of_phase(phase) == generation_of_phase(other);
}

/*
 * True if that settles it. An event may come at any moment. It changes the old table first, and
 * this slot only if it finds the cookie; so after that is published the old table is looked at
 * again.
 */
static __always_inline bool adopt(u64 cookie, u64 *cell, struct socket_slot *slot)
{
	struct old_table *table = old_table_in_use();
	u32 place = old_place_of(cookie);
	void *old = bpf_map_lookup_elem(&old_slots, &place);
	if (!table || !old || place_of(cookie) != NOWHERE)
		return true;
	u32 before = old_phase(table, old);
	fence();
	if (!is_counting(before))
		return true;
	u32 phase = fill_from_old(slot, table, old, before);
	__sync_val_compare_and_swap(cell, cookie | RESERVED_COOKIE, cookie);

	u32 after = old_phase(table, old);
	if (old_place_of(cookie) == place && is_same_connection(before, after)) {
		if ((before ^ after) & PHASE_MASK) /* connected meanwhile */
			__sync_val_compare_and_swap(&slot->phase, phase,
						    (phase & ~PHASE_MASK) | PHASE_OPEN);
		return true;
	}
	/* Closed meanwhile, and perhaps another connection by now. */
	__sync_val_compare_and_swap(&slot->phase, phase, (phase & GENERATION_MASK) | PHASE_CLOSED);
	return __sync_val_compare_and_swap(cell, cookie, cookie | RESERVED_COOKIE) != cookie;
}

__noinline int adopt_at(u32 place)
{
	u64 *cell = cookie_at(place);
	struct socket_slot *slot = slot_at(place);
	if (!cell || !slot)
		return 0;
	u64 reserved = READ_ONCE(*cell);
	if (!(reserved & RESERVED_COOKIE) || reserved & CLOSED_COOKIE)
		return 0;
	for (int tries = 0; tries < 3; tries++) {
		if (adopt(reserved & ~RESERVED_COOKIE, cell, slot))
			break;
	}
	/* Nobody stands here then. */
	__sync_val_compare_and_swap(cell, reserved, 0);
	return 0;
}

/* Over the own table's buckets. */
SEC("iter/bpf_map_elem")
int adopt_sockets(struct bpf_iter__bpf_map_elem *ctx)
{
	u32 *index = ctx->key;
	if (!index)
		return 0;
	u32 first = *index * BUCKET_SIZE;
	for (u32 i = 0; i < BUCKET_SIZE; i++)
		adopt_at(first + i);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the first copy of the state program tells the second one: see tcp_state.bpf.c. On a CPU the
 * second one runs right after the first. If something came in between, or the first was skipped,
 * another change or none is noted here, and the second copy looks for itself.
 */
#ifndef LAST_CHANGE_H
#define LAST_CHANGE_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>

/* The change of state that the first copy has dealt with last on this CPU. */
struct last_change {
	u64 cookie; /* the socket's, which no later one has; 0: the note was taken */
	u32 place;  /* at a close, where the socket was */
	int newstate;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct last_change);
} last_change SEC(".maps") __weak;

static __always_inline struct last_change *last_change_here(void)
{
	u32 first = 0;
	return bpf_map_lookup_elem(&last_change, &first);
}

/* To be called when the work is done. */
static __always_inline void note_change(struct last_change *last, u64 cookie, u32 place,
					int newstate)
{
	WRITE_ONCE(last->place, place);
	WRITE_ONCE(last->newstate, newstate);
	WRITE_ONCE(last->cookie, cookie);
}

/*
 * Each note is taken once. The cookie is read last and written last: whatever interrupts this, at
 * most a note of this very change is taken for one.
 */
static __always_inline bool take_note(struct last_change *last, u64 cookie, int newstate,
				      u32 *place)
{
	*place = READ_ONCE(last->place);
	bool is_noted = READ_ONCE(last->newstate) == newstate;
	is_noted &= cookie && READ_ONCE(last->cookie) == cookie;
	WRITE_ONCE(last->cookie, 0);
	return is_noted;
}

#endif

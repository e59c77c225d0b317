/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* How a socket's counters become payload, and payload becomes part of a flow. */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include "sockets.h"
#include <bpf/bpf_core_read.h>

#define COUNTER_BITS 48

/* Our FIN is in write_seq, and once acknowledged also in bytes_acked. */
static __always_inline bool is_fin_sent(int state)
{
	return state == BPF_TCP_FIN_WAIT1 || state == BPF_TCP_FIN_WAIT2 ||
	       state == BPF_TCP_CLOSING || state == BPF_TCP_LAST_ACK;
}

/* SOCK_DONE is set when the peer's FIN arrives, which bytes_received counts. */
static __always_inline bool is_fin_received(unsigned long flags)
{
	return flags & (1UL << bpf_core_enum_value(enum sock_flags, SOCK_DONE));
}

/* No program has the socket any more. */
static __always_inline bool is_orphan(unsigned long flags)
{
	return flags & (1UL << bpf_core_enum_value(enum sock_flags, SOCK_DEAD));
}

/* What is new since the last report, as the counters are cut to 48 bits; not above 0: an older
 * view. */
static __always_inline s64 unreported(u64 now, u64 reported)
{
	return (s64)((now - reported) << (64 - COUNTER_BITS)) >> (64 - COUNTER_BITS);
}

/* Books what is new: forward only, each byte by one caller only, and for this generation only. */
static __always_inline bool report(u64 *reported, u64 now, u64 *counter)
{
	for (int i = 0; i < 8; i++) {
		u64 before = READ_ONCE(*reported);
		if ((before ^ now) >> COUNTER_BITS)
			return false;
		s64 gained = unreported(now, before);
		if (gained <= 0)
			return false;
		if (__sync_val_compare_and_swap(reported, before, now) == before) {
			__sync_fetch_and_add(counter, gained);
			return true;
		}
	}
	return false;
}

/*
 * Looked up before anything counts as reported: without a flow nothing is lost yet. A socket beside
 * the full table has no place, and no process.
 */
static __always_inline struct flow_value *flow_of_slot(const struct socket_slot *slot, u32 place,
						       u32 phase)
{
	struct flow_key key = {
	    .cgroup_id = slot->cgroup_id,
	    .service_port = slot->service_port,
	    .protocol = IPPROTO_TCP,
	    .role = slot->role,
	};
	if (by_process)
		key.process = socket_process(place, generation_of_phase(phase));
	__builtin_memcpy(key.remote_address, slot->remote_address, sizeof(key.remote_address));
	return flow_of(&key);
}

/* True if something sent was acknowledged: then the round trip was measured again. */
static __always_inline bool fold(struct socket_slot *slot, u32 phase, const struct payload *now,
				 struct flow_value *flow)
{
	struct payload *reported = &slot->reported;
	bool sent = report(&reported->sent, with_generation(now->sent, phase), &flow->bytes_sent);
	report(&reported->received, with_generation(now->received, phase), &flow->bytes_received);
	report(&reported->retransmits, with_generation(now->retransmits, phase),
	       &flow->retransmits);
	return sent;
}

static __always_inline void sample_rtt(struct flow_value *flow, u32 srtt_eighths_us, u32 min_us)
{
	if (!srtt_eighths_us)
		return;
	__sync_fetch_and_add(&flow->rtt_us, srtt_eighths_us >> 3);
	__sync_fetch_and_add(&flow->rtt_samples, 1);
	for (int i = 0; i < 8; i++) {
		u64 smallest = READ_ONCE(flow->rtt_min_us);
		if (smallest && smallest <= min_us)
			return;
		if (__sync_val_compare_and_swap(&flow->rtt_min_us, smallest, min_us) == smallest)
			return;
	}
}

/* Of an open socket, and for the first time perhaps; gives its phase after that. */
static __always_inline u32 fold_open(struct socket_slot *slot, u32 phase, const struct payload *now,
				     u32 srtt_eighths_us, u32 min_us, struct flow_value *flow)
{
	u32 reported = phase | OPEN_REPORTED;
	bool is_first = phase != reported &&
			__sync_val_compare_and_swap(&slot->phase, phase, reported) == phase;
	if (is_first)
		__sync_fetch_and_add(&flow->connections_opened, 1);
	if (fold(slot, phase, now, flow) || is_first)
		sample_rtt(flow, srtt_eighths_us, min_us);
	return is_first ? reported : phase;
}

#endif

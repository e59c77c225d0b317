/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Changes of state that no program saw, as the walk finds them. Both copies of the state program
 * are called before the kernel stores the state, and change the phase. So if the phase still says
 * open after the state was seen to say closed, none of them has dealt with that close, and none
 * will.
 */
#ifndef UNSEEN_H
#define UNSEEN_H

#include "failures.h"
#include "sight.h"

/* What a closed socket still tells. The state in which it closed is not among it. */
struct remains {
	u64 bytes_acked;
	u64 bytes_sent;
	u64 bytes_retrans;
	u64 bytes_received;
	u64 flags;
	u32 retransmits;
	u32 srtt_us;
	u32 rtt_min_us;
	int error; /* 0 also if the program has asked for it */
	bool is_all_acked;
};

/* Whoever connects or disconnects owns the socket while it reads closed, and clears counters. */
static __always_inline bool is_at_rest(bool is_cast, struct sock *sk)
{
	fence();
	bool is_owned = FIELD(is_cast, sk, sk_lock.owned);
	fence();
	return !is_owned && FIELD(is_cast, sk, __sk_common.skc_state) == BPF_TCP_CLOSE;
}

/*
 * False if it is not a closed socket's with this cookie, all the time. Counters that are the same
 * after it was seen at rest were not cleared in the midst of it, or are 0.
 */
static __always_inline bool look_at_closed(bool is_cast, const struct socket_slot *slot, u64 cookie,
					   struct remains *remains)
{
	struct sock *sk = sock_at(is_cast, slot->sk);
	struct tcp_sock *tcp = tcp_sock_at(is_cast, slot->sk);
	if (FIELD(is_cast, sk, __sk_common.skc_cookie.counter) != cookie ||
	    !is_at_rest(is_cast, sk))
		return false;
	fence();
	*remains = (struct remains){
	    .bytes_acked = FIELD(is_cast, tcp, bytes_acked),
	    .bytes_sent = FIELD(is_cast, tcp, bytes_sent),
	    .bytes_retrans = FIELD(is_cast, tcp, bytes_retrans),
	    .bytes_received = FIELD(is_cast, tcp, bytes_received),
	    .flags = FIELD(is_cast, sk, __sk_common.skc_flags),
	    .retransmits = FIELD(is_cast, tcp, total_retrans),
	    .srtt_us = FIELD(is_cast, tcp, srtt_us),
	    .rtt_min_us = FIELD(is_cast, tcp, rtt_min.s[0].v),
	    .error = FIELD(is_cast, sk, sk_err),
	    .is_all_acked = FIELD(is_cast, tcp, snd_una) == FIELD(is_cast, tcp, write_seq),
	};
	if (!is_at_rest(is_cast, sk))
		return false;
	fence();
	bool is_unchanged = FIELD(is_cast, tcp, bytes_acked) == remains->bytes_acked &&
			    FIELD(is_cast, tcp, bytes_received) == remains->bytes_received;
	fence();
	return is_unchanged && FIELD(is_cast, sk, __sk_common.skc_cookie.counter) == cookie;
}

/*
 * Our FIN is the last that can be acknowledged. It is not in bytes_sent, which counts payload as it
 * is sent, as role_of in seed.bpf.c has it. Where the numbers do not fit (the host dropped a
 * segment that it had counted) that byte is not claimed.
 */
static __always_inline struct payload last_payload(const struct remains *remains, u32 syn)
{
	u64 acked = remains->bytes_acked - syn;
	bool is_payload_only = acked == remains->bytes_sent - remains->bytes_retrans;
	return (struct payload){
	    .sent = acked - (remains->is_all_acked && !is_payload_only),
	    .received = remains->bytes_received - is_fin_received(remains->flags),
	    .retransmits = remains->retransmits,
	};
}

/*
 * Of an open socket that has closed: its last report, as the programs' would have been, except for
 * what only the state before tells: whether we reset it. It is told as unseen all the same.
 */
static __always_inline int fold_closed(bool is_cast, u32 place)
{
	u64 *cell = cookie_at(place);
	struct socket_slot *slot = slot_at(place);
	if (!cell || !slot)
		return 0;
	u64 cookie = READ_ONCE(*cell);
	fence();
	u32 phase = READ_ONCE(slot->phase);
	fence();
	struct remains remains;
	if ((phase & PHASE_MASK) != PHASE_OPEN || !look_at_closed(is_cast, slot, cookie, &remains))
		return 0;
	if (phase & IN_OLD_TABLE) { /* perhaps the old programs saw it, and have reported it */
		give_up(slot, cell, cookie, phase);
		return 0;
	}
	struct flow_value *flow = flow_of_slot(slot, place, phase);
	if (!flow)
		return 0;
	struct payload payload = last_payload(&remains, slot->role == ROLE_CLIENT);
	phase = fold_open(slot, phase, &payload, remains.srtt_us, remains.rtt_min_us, flow);
	if (give_up(slot, cell, cookie, phase) && is_reset_by_peer(remains.error))
		__sync_fetch_and_add(&flow->reset_by_peer, 1);
	return 0;
}

/* Global functions, not called by those of fold_socket: 6.1 has no stack for both. */
__noinline int fold_closed_by_copy(u32 place)
{
	return fold_closed(false, place);
}

__noinline int fold_closed_by_cast(u32 place)
{
	return fold_closed(true, place);
}

/*
 * Of a socket that connects, as far as the programs have seen; gives its phase after that. They
 * change the phase before the kernel changes the state, so mostly that is what happened meanwhile.
 */
static __always_inline u32 settle(bool is_cast, struct socket_slot *slot, u64 *cell, u64 cookie,
				  u32 place, u32 phase)
{
	struct sock *sk = sock_at(is_cast, slot->sk);
	struct tcp_sock *tcp = tcp_sock_at(is_cast, slot->sk);
	/* Whoever connects owns the socket until its state says so: before, it is closed. */
	bool is_owned = FIELD(is_cast, sk, sk_lock.owned);
	fence();
	int state = FIELD(is_cast, sk, __sk_common.skc_state);
	fence();
	int error = FIELD(is_cast, sk, sk_err); /* 0 if the program has asked for it */
	u32 retransmits = FIELD(is_cast, tcp, total_retrans);
	bool was_open = FIELD(is_cast, tcp, bytes_acked);
	fence();
	if (FIELD(is_cast, sk, __sk_common.skc_cookie.counter) != cookie) {
		give_up(slot, cell, cookie, phase);
		return PHASE_CLOSED;
	}
	if (is_owned || is_connecting(state))
		return phase;
	if (state != BPF_TCP_CLOSE || was_open) {
		u32 open = (phase & ~PHASE_MASK) | PHASE_OPEN;
		u32 before = __sync_val_compare_and_swap(&slot->phase, phase, open);
		return before == phase ? open : phase;
	}
	struct flow_value *flow = flow_of_slot(slot, place, phase);
	if (!flow || !give_up(slot, cell, cookie, phase))
		return PHASE_CLOSED;
	if (phase & IN_OLD_TABLE) /* as above */
		return PHASE_CLOSED;
	__sync_fetch_and_add(failure_of(flow, error), 1);
	report(&slot->reported.retransmits, with_generation(retransmits, phase),
	       &flow->retransmits);
	return PHASE_CLOSED;
}

#endif

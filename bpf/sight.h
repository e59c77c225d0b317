/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the iterator sees of a socket. */
#ifndef SIGHT_H
#define SIGHT_H

#include "kernel_compat.h"
#include "payload.h"

/* Without holding its lock. */
struct sight {
	struct payload counters; /* with no SYN in them, but perhaps FINs */
	u64 cookie;
	u64 flags;
	int state;
	u32 srtt_us; /* 0: not measured anew */
	u32 rtt_min_us;
	bool is_held;
	bool is_all_acked;
};

static __always_inline struct payload counters_of(bool is_cast, const struct socket_slot *slot)
{
	struct tcp_sock *tcp = tcp_sock_at(is_cast, slot->sk);
	return (struct payload){
	    .sent = FIELD(is_cast, tcp, bytes_acked) - (slot->role == ROLE_CLIENT),
	    .received = FIELD(is_cast, tcp, bytes_received),
	    .retransmits = FIELD(is_cast, tcp, total_retrans),
	};
}

static __always_inline bool has_sent(const struct socket_slot *slot, const struct payload *now)
{
	return unreported(now->sent, slot->reported.sent) > 0;
}

static __always_inline bool has_received(const struct socket_slot *slot, const struct payload *now)
{
	return unreported(now->received, slot->reported.received) > 0;
}

/* With each acknowledgement; the first is that of the handshake. */
static __always_inline bool is_rtt_new(const struct socket_slot *slot, const struct payload *now)
{
	return !(slot->phase & OPEN_REPORTED) || has_sent(slot, now);
}

/*
 * Order matters: counters first. Whether the socket is held concerns only a byte that may be a FIN:
 * where none can be among what is new, it counts as held, and a line of memory is spared.
 */
static __always_inline void look_at(bool is_cast, const struct socket_slot *slot,
				    struct sight *sight)
{
	struct sock *sk = sock_at(is_cast, slot->sk);
	struct tcp_sock *tcp = tcp_sock_at(is_cast, slot->sk);
	sight->counters = counters_of(is_cast, slot);
	fence();
	sight->state = FIELD(is_cast, sk, __sk_common.skc_state);
	bool fin_sent = is_fin_sent(sight->state);
	sight->is_held =
	    !(fin_sent || has_received(slot, &sight->counters)) || is_socket_held(is_cast, sk);
	fence();
	sight->is_all_acked =
	    fin_sent && FIELD(is_cast, tcp, snd_una) == FIELD(is_cast, tcp, write_seq);
	sight->flags = FIELD(is_cast, sk, __sk_common.skc_flags);
	sight->srtt_us = 0;
	sight->rtt_min_us = 0;
	if (is_rtt_new(slot, &sight->counters)) {
		sight->srtt_us = FIELD(is_cast, tcp, srtt_us);
		sight->rtt_min_us = FIELD(is_cast, tcp, rtt_min.s[0].v);
	}
	fence();
	sight->cookie = FIELD(is_cast, sk, __sk_common.skc_cookie.counter);
	fence();
}

/*
 * Without the socket's lock: the kernel adds a FIN to bytes_received before it sets SOCK_DONE, and
 * to bytes_acked before it moves snd_una. So while the socket is held, one byte that may be a FIN
 * is left to the next report.
 */
static __always_inline struct payload payload_of(const struct sight *sight)
{
	struct payload payload = sight->counters;
	if (is_fin_sent(sight->state) && (sight->is_all_acked || sight->is_held))
		payload.sent -= 1;
	if (is_fin_received(sight->flags) || (sight->is_held && payload.received))
		payload.received -= 1;
	return payload;
}

static __always_inline bool is_news(const struct socket_slot *slot, const struct payload *now)
{
	return !(slot->phase & OPEN_REPORTED) || has_sent(slot, now) || has_received(slot, now) ||
	       unreported(now->retransmits, slot->reported.retransmits) > 0;
}

/* Most sockets are: of these no more memory is touched than it takes to know. */
static __always_inline bool is_idle(bool is_cast, const struct socket_slot *slot,
				    const struct payload *at_most, u64 cookie)
{
	struct sock *sk = sock_at(is_cast, slot->sk);
	return !is_news(slot, at_most) &&
	       FIELD(is_cast, sk, __sk_common.skc_cookie.counter) == cookie;
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* How a TCP socket gets into the table, and out of it. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include "old_table.h"
#include "processes.h"
#include "socket_table.h"
#include <bpf/bpf_endian.h>

static __always_inline struct socket_slot *late_slot_of(struct sock *sk)
{
	return has_late_sockets ? bpf_sk_storage_get(&late_sockets, sk, 0, 0) : NULL;
}

/* 0: it never had one, so it is in no table. */
static __always_inline u64 cookie_of(const struct sock *sk)
{
	return READ_ONCE(sk->__sk_common.skc_cookie.counter);
}

static __always_inline bool is_known(const struct sock *sk)
{
	return cookie_of(sk);
}

static __always_inline u64 with_generation(u64 counter, u32 phase)
{
	return (u64)(phase >> GENERATION_SHIFT) << 48 | (counter & ((1ULL << 48) - 1));
}

static __always_inline void copy_remote_address(__be32 to[4], const struct sock *sk)
{
	const struct sock_common *common = &sk->__sk_common;
	if (common->skc_family == AF_INET) {
		to[0] = 0;
		to[1] = 0;
		to[2] = bpf_htonl(0xffff);
		to[3] = common->skc_daddr;
	} else {
		to[0] = common->skc_v6_daddr.in6_u.u6_addr32[0];
		to[1] = common->skc_v6_daddr.in6_u.u6_addr32[1];
		to[2] = common->skc_v6_daddr.in6_u.u6_addr32[2];
		to[3] = common->skc_v6_daddr.in6_u.u6_addr32[3];
	}
}

static __always_inline u16 service_port_of(struct sock *sk, enum flow_role role)
{
	if (role == ROLE_CLIENT)
		return bpf_ntohs(sk->__sk_common.skc_dport);
	/* Not skc_num: it is 0 again when the socket closes. */
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	return tcp ? bpf_ntohs(tcp->inet_conn.icsk_inet.inet_sport) : 0;
}

/* The slot becomes visible complete: whoever looks at it believes the phase, which is written last.
 */
static __always_inline void fill_slot(struct socket_slot *slot, struct sock *sk,
				      enum flow_role role, u32 phase,
				      const struct payload *reported)
{
	u32 word = ((slot->phase >> GENERATION_SHIFT) + 1) << GENERATION_SHIFT | phase;
	slot->sk = sk;
	slot->cgroup_id = sk->sk_cgrp_data.cgroup->kn->id;
	copy_remote_address(slot->remote_address, sk);
	slot->reported.sent = with_generation(reported->sent, word);
	slot->reported.received = with_generation(reported->received, word);
	slot->reported.retransmits = with_generation(reported->retransmits, word);
	slot->service_port = service_port_of(sk, role);
	slot->role = role;
	fence();
	WRITE_ONCE(slot->phase, word);
}

static __always_inline int add_late(struct sock *sk, enum flow_role role, u32 phase,
				    const struct payload *reported)
{
	struct socket_slot complete = {};
	fill_slot(&complete, sk, role, phase, reported);
	has_late_sockets = 1;
	drop(DROP_SOCKETS_FULL);
	if (!bpf_sk_storage_get(&late_sockets, sk, &complete, BPF_SK_STORAGE_GET_F_CREATE))
		drop(DROP_SOCKET_STORAGE);
	return 0;
}

/* The place of a socket that is not counted now, for its cookie alone. */
static __always_inline u32 own_place(u64 cookie)
{
	u32 place = place_of(cookie);
	u64 *cell = cookie_at(place);
	u64 closed = cookie | CLOSED_COOKIE;
	/* It connects again before its last place was cleared. */
	if (cell && __sync_val_compare_and_swap(cell, closed, cookie) == closed) {
		visit_again(place / BUCKET_SIZE);
		return place;
	}
	return take_place(cookie);
}

/*
 * Counts the socket from now on; what is already reported never gets into a flow. The caller knows
 * that the socket is not counted yet.
 */
static __always_inline int socket_add(struct sock *sk, enum flow_role role, u32 phase,
				      const struct payload *reported, u32 process)
{
	bool known = is_known(sk);
	u64 cookie = bpf_get_socket_cookie(sk);
	u32 place = known ? own_place(cookie) : take_place(cookie);
	struct socket_slot *slot = slot_at(place);
	if (is_in_old_table(sk, cookie))
		phase |= IN_OLD_TABLE;
	if (!slot)
		return add_late(sk, role, phase, reported);
	if (by_process)
		set_socket_process(place, generation_of_phase(slot->phase) + 1, process);
	fill_slot(slot, sk, role, phase, reported);
	return 0;
}

/* Gives the place away. The socket's name stays until its close's second copy has seen it. */
static __always_inline void leave_place(u64 *cell, u64 cookie)
{
	fence();
	WRITE_ONCE(*cell, cookie | CLOSED_COOKIE);
}

/*
 * Its memory is another socket's, or closed, and yet nobody said so: no program saw the close.
 * False if one did meanwhile.
 */
static __always_inline bool give_up(struct socket_slot *slot, u64 *cell, u64 cookie, u32 phase)
{
	u32 closed = (phase & GENERATION_MASK) | PHASE_CLOSED;
	if (READ_ONCE(*cell) != cookie ||
	    __sync_val_compare_and_swap(&slot->phase, phase, closed) != phase)
		return false;
	/* If that fails, a program has seen the close after all, and gave the place away. */
	__sync_val_compare_and_swap(cell, cookie, cookie | CLOSED_COOKIE);
	drop(DROP_CLOSE_UNSEEN);
	return true;
}

#endif

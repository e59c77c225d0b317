// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "kernel.h"
#include <asm-generic/errno.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "failures.h"
#include "last_change.h"
#include "payload.h"
#include "process_states.h"

/* A function of its own: that brings the names of the roles into the object's BTF. */
static __noinline int add(struct sock *sk, enum flow_role role, enum socket_phase phase)
{
	struct payload nothing = {};
	u32 process = 0;
	if (by_process && phase == PHASE_CONNECTING)
		process = current_process();
	else if (by_process && role == ROLE_SERVER)
		process = listening_process(sk, service_port_of(sk, role));
	return socket_add(sk, role, phase, &nothing, process);
}

static __always_inline int on_connect(struct sock *sk)
{
	u64 cookie = cookie_of(sk);
	if (!cookie)
		return add(sk, ROLE_CLIENT, PHASE_CONNECTING);
	u32 place = place_of(cookie);
	u64 *cell = cookie_at(place);
	struct socket_slot *slot = slot_at(place);
	if (cell && slot && READ_ONCE(*cell) == cookie) {
		u32 phase = READ_ONCE(slot->phase);
		if ((phase & PHASE_MASK) != PHASE_OPEN)
			return 0;
		/* As below, but no program saw it close; a walk may just report it as opened. */
		if (!give_up(slot, cell, cookie, phase) &&
		    !give_up(slot, cell, cookie, phase | OPEN_REPORTED))
			return 0;
	}
	struct socket_slot *late = late_slot_of(sk);
	if (late && (late->phase & PHASE_MASK) == PHASE_CONNECTING)
		return 0;
	if (is_being_adopted(cookie))
		return 0;
	/* Connects again, after a failure or connect(AF_UNSPEC): its counters began anew. */
	if (late)
		bpf_sk_storage_delete(&late_sockets, sk);
	return add(sk, ROLE_CLIENT, PHASE_CONNECTING);
}

static __always_inline int on_open(struct sock *sk, int oldstate)
{
	u64 cookie = cookie_of(sk);
	if (!cookie)
		return add(sk, oldstate == BPF_TCP_SYN_SENT ? ROLE_CLIENT : ROLE_SERVER,
			   PHASE_OPEN);
	u32 place = place_of(cookie);
	struct socket_slot *slot = slot_at(place);
	if (!slot)
		slot = late_slot_of(sk);
	if (!slot && oldstate == BPF_TCP_SYN_SENT && is_in_old_table(sk, cookie)) {
		/* It began to connect before these programs: old_table.bpf.c brings it. */
		full_fence();
		slot = slot_at(place_of(cookie));
		if (!slot)
			return 0;
	}
	if (!slot)
		return add(sk, oldstate == BPF_TCP_SYN_SENT ? ROLE_CLIENT : ROLE_SERVER,
			   PHASE_OPEN);
	u32 phase = READ_ONCE(slot->phase);
	if ((phase & PHASE_MASK) == PHASE_CONNECTING) {
		u32 in_old = is_in_old_table(sk, cookie) ? IN_OLD_TABLE : 0;
		/* If not, the iterator has. */
		__sync_val_compare_and_swap(&slot->phase, phase,
					    (phase & ~PHASE_MASK) | PHASE_OPEN | in_old);
	}
	return 0;
}

/* By fast open it may be accepted, read and closed before its handshake is complete. */
static __always_inline bool has_opened_early(struct sock *sk, int oldstate)
{
	struct tcp_sock *tcp = oldstate == BPF_TCP_SYN_RECV ? bpf_skc_to_tcp_sock(sk) : NULL;
	return tcp && tcp->bytes_received;
}

/*
 * After our FIN the peer's is to be waited for, if only by the kernel: a program that still has the
 * socket and closes it before breaks it off.
 */
static __always_inline bool is_orderly(const struct sock *sk, int oldstate)
{
	unsigned long flags = READ_ONCE(sk->__sk_common.skc_flags);
	return is_fin_sent(oldstate) && (is_fin_received(flags) || is_orphan(flags));
}

static __always_inline void count_reset(struct flow_value *flow, const struct sock *sk,
					int oldstate)
{
	int error = sk->sk_err;
	if (is_reset_by_peer(error))
		__sync_fetch_and_add(&flow->reset_by_peer, 1);
	else if ((!error || error == ECONNABORTED) && !is_orderly(sk, oldstate))
		__sync_fetch_and_add(&flow->reset_by_us, 1);
}

/* Under the socket's lock, and sk_state is still the old one: the counters stand still. */
static __always_inline struct payload final_payload(struct sock *sk, struct tcp_sock *tcp, u32 syn,
						    int oldstate)
{
	bool fin_acked = is_fin_sent(oldstate) && tcp->snd_una == tcp->write_seq;
	bool fin_received = is_fin_received(READ_ONCE(sk->__sk_common.skc_flags));
	return (struct payload){
	    .sent = tcp->bytes_acked - syn - fin_acked,
	    .received = tcp->bytes_received - fin_received,
	    .retransmits = tcp->total_retrans,
	};
}

static __always_inline u64 lost_bytes(const struct socket_slot *slot, const struct payload *now)
{
	s64 sent = unreported(now->sent, slot->reported.sent);
	s64 received = unreported(now->received, slot->reported.received);
	return (sent > 0 ? sent : 0) + (received > 0 ? received : 0);
}

static __always_inline void fold_last(struct sock *sk, struct socket_slot *slot, u32 place,
				      u32 phase, int oldstate)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp)
		return;
	struct payload now = final_payload(sk, tcp, slot->role == ROLE_CLIENT, oldstate);
	struct flow_value *flow = flow_of_slot(slot, place, phase);
	if (!flow) {
		drop_bytes(DROP_OVERFLOW_FULL, lost_bytes(slot, &now));
		return;
	}
	/* From another state it had opened, and no program saw that. */
	if ((phase & PHASE_MASK) == PHASE_CONNECTING && is_connecting(oldstate)) {
		__sync_fetch_and_add(failure_of(flow, sk->sk_err), 1);
		report(&slot->reported.retransmits, with_generation(now.retransmits, phase),
		       &flow->retransmits);
		return;
	}
	bool is_first = !(phase & OPEN_REPORTED);
	if (is_first)
		__sync_fetch_and_add(&flow->connections_opened, 1);
	if (fold(slot, phase, &now, flow) || is_first)
		sample_rtt(flow, tcp->srtt_us, tcp->rtt_min.s[0].v);
	count_reset(flow, sk, oldstate);
	u64 lost = lost_bytes(slot, &now);
	if (lost)
		drop_bytes(DROP_CONTENDED, lost);
}

/* The second copy has seen the close: nobody looks for the socket any more. */
static __always_inline void clear_name(u64 *cell, u64 cookie)
{
	if (cell)
		__sync_val_compare_and_swap(cell, cookie | CLOSED_COOKIE, 0);
}

/* It cannot be counted; its name is left, so that the second copy keeps quiet. */
static __always_inline u32 close_unknown(struct sock *sk, u64 cookie, int oldstate)
{
	if (oldstate == BPF_TCP_SYN_RECV) /* a server's socket that never opened */
		return NOWHERE;
	if (is_left_to_old(sk, cookie))
		return NOWHERE;
	drop(DROP_UNKNOWN_SOCKET);
	return take_place(cookie | CLOSED_COOKIE);
}

/* Gives the place where the name is left. */
static __always_inline u32 on_close(struct sock *sk, int oldstate)
{
	u64 cookie = bpf_get_socket_cookie(sk);
	u32 place = place_of(cookie);
	u64 *cell = cookie_at(place);
	u64 name = cell ? READ_ONCE(*cell) : 0;
	if (name == (cookie | CLOSED_COOKIE)) {
		clear_name(cell, cookie);
		return place;
	}
	/* It is closed, and its place was taken over just now. */
	if (cell && name != cookie)
		return NOWHERE;
	struct socket_slot *slot = cell ? slot_at(place) : late_slot_of(sk);
	if (!slot)
		return close_unknown(sk, cookie, oldstate);
	u32 generation = slot->phase & GENERATION_MASK;
	/* The exchange also tells the iterator, before the socket's memory is used again. */
	u32 phase = __sync_lock_test_and_set(&slot->phase, generation | PHASE_CLOSED);
	bool is_reported = phase & IN_OLD_TABLE && is_left_to_old(sk, cookie);
	if ((phase & PHASE_MASK) != PHASE_CLOSED && !is_reported)
		fold_last(sk, slot, place, phase, oldstate);
	if (cell)
		leave_place(cell, cookie);
	return place;
}

/*
 * Every step may run twice and does its work once: see the two programs below. What the first copy
 * has done, the second one need not look for.
 */
static __always_inline int on_state(struct sock *sk, int oldstate, int newstate, bool is_second)
{
	if (by_process && is_process_state(oldstate, newstate))
		return on_process_state(sk, oldstate, newstate);
	/* With fast open a server's socket may leave SYN_RECV for a closing state, or be closed. */
	bool opens = newstate == BPF_TCP_ESTABLISHED || oldstate == BPF_TCP_SYN_RECV;
	if (newstate != BPF_TCP_SYN_SENT && newstate != BPF_TCP_CLOSE && !opens)
		return 0;
	if (sk->sk_protocol != IPPROTO_TCP) /* MPTCP's outer socket: its subflows are counted */
		return 0;
	/* Listeners, and sockets that were never used. */
	if (newstate == BPF_TCP_CLOSE && (oldstate == BPF_TCP_LISTEN || oldstate == BPF_TCP_CLOSE))
		return 0;
	struct last_change *last = last_change_here();
	if (!last)
		return 0;
	u32 place;
	if (take_note(last, cookie_of(sk), newstate, &place) && is_second) {
		if (newstate == BPF_TCP_CLOSE)
			clear_name(cookie_at(place), cookie_of(sk));
		return 0;
	}
	if (newstate == BPF_TCP_SYN_SENT)
		on_connect(sk);
	else if (newstate != BPF_TCP_CLOSE || has_opened_early(sk, oldstate))
		on_open(sk, oldstate);
	if (newstate == BPF_TCP_CLOSE)
		place = on_close(sk, oldstate);
	if (!is_second)
		note_change(last, cookie_of(sk), place, newstate);
	return 0;
}

/*
 * The same program twice: a run that interrupts another run of the same program on its CPU (a
 * softirq during connect, close or listen) is skipped by the kernel; the other copy then runs. The
 * first to attach is the first to run.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_state, struct sock *sk, int oldstate, int newstate)
{
	return on_state(sk, oldstate, newstate, false);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_state_twin, struct sock *sk, int oldstate, int newstate)
{
	return on_state(sk, oldstate, newstate, true);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

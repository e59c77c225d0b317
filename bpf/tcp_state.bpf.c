// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "kernel.h"
#include <asm-generic/errno.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include "sockets.h"

static __always_inline struct flow_key key_of(struct sock *sk, enum flow_role role)
{
	const struct sock_common *common = &sk->__sk_common;
	struct flow_key key = {
	    .cgroup_id = sk->sk_cgrp_data.cgroup->kn->id,
	    .protocol = IPPROTO_TCP,
	    .role = role,
	};
	__be32 *address = (__be32 *)key.remote_address;

	if (common->skc_family == AF_INET) {
		address[2] = bpf_htonl(0xffff);
		address[3] = common->skc_daddr;
	} else {
		address[0] = common->skc_v6_daddr.in6_u.u6_addr32[0];
		address[1] = common->skc_v6_daddr.in6_u.u6_addr32[1];
		address[2] = common->skc_v6_daddr.in6_u.u6_addr32[2];
		address[3] = common->skc_v6_daddr.in6_u.u6_addr32[3];
	}
	if (role == ROLE_CLIENT) {
		key.service_port = bpf_ntohs(common->skc_dport);
		return key;
	}
	/* Not skc_num: it is 0 again when the socket closes. */
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	if (tcp)
		key.service_port = bpf_ntohs(tcp->inet_conn.icsk_inet.inet_sport);
	return key;
}

/*
 * Storage appears complete: the iterator may see it as soon as it is there. A function of its own:
 * that brings the names of the roles into the object's BTF.
 */
static __noinline struct socket_state *create(struct sock *sk, enum socket_phase phase,
					      enum flow_role role)
{
	struct socket_state complete = {
	    .key = key_of(sk, role),
	    .phase = phase,
	    .syn = role == ROLE_CLIENT,
	};
	struct socket_state *state =
	    bpf_sk_storage_get(&sockets, sk, &complete, BPF_SK_STORAGE_GET_F_CREATE);
	if (!state)
		drop(DROP_SOCKET_STORAGE);
	return state;
}

static __always_inline int on_connect(struct sock *sk)
{
	struct socket_state *state = bpf_sk_storage_get(&sockets, sk, 0, 0);
	/* Connects again, after a failure or connect(AF_UNSPEC): its counters began anew. */
	if (state && state->phase == PHASE_CLOSED)
		bpf_sk_storage_delete(&sockets, sk);
	create(sk, PHASE_CONNECTING, ROLE_CLIENT);
	return 0;
}

static __always_inline int on_open(struct sock *sk, int oldstate)
{
	struct socket_state *state = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!state)
		state = create(sk, PHASE_CONNECTING,
			       oldstate == BPF_TCP_SYN_SENT ? ROLE_CLIENT : ROLE_SERVER);
	if (state)
		__sync_val_compare_and_swap(&state->phase, PHASE_CONNECTING, PHASE_OPEN);
	return 0;
}

/* Under the socket's lock, and sk_state is still the old one: the counters stand still. */
static __always_inline struct payload final_payload(struct sock *sk, struct tcp_sock *tcp, u32 syn,
						    int oldstate)
{
	bool fin_acked = is_fin_sent(oldstate) && tcp->snd_una == tcp->write_seq;
	return (struct payload){
	    .sent = tcp->bytes_acked - syn - fin_acked,
	    .received = tcp->bytes_received - is_fin_received(sk),
	};
}

static __always_inline u64 unreported(u64 now, u64 reported)
{
	return (s64)(now - reported) > 0 ? now - reported : 0;
}

static __always_inline int close_open(struct sock *sk, struct socket_state *state, int oldstate)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp)
		return 0;
	struct payload payload = final_payload(sk, tcp, state->syn, oldstate);
	struct flow_value *flow = fold(state, &payload);
	u64 lost = unreported(payload.sent, READ_ONCE(state->sent)) +
		   unreported(payload.received, READ_ONCE(state->received));
	if (lost)
		drop_bytes(flow ? DROP_CONTENDED : DROP_OVERFLOW_FULL, lost);
	return 0;
}

/* The kernel sets the error before it closes the socket. */
static __always_inline u64 *failure_of(struct flow_value *flow, int error)
{
	switch (error) {
	case ECONNREFUSED:
		return &flow->failed_refused;
	case ETIMEDOUT:
		return &flow->failed_timed_out;
	case ENETUNREACH:
	case EHOSTUNREACH:
		return &flow->failed_unreachable;
	default:
		return &flow->failed_other;
	}
}

static __always_inline int on_close(struct sock *sk, int oldstate)
{
	struct socket_state *state = bpf_sk_storage_get(&sockets, sk, 0, 0);
	/* It cannot be counted, but is remembered, so that the second copy keeps quiet. */
	if (!state)
		state = create(sk, PHASE_UNKNOWN, ROLE_CLIENT);
	if (!state)
		return 0;
	/* The exchange also tells the iterator, before the socket's memory is used again. */
	u32 phase = __sync_lock_test_and_set(&state->phase, PHASE_CLOSED);
	if (phase == PHASE_OPEN)
		return close_open(sk, state, oldstate);
	if (phase == PHASE_UNKNOWN)
		return drop(DROP_UNKNOWN_SOCKET);
	if (phase == PHASE_CLOSED)
		return 0;
	struct flow_value *flow = flow_of(&state->key);
	if (flow)
		__sync_fetch_and_add(failure_of(flow, sk->sk_err), 1);
	return 0;
}

/* Every step may run twice and does its work once: see the two programs below. */
static __always_inline int on_state(struct sock *sk, int oldstate, int newstate)
{
	if (sk->sk_protocol != IPPROTO_TCP) /* MPTCP's outer socket: its subflows are counted */
		return 0;
	if (newstate == BPF_TCP_SYN_SENT)
		return on_connect(sk);
	if (newstate == BPF_TCP_CLOSE) {
		/* Listeners, unused sockets, and servers' sockets that never opened. */
		if (oldstate == BPF_TCP_LISTEN || oldstate == BPF_TCP_CLOSE)
			return 0;
		if (oldstate == BPF_TCP_SYN_RECV && !bpf_sk_storage_get(&sockets, sk, 0, 0))
			return 0;
		return on_close(sk, oldstate);
	}
	/* With fast open a server's socket may leave SYN_RECV for a closing state. */
	if (newstate == BPF_TCP_ESTABLISHED || oldstate == BPF_TCP_SYN_RECV)
		return on_open(sk, oldstate);
	return 0;
}

/*
 * The same program twice: a run that interrupts another run of the same program on its CPU (a
 * softirq during connect, close or listen) is skipped by the kernel; the other copy then runs.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_state, struct sock *sk, int oldstate, int newstate)
{
	return on_state(sk, oldstate, newstate);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_state_twin, struct sock *sk, int oldstate, int newstate)
{
	return on_state(sk, oldstate, newstate);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

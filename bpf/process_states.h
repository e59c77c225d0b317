/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Changes of a socket's state that say whose it is by process: those that a system call makes. */
#ifndef PROCESS_STATES_H
#define PROCESS_STATES_H

#include "sockets.h"

static __always_inline int on_listen(struct sock *sk)
{
	struct listener listener = listener_of(sk);
	u64 held = held_by(current_process(), 0, 0);
	if (bpf_map_update_elem(&listener_processes, &listener, &held, BPF_ANY))
		return drop(DROP_PROCESS_LISTENERS_FULL);
	return 0;
}

static __always_inline int on_listener_closed(struct sock *sk)
{
	struct listener listener = listener_of(sk);
	bpf_map_delete_elem(&listener_processes, &listener);
	return 0;
}

/* Whoever makes the call has the socket, if nobody knew better before. */
static __always_inline int on_shutdown(struct sock *sk)
{
	if (!is_known(sk))
		return 0;
	u32 place = place_of(bpf_get_socket_cookie(sk));
	struct socket_slot *slot = slot_at(place);
	u64 *cell = bpf_map_lookup_elem(&socket_processes, &place);
	if (!slot || !cell)
		return 0;
	u64 held = *cell;
	u16 generation = generation_of_phase(slot->phase);
	if (generation_of(held) == generation && (u32)held &&
	    (slot->role == ROLE_CLIENT || walk_of(held)))
		return 0;
	u32 process = current_process();
	if (process)
		set_socket_process(place, generation, process);
	return 0;
}

static __always_inline int on_process_state(struct sock *sk, int oldstate, int newstate)
{
	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	if (newstate == BPF_TCP_LISTEN)
		return on_listen(sk);
	if (oldstate == BPF_TCP_LISTEN)
		return on_listener_closed(sk);
	return on_shutdown(sk);
}

static __always_inline bool is_process_state(int oldstate, int newstate)
{
	return newstate == BPF_TCP_LISTEN ||
	       (oldstate == BPF_TCP_LISTEN && newstate == BPF_TCP_CLOSE) ||
	       (oldstate == BPF_TCP_ESTABLISHED && newstate == BPF_TCP_FIN_WAIT1) ||
	       (oldstate == BPF_TCP_CLOSE_WAIT && newstate == BPF_TCP_LAST_ACK);
}

#endif

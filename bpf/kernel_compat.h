/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* One function per difference between kernels. */
#ifndef KERNEL_COMPAT_H
#define KERNEL_COMPAT_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Reads a field of a kernel object to which only an address is known. */
#define FIELD(object, field)                                                                       \
	({                                                                                         \
		typeof((object)->field) value;                                                     \
		bpf_probe_read_kernel(&value, sizeof(value), &(object)->field);                    \
		value;                                                                             \
	})

static __always_inline struct tcp_sock *tcp_sock_at(struct sock *sk)
{
	return (struct tcp_sock *)sk;
}

/*
 * Somebody may be changing the socket's counters right now. Only queued spin locks (x86, arm64)
 * show it; PREEMPT_RT has none (commit 342a93247e08), so there every socket counts as held.
 */
static __always_inline bool is_socket_held(struct sock *sk)
{
	if (!bpf_core_field_exists(sk->sk_lock.slock.rlock.raw_lock.val.counter))
		return true;
	return FIELD(sk, sk_lock.owned) || FIELD(sk, sk_lock.slock.rlock.raw_lock.val.counter);
}

#endif

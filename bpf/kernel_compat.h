/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* One function per difference between kernels. */
#ifndef KERNEL_COMPAT_H
#define KERNEL_COMPAT_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>

/*
 * Somebody may be changing the socket's counters right now. Only queued spin locks (x86, arm64)
 * show it; PREEMPT_RT has none (commit 342a93247e08), so there every socket counts as held.
 */
static __always_inline bool is_socket_held(const struct sock *sk)
{
	if (!bpf_core_field_exists(sk->sk_lock.slock.rlock.raw_lock.val.counter))
		return true;
	return READ_ONCE(sk->sk_lock.owned) ||
	       READ_ONCE(sk->sk_lock.slock.rlock.raw_lock.val.counter);
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* One function per difference between kernels. */
#ifndef KERNEL_COMPAT_H
#define KERNEL_COMPAT_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Since 6.2 (commit a35b9af4ec2c) an address can become an object that is read as any other. */
void *bpf_rdonly_cast(const void *address, __u32 type) __ksym __weak;

/* Reads a field of a kernel object to which only an address is known, if nobody could cast it. */
#define FIELD(is_cast, object, field)                                                              \
	({                                                                                         \
		typeof((object)->field) value;                                                     \
		if (is_cast)                                                                       \
			value = READ_ONCE((object)->field);                                        \
		else                                                                               \
			bpf_probe_read_kernel(&value, sizeof(value), &(object)->field);            \
		value;                                                                             \
	})

static __always_inline struct sock *sock_at(bool is_cast, struct sock *sk)
{
	return is_cast ? bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct sock)) : sk;
}

static __always_inline struct tcp_sock *tcp_sock_at(bool is_cast, struct sock *sk)
{
	return is_cast ? bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct tcp_sock))
		       : (struct tcp_sock *)sk;
}

/*
 * Somebody may be changing the socket's counters right now. Only queued spin locks (x86, arm64)
 * show it; PREEMPT_RT has none (commit 342a93247e08), so there every socket counts as held.
 */
static __always_inline bool is_socket_held(bool is_cast, struct sock *sk)
{
	if (!bpf_core_field_exists(sk->sk_lock.slock.rlock.raw_lock.val.counter))
		return true;
	return FIELD(is_cast, sk, sk_lock.owned) ||
	       FIELD(is_cast, sk, sk_lock.slock.rlock.raw_lock.val.counter);
}

#endif

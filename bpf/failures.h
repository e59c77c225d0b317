/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Why a connection could not be opened, or broke off. */
#ifndef FAILURES_H
#define FAILURES_H

#include "flows.h"
#include <asm-generic/errno.h>

/* Whoever closes from here was never open. */
static __always_inline bool is_connecting(int state)
{
	return state == BPF_TCP_SYN_SENT || state == BPF_TCP_SYN_RECV;
}

/* By the socket's error, which the kernel sets before it closes the socket. */
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

/* Of a connection that was open; the error is set before it closes, too. */
static __always_inline bool is_reset_by_peer(int error)
{
	return error == ECONNRESET || error == EPIPE || error == ECONNREFUSED;
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Barriers for memory that the programs share with each other. */
#ifndef ORDER_H
#define ORDER_H

#include "kernel.h"

/* Set where the CPU may reorder loads or stores with their like (all but x86). */
const volatile bool weakly_ordered __weak = false;
static u64 fence_cell;

/* As the next, and everybody sees what is written before it before anything is read after it. */
static __always_inline void full_fence(void)
{
	/* Only the form whose result is used is a barrier on arm64. */
	u64 before = __sync_fetch_and_add(&fence_cell, 1);
	asm volatile("" ::"r"(before) : "memory");
}

/* What is read or written before stays before what is read or written after. */
static __always_inline void fence(void)
{
	asm volatile("" ::: "memory");
	if (weakly_ordered)
		full_fence();
}

#endif

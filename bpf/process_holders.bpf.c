// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Which process holds a socket, found by walking the open files of all processes. Who had it so far
 * keeps it while it holds it, so that a socket of several processes does not go to and fro: the
 * first pass over the files confirms, and only where something was left over a second one assigns.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include "sockets.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct process_walk);
} process_walk SEC(".maps");

static __always_inline void hold(u64 *cell, u16 generation, u32 process, struct process_walk *walk)
{
	u64 held = READ_ONCE(*cell);
	bool is_its = generation_of(held) == generation && (u32)held;
	if (is_its && walk_of(held) == (u16)walk->number)
		return;
	if (!(is_its && (u32)held == process) && !walk->assigns) {
		walk->left_over++;
		return;
	}
	/* It fails if the place was given to another socket meanwhile. */
	__sync_val_compare_and_swap(cell, held, held_by(process, walk->number, generation));
}

static __always_inline int hold_listener(struct sock *sk, u32 process, struct process_walk *walk)
{
	struct listener listener = listener_of(sk);
	u64 *held = bpf_map_lookup_elem(&listener_processes, &listener);
	if (held) {
		hold(held, 0, process, walk);
		return 0;
	}
	u64 first = held_by(process, walk->number, 0);
	if (bpf_map_update_elem(&listener_processes, &listener, &first, BPF_NOEXIST))
		return drop(DROP_PROCESS_LISTENERS_FULL);
	return 0;
}

static __always_inline int hold_connection(struct sock *sk, u32 process, struct process_walk *walk)
{
	u64 cookie = READ_ONCE(sk->__sk_common.skc_cookie.counter);
	if (!cookie)
		return 0;
	u32 place = place_of(cookie);
	struct socket_slot *slot = slot_at(place);
	u64 *held = bpf_map_lookup_elem(&socket_processes, &place);
	if (slot && held)
		hold(held, generation_of_phase(slot->phase), process, walk);
	return 0;
}

SEC("?iter/task_file")
int process_holders(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	if (!task || !file)
		return 0;
	struct socket *socket = bpf_sock_from_file(file);
	struct sock *sk = socket ? socket->sk : NULL;
	if (!sk || sk->sk_protocol != IPPROTO_TCP)
		return 0;
	u32 first = 0;
	struct process_walk *walk = bpf_map_lookup_elem(&process_walk, &first);
	u32 process = process_of(task);
	if (!walk || !process)
		return 0;
	/* The files of a process come one after the other. */
	if (walk->named != process) {
		walk->named = process;
		note_name(process, task->group_leader);
	}
	if (sk->__sk_common.skc_state == BPF_TCP_LISTEN)
		return hold_listener(sk, process, walk);
	return hold_connection(sk, process, walk);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

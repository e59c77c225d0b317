/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Whose traffic it is by process, where the agent asks for it. Nothing in a packet or a socket
 * tells: it is who connects or listens, and later who holds the socket. See process_holders.bpf.c.
 */
#ifndef PROCESSES_H
#define PROCESSES_H

#include "flows.h"
#include <bpf/bpf_helpers.h>

const volatile bool by_process __weak = false;

/* By process key, of those that were met last: also of processes that are gone by now. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct process_name);
} process_names SEC(".maps") __weak;

/*
 * By place, beside the slots so that these stay a cache line: process key, the walk that last saw
 * it hold the socket (0: none did), the slot's generation. Of another generation: not known.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} socket_processes SEC(".maps") __weak;

struct listener {
	u32 network; /* inode of the network namespace */
	u32 port;
};

/* Who listens: an accepted connection is its process's until more is known. As above, generation 0.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct listener);
	__type(value, u64);
} listener_processes SEC(".maps") __weak;

static __always_inline struct listener listener_of(struct sock *sk)
{
	return (struct listener){
	    .network = sk->__sk_common.skc_net.net->ns.inum,
	    .port = sk->__sk_common.skc_num,
	};
}

static __always_inline u64 held_by(u32 process, u16 walk, u16 generation)
{
	return process | (u64)walk << 32 | (u64)generation << 48;
}

static __always_inline u16 walk_of(u64 held)
{
	return held >> 32;
}

static __always_inline u16 generation_of(u64 held)
{
	return held >> 48;
}

/* Threads have names of their own; a process has its leader's, as in /proc/PID/comm. */
static __noinline int note_name(u32 process, struct task_struct *leader)
{
	struct process_name name = {};
	bpf_probe_read_kernel_str(name.command, sizeof(name.command), leader->comm);
	struct process_name *known = bpf_map_lookup_elem(&process_names, &process);
	if (!known) {
		if (bpf_map_update_elem(&process_names, &process, &name, BPF_ANY))
			drop(DROP_PROCESS_UNNAMED);
		return 0;
	}
	if (known->words[0] != name.words[0])
		WRITE_ONCE(known->words[0], name.words[0]);
	if (known->words[1] != name.words[1])
		WRITE_ONCE(known->words[1], name.words[1]);
	return 0;
}

/*
 * The key of a task's process, 0 for the kernel's own threads. A pid that is given again has
 * another key: above the 22 bits that a pid has at most stand 10 of when the process started, in
 * steps of 17 ms.
 */
static __always_inline u32 process_of(struct task_struct *task)
{
	if (task->flags & PF_KTHREAD)
		return 0;
	u32 mark = task->group_leader->start_boottime >> 24;
	return task->tgid | mark << PROCESS_PID_BITS;
}

/* Only where a system call of that process runs the program. */
static __always_inline u32 current_process(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 process = process_of(task);
	if (process)
		note_name(process, task->group_leader);
	return process;
}

static __always_inline u32 listening_process(struct sock *sk, u16 port)
{
	struct listener listener = listener_of(sk);
	listener.port = port;
	u64 *held = bpf_map_lookup_elem(&listener_processes, &listener);
	return held ? *held : 0;
}

static __always_inline void set_socket_process(u32 place, u16 generation, u32 process)
{
	u64 *held = bpf_map_lookup_elem(&socket_processes, &place);
	if (held)
		WRITE_ONCE(*held, held_by(process, 0, generation));
}

static __always_inline u32 socket_process(u32 place, u16 generation)
{
	u64 *cell = bpf_map_lookup_elem(&socket_processes, &place);
	u64 held = cell ? READ_ONCE(*cell) : 0;
	return generation_of(held) == generation ? held : 0;
}

#endif

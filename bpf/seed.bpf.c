// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Connections that are older than the programs, found by walking the open files of all processes.
 * What they carried before is nobody's new traffic: it counts as reported.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include "kernel_compat.h"
#include "payload.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct listener);
	__type(value, u8);
} listeners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} seeded SEC(".maps");

static __always_inline struct sock *socket_of_file(struct file *file)
{
	struct socket *socket = file ? bpf_sock_from_file(file) : NULL;
	struct sock *sk = socket ? socket->sk : NULL;
	return sk && sk->sk_protocol == IPPROTO_TCP ? sk : NULL;
}

/* First over all files: on which ports servers listen. */
SEC("iter/task_file")
int seed_listeners(struct bpf_iter__task_file *ctx)
{
	struct sock *sk = socket_of_file(ctx->file);
	if (!sk || sk->__sk_common.skc_state != BPF_TCP_LISTEN)
		return 0;
	struct listener listener = listener_of(sk);
	u8 present = 1;
	if (bpf_map_update_elem(&listeners, &listener, &present, BPF_ANY))
		drop(DROP_LISTENERS_FULL);
	return 0;
}

static __always_inline bool is_connected(int state)
{
	return state == BPF_TCP_ESTABLISHED || state == BPF_TCP_CLOSE_WAIT || is_fin_sent(state);
}

/*
 * Without the socket's lock. Too high by a FIN does no harm, since no payload follows it; too low
 * would make old bytes new. So a FIN is taken off only where it is in the counters for sure, and
 * the counters are read last.
 */
static __always_inline struct payload payload_so_far(struct sock *sk, struct tcp_sock *tcp, u32 syn)
{
	bool fin_received = is_fin_received(READ_ONCE(sk->__sk_common.skc_flags));
	bool fin_sent = is_fin_sent(READ_ONCE(sk->__sk_common.skc_state));
	fence();
	/* Whoever closes sets the state first and queues the FIN later, under the lock. */
	bool is_held = is_socket_held(false, sk);
	fence();
	bool is_all_acked = READ_ONCE(tcp->snd_una) == READ_ONCE(tcp->write_seq);
	fence();
	struct payload payload = {
	    .sent = READ_ONCE(tcp->bytes_acked) - syn,
	    .received = READ_ONCE(tcp->bytes_received) - fin_received,
	    .retransmits = READ_ONCE(tcp->total_retrans),
	};
	payload.sent -= fin_sent && is_all_acked && !is_held;
	return payload;
}

/*
 * Payload is counted as it is sent, and again, with the SYN of whoever connects, as it is
 * acknowledged: so if nothing happens meanwhile, what is acknowledged or under way tells who that
 * was. Numbers that do not fit (the host dropped a segment that it had counted) leave it to the
 * listeners.
 */
static __always_inline enum flow_role role_of(struct sock *sk, struct tcp_sock *tcp)
{
	u64 acked = READ_ONCE(tcp->bytes_acked);
	u64 sent = READ_ONCE(tcp->bytes_sent);
	fence();
	bool is_held = is_socket_held(false, sk);
	fence();
	u32 next = READ_ONCE(tcp->snd_nxt);
	u32 payload = sent - READ_ONCE(tcp->bytes_retrans);
	u32 once = (u32)acked + (next - READ_ONCE(tcp->snd_una));
	if (is_fin_sent(READ_ONCE(sk->__sk_common.skc_state)) && next == READ_ONCE(tcp->write_seq))
		payload++;
	fence();
	is_held |= is_socket_held(false, sk);
	fence();
	if (!is_held && acked == READ_ONCE(tcp->bytes_acked) &&
	    sent == READ_ONCE(tcp->bytes_sent)) {
		if (once == payload)
			return ROLE_SERVER;
		if (once == payload + 1)
			return ROLE_CLIENT;
	}
	struct listener listener = listener_of(sk);
	return bpf_map_lookup_elem(&listeners, &listener) ? ROLE_SERVER : ROLE_CLIENT;
}

static __noinline int seed(struct sock *sk, u32 process)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp || !is_connected(READ_ONCE(sk->__sk_common.skc_state)))
		return 0;
	u64 cookie = bpf_get_socket_cookie(sk);
	if (place_of(cookie) != NOWHERE || late_slot_of(sk))
		return 0;
	enum flow_role role = role_of(sk, tcp);
	struct payload reported = payload_so_far(sk, tcp, role == ROLE_CLIENT);
	socket_add(sk, role, PHASE_OPEN | OPEN_REPORTED, &reported, process);
	u32 first = 0;
	u64 *count = bpf_map_lookup_elem(&seeded, &first);
	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}

struct bpf_map;

struct queue {
	struct request_sock *next;
	u32 process; /* whose listener it is */
};

/* Of the sockets that wait to be accepted, so many are looked at per listener. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, u32);
	__type(value, u32);
} waiting_walk SEC(".maps");

/* A loop of so many steps is too long for the verifier; it looks at a callback once. */
static long seed_next(struct bpf_map *map, u32 *step, u32 *nothing, struct queue *queue)
{
	struct request_sock *request = queue->next;
	if (!request)
		return 1;
	if (request->sk)
		seed(request->sk, queue->process);
	queue->next = request->dl_next;
	return 0;
}

/* Accepted by nobody yet, so in no file. */
static __always_inline int seed_waiting(struct sock *sk, u32 process)
{
	struct tcp_sock *listener = bpf_skc_to_tcp_sock(sk);
	if (!listener)
		return 0;
	struct queue queue = {listener->inet_conn.icsk_accept_queue.rskq_accept_head, process};
	bpf_for_each_map_elem(&waiting_walk, seed_next, &queue, 0);
	return queue.next ? drop(DROP_ACCEPT_QUEUE_FULL) : 0;
}

/* Then again: the connections. Those that are known already are left alone. */
SEC("iter/task_file")
int seed_sockets(struct bpf_iter__task_file *ctx)
{
	struct sock *sk = socket_of_file(ctx->file);
	if (!sk)
		return 0;
	struct task_struct *task = by_process ? ctx->task : NULL;
	u32 process = task ? process_of(task) : 0;
	if (sk->__sk_common.skc_state == BPF_TCP_LISTEN)
		return seed_waiting(sk, process);
	return seed(sk, process);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

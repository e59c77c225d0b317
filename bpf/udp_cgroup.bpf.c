// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * UDP by packet, for kernels that allow no fentry. A program on a cgroup also runs for TCP, so it
 * is attached only where UDP sockets are.
 */
#include <stddef.h>
#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "cgroup_events.h"
#include "udp.h"

/*
 * The programs of a cgroup run for its descendants too. Each attachment counts the sockets of its
 * own cgroup only, so that none is counted twice: here it finds which cgroup that is.
 */
struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, u64);
	__type(value, struct udp_instance);
} udp_instances SEC(".maps");

/* The cgroup to which user space attaches right now, one at a time. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} udp_attaching SEC(".maps");

/* Cgroups that are counted, or that user space was told to count; 1: made a socket lately. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, u32);
} udp_cgroups SEC(".maps");

/* Who sent last from a socket, or was seen to hold it. What arrives meets any process or none. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u32);
} udp_processes SEC(".maps");

static __always_inline u32 process_of_packet(struct bpf_sock *sk, bool is_sent)
{
	if (!is_sent) {
		u32 *holder = bpf_sk_storage_get(&udp_processes, sk, 0, 0);
		return holder ? *holder : 0;
	}
	u32 process = current_process();
	if (!process)
		return 0;
	u32 *sender = bpf_sk_storage_get(&udp_processes, sk, &process, BPF_SK_STORAGE_GET_F_CREATE);
	if (!sender)
		drop(DROP_PROCESS_SOCKET_STORAGE);
	else if (*sender != process)
		*sender = process;
	return process;
}

static __always_inline bool is_of_this_cgroup(u64 cgroup_id)
{
	struct udp_instance *instance = bpf_get_local_storage(&udp_instances, 0);
	u64 own = READ_ONCE(instance->cgroup_id);
	if (!own) {
		u32 first = 0;
		u64 *attaching = bpf_map_lookup_elem(&udp_attaching, &first);
		u64 candidate = attaching ? READ_ONCE(*attaching) : 0;
		/* Still none after the candidate was read: then the candidate is not yet another.
		 */
		instance = bpf_get_local_storage(&udp_instances, 0);
		own = READ_ONCE(instance->cgroup_id);
		if (!own)
			own = candidate;
	}
	if (own != cgroup_id)
		return false;
	if (!READ_ONCE(instance->is_used))
		instance->is_used = 1;
	return true;
}

/* The verifier hides where a bpf_sock lies; its bytes on the stack are a number. */
static __always_inline bool is_bound(struct bpf_sock *sk)
{
	struct bpf_sock *hidden = sk;
	struct sock *address = NULL;
	bpf_probe_read_kernel(&address, sizeof(address), &hidden);
	return BPF_CORE_READ_BITFIELD_PROBED(address, sk_userlocks) & SOCK_BINDPORT_LOCK;
}

struct ipv4_head {
	u8 version_and_words;
	u8 tos;
	__be16 length;
	__be16 id;
	__be16 fragment;
	u8 ttl;
	u8 protocol;
	__be16 checksum;
	__be32 source;
	__be32 destination;
};

struct ipv6_head {
	__be32 version_class_label;
	__be16 payload_length;
	u8 next;
	u8 hop_limit;
	__be32 source[4];
	__be32 destination[4];
};

enum {
	IPV6_HOP_BY_HOP = 0,
	IPV6_ROUTING = 43,
	IPV6_FRAGMENT = 44,
	IPV6_AUTHENTICATION = 51,
	IPV6_DESTINATION = 60,
	MAX_IPV6_EXTENSIONS = 8,
};

/* Where the UDP header starts; 0: it is no UDP packet, such as one in IPsec. */
static __always_inline u32 skip_ipv6_extensions(struct __sk_buff *skb, u8 next)
{
	u32 at = sizeof(struct ipv6_head);
	for (int i = 0; i < MAX_IPV6_EXTENSIONS; i++) {
		struct {
			u8 next;
			u8 length;
		} extension;
		if (next == IPPROTO_UDP)
			return at;
		if (next != IPV6_HOP_BY_HOP && next != IPV6_ROUTING && next != IPV6_FRAGMENT &&
		    next != IPV6_AUTHENTICATION && next != IPV6_DESTINATION)
			return 0;
		if (bpf_skb_load_bytes(skb, at, &extension, sizeof(extension)))
			return 0;
		if (next == IPV6_FRAGMENT)
			at += 8;
		else if (next == IPV6_AUTHENTICATION)
			at += (extension.length + 2) * 4;
		else
			at += (extension.length + 1) * 8;
		next = extension.next;
	}
	return next == IPPROTO_UDP ? at : 0;
}

static __always_inline u32 read_ipv4(struct __sk_buff *skb, struct datagrams *seen)
{
	struct ipv4_head ip;
	if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)) || ip.protocol != IPPROTO_UDP)
		return 0;
	set_v4(seen, seen->is_sent ? ip.destination : ip.source);
	return (ip.version_and_words & 15) * 4;
}

static __always_inline u32 read_ipv6(struct __sk_buff *skb, struct datagrams *seen)
{
	struct ipv6_head ip;
	if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)))
		return 0;
	const __be32 *remote = seen->is_sent ? ip.destination : ip.source;
	__builtin_memcpy(seen->remote_word, remote, sizeof(seen->remote_word));
	return skip_ipv6_extensions(skb, ip.next);
}

/* The packet is whole here: sent ones are fragmented later, received ones are put together. */
static __always_inline void see_packet(struct __sk_buff *skb, bool is_sent)
{
	struct bpf_sock *sk = skb->sk;
	if (!sk)
		return;
	sk = bpf_sk_fullsock(sk);
	if (!sk || sk->protocol != IPPROTO_UDP)
		return;
	struct datagrams seen = {
	    .cgroup_id = bpf_skb_cgroup_id(skb),
	    .is_sent = is_sent,
	    .segment = skb->gso_size,
	};
	if (!is_of_this_cgroup(seen.cgroup_id))
		return;
	u32 head =
	    skb->protocol == bpf_htons(0x0800) ? read_ipv4(skb, &seen) : read_ipv6(skb, &seen);
	__be16 ports[2];
	if (!head || skb->len < head + UDP_HEADER ||
	    bpf_skb_load_bytes(skb, head, ports, sizeof(ports)))
		return;
	seen.local_port = is_sent ? ports[0] : ports[1];
	seen.remote_port = is_sent ? ports[1] : ports[0];
	seen.payload = skb->len - head - UDP_HEADER;
	seen.is_bound = is_bound(sk);
	seen.process = by_process ? process_of_packet(sk, is_sent) : 0;
	count_datagrams(&seen);
}

SEC("?cgroup_skb/egress")
int udp_egress(struct __sk_buff *skb)
{
	see_packet(skb, true);
	return 1;
}

SEC("?cgroup_skb/ingress")
int udp_ingress(struct __sk_buff *skb)
{
	see_packet(skb, false);
	return 1;
}

/* A function of its own: that brings the names of the events into the BTF of the object. */
static __noinline int note_socket(u64 cgroup_id, enum cgroup_event_kind kind)
{
	u32 is_used = 1;
	u32 *noted = bpf_map_lookup_elem(&udp_cgroups, &cgroup_id);
	if (noted) {
		if (!READ_ONCE(*noted))
			*noted = 1;
		return 0;
	}
	if (bpf_map_update_elem(&udp_cgroups, &cgroup_id, &is_used, BPF_NOEXIST)) {
		/* Another CPU told it meanwhile, or there is no room. */
		if (bpf_map_lookup_elem(&udp_cgroups, &cgroup_id))
			return 0;
		return drop(DROP_UDP_CGROUP_UNTOLD);
	}
	struct {
		u64 cgroup_id;
		u32 kind;
		u32 path_length;
	} head = {cgroup_id, kind, 0};
	_Static_assert(sizeof(head) == CGROUP_EVENT_HEAD, "the head of a cgroup_event");
	if (bpf_ringbuf_output(&cgroup_events, &head, sizeof(head), 0) == 0)
		return 0;
	bpf_map_delete_elem(&udp_cgroups, &cgroup_id);
	return drop(DROP_UDP_CGROUP_UNTOLD);
}

SEC("?cgroup/sock_create")
int udp_socket(struct bpf_sock *sk)
{
	if (sk->protocol == IPPROTO_UDP)
		note_socket(bpf_get_current_cgroup_id(), CGROUP_EVENT_UDP_SOCKET);
	return 1;
}

/* Sockets that are open, of whatever age, in every network namespace. */
SEC("?iter/task_file")
int udp_sockets(struct bpf_iter__task_file *context)
{
	struct file *file = context->file;
	if (!file)
		return 0;
	struct socket *socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	struct sock *sk = socket->sk;
	if (!sk || sk->sk_protocol != IPPROTO_UDP)
		return 0;
	u16 family = sk->__sk_common.skc_family;
	if (family != AF_INET && family != AF_INET6)
		return 0;
	struct task_struct *task = context->task;
	if (by_process && task) {
		u32 process = process_of(task);
		if (!bpf_sk_storage_get(&udp_processes, sk, &process, BPF_SK_STORAGE_GET_F_CREATE))
			drop(DROP_PROCESS_SOCKET_STORAGE);
		note_name(process, task->group_leader);
	}
	u64 cgroup_id = sk->sk_cgrp_data.cgroup->kn->id;
	return note_socket(cgroup_id, CGROUP_EVENT_UDP_FOUND);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

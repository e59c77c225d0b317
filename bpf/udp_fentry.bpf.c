// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * UDP by the functions that send and receive it: nothing here runs for TCP. Each has the packet,
 * so the peer of an unconnected socket is known too.
 */
#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "udp.h"

#define ETH_P_IP 0x0800

struct net;

static __always_inline u32 segment_size(struct sk_buff *skb)
{
	struct skb_shared_info *shared = (void *)(skb->head + skb->end);
	return BPF_CORE_READ(shared, gso_size);
}

/* The headers stand in the first part of the packet. */
static __always_inline void count_packet(struct sock *sk, struct sk_buff *skb,
					 struct datagrams *seen, bool is_v4)
{
	void *ip = skb->head + skb->network_header;
	__be16 ports[2] = {};

	if (is_v4) {
		__be32 address = 0;
		bpf_probe_read_kernel(&address, sizeof(address), ip + (seen->is_sent ? 16 : 12));
		set_v4(seen, address);
	} else {
		bpf_probe_read_kernel(seen->remote_address, 16, ip + (seen->is_sent ? 24 : 8));
	}
	bpf_probe_read_kernel(ports, sizeof(ports), skb->head + skb->transport_header);
	seen->local_port = seen->is_sent ? ports[0] : ports[1];
	seen->remote_port = seen->is_sent ? ports[1] : ports[0];
	seen->cgroup_id = sk->sk_cgrp_data.cgroup->kn->id;
	seen->process = by_process ? current_process() : 0;
	seen->segment = segment_size(skb);
	seen->is_bound = BPF_CORE_READ_BITFIELD(sk, sk_userlocks) & SOCK_BINDPORT_LOCK;
	count_datagrams(seen);
}

static __always_inline int on_send(struct sk_buff *skb, bool is_v4)
{
	struct sock *sk = skb->sk;
	if (!sk || sk->sk_protocol != IPPROTO_UDP) /* ICMP and raw sockets send here too */
		return 0;
	u32 heads = skb->transport_header - skb->network_header + UDP_HEADER;
	struct datagrams seen = {.payload = skb->len - heads, .is_sent = true};
	count_packet(sk, skb, &seen, is_v4);
	return 0;
}

SEC("?fentry/ip_send_skb")
int BPF_PROG(udp_send, struct net *net, struct sk_buff *skb)
{
	return on_send(skb, true);
}

SEC("?fentry/ip6_send_skb")
int BPF_PROG(udp_send_v6, struct sk_buff *skb)
{
	return on_send(skb, false);
}

/* A program took a datagram off the queue. A look at it (MSG_PEEK) gives the length negated. */
SEC("?fentry/skb_consume_udp")
int BPF_PROG(udp_receive, struct sock *sk, struct sk_buff *skb, int length)
{
	if (length < 0 || sk->sk_protocol != IPPROTO_UDP)
		return 0;
	/* 0 may be either; a packet that was only looked at is also still in the queue. */
	if (length == 0 && skb->users.refs.counter > 1)
		return 0;
	/* The header is off already. What a short buffer cut away was received all the same. */
	struct datagrams seen = {.payload = skb->len, .is_sent = false};
	count_packet(sk, skb, &seen, skb->protocol == bpf_htons(ETH_P_IP));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

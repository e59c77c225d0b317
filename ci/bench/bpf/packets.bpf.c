// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What others do: a program per packet of a cgroup; empty, and counting into an LRU hash. */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_helpers.h>

struct packet_key {
	__u64 cgroup_id;
	__u32 remote_address;
	__u16 source_port;
	__u16 destination_port;
};

struct packet_count {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct packet_key);
	__type(value, struct packet_count);
} packets SEC(".maps");

static __always_inline int count(struct __sk_buff *skb, bool is_sent)
{
	struct iphdr ip;
	__be16 ports[2];

	if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)) || ip.protocol != IPPROTO_TCP ||
	    bpf_skb_load_bytes(skb, ip.ihl * 4, ports, sizeof(ports)))
		return 1;
	struct packet_key key = {
	    .cgroup_id = bpf_skb_cgroup_id(skb),
	    .remote_address = is_sent ? ip.daddr : ip.saddr,
	    .source_port = ports[0],
	    .destination_port = ports[1],
	};
	struct packet_count *known = bpf_map_lookup_elem(&packets, &key);
	if (known) {
		__sync_fetch_and_add(&known->packets, 1);
		__sync_fetch_and_add(&known->bytes, skb->len);
		return 1;
	}
	struct packet_count first = {.packets = 1, .bytes = skb->len};
	bpf_map_update_elem(&packets, &key, &first, BPF_ANY);
	return 1;
}

SEC("cgroup_skb/egress")
int hash_out(struct __sk_buff *skb)
{
	return count(skb, true);
}

SEC("cgroup_skb/ingress")
int hash_in(struct __sk_buff *skb)
{
	return count(skb, false);
}

SEC("cgroup_skb/egress")
int empty_out(struct __sk_buff *skb)
{
	return 1;
}

SEC("cgroup_skb/ingress")
int empty_in(struct __sk_buff *skb)
{
	return 1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Linked to the programs by the benchmark of the drain: each run counts into a flow of its own. */
#include "kernel.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "flows.h"

u32 filled;

SEC("xdp")
int fill(struct xdp_md *packet)
{
	u32 number = __sync_fetch_and_add(&filled, 1);
	struct flow_key key = {
	    .cgroup_id = 1 + number % 50,
	    .remote_address = {0x20, 0x01, 0x0d, 0xb8},
	    .service_port = 443,
	    .protocol = IPPROTO_TCP,
	    .role = ROLE_CLIENT,
	};
	((__be32 *)key.remote_address)[3] = bpf_htonl(number);
	struct flow_value *flow = flow_of(&key);
	if (!flow)
		return XDP_ABORTED;
	__sync_fetch_and_add(&flow->bytes_sent, 1 + number);
	__sync_fetch_and_add(&flow->bytes_received, 1 + 3 * (u64)number);
	__sync_fetch_and_add(&flow->connections_opened, 1);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

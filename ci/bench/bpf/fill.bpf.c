// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Loaded over the maps of podatlas: each run counts into a flow of its own. */
#include "kernel.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "flows.h"

#define FILLED_CGROUPS 1000000 /* what nobody else has */

u32 filled;

/* Every other one with an IPv4 address: there are few for documentation, so its port differs. */
static __always_inline void set_remote(struct flow_key *key, u32 number)
{
	__be32 *address = (__be32 *)key->remote_address;

	if (number % 2) {
		address[0] = bpf_htonl(0x20010db8);
		address[3] = bpf_htonl(number);
		key->service_port = 443;
	} else {
		address[2] = bpf_htonl(0xffff);
		address[3] = bpf_htonl(0xc0000200 + number / 2 % 256);
		key->service_port = 1024 + number / 512 % 60000;
	}
}

SEC("xdp")
int fill(struct xdp_md *packet)
{
	u32 number = __sync_fetch_and_add(&filled, 1);
	struct flow_key key = {
	    .cgroup_id = FILLED_CGROUPS + number % 50,
	    .protocol = IPPROTO_TCP,
	    .role = ROLE_CLIENT,
	};
	set_remote(&key, number);
	struct flow_value *flow = flow_of(&key);
	if (!flow)
		return XDP_ABORTED;
	__sync_fetch_and_add(&flow->bytes_sent, 1 + number);
	__sync_fetch_and_add(&flow->bytes_received, 1 + 3 * (u64)number);
	__sync_fetch_and_add(&flow->connections_opened, 1);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

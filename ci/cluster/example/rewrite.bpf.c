// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What a socket load balancer does, such as that of Cilium: whoever connects to a Service is
 * connected to a pod behind it, before the socket has an address. Both are given by -D.
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("cgroup/connect4")
int rewrite(struct bpf_sock_addr *context)
{
	if (context->user_ip4 != bpf_htonl(SERVICE_ADDRESS) ||
	    context->user_port != bpf_htons(SERVICE_PORT))
		return 1;
	context->user_ip4 = bpf_htonl(POD_ADDRESS);
	context->user_port = bpf_htons(POD_PORT);
	return 1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include <stddef.h>
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "cgroup_events.h"
#include "flows.h"

/* Too large for the stack. The kernel traces paths under one lock, so there is one user at a time.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cgroup_event);
} cgroup_being_born SEC(".maps");

/* A cgroup may be gone before anybody looks: its name is kept here until user space has read it. */
SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(cgroup_birth, struct cgroup *cgroup, const char *path)
{
	if (cgroup->root->hierarchy_id != 0) /* of cgroup v1: no socket belongs to it */
		return 0;
	u32 first = 0;
	struct cgroup_event *event = bpf_map_lookup_elem(&cgroup_being_born, &first);
	if (!event)
		return 0;
	event->cgroup_id = cgroup->kn->id;
	event->kind = CGROUP_EVENT_BORN;
	long length = bpf_probe_read_kernel_str(event->path, sizeof(event->path), path);
	if (length < 0)
		length = 0;
	event->path_length = length;
	u64 size = CGROUP_EVENT_HEAD + length;
	if (size > sizeof(*event))
		return 0;
	if (bpf_ringbuf_output(&cgroup_events, event, size, 0))
		return drop(DROP_CGROUP_BIRTHS_FULL);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What user space is told about cgroups at once, in the order in which it happened. */
#ifndef CGROUP_EVENTS_H
#define CGROUP_EVENTS_H

#include "kernel.h"
#include "wire.h"
#include <bpf/bpf_helpers.h>

/* Some 1,300 births with paths as long as those of Kubernetes. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} cgroup_events SEC(".maps") __weak;

#define CGROUP_EVENT_HEAD offsetof(struct cgroup_event, path)

#endif

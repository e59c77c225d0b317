/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What leaves the kernel. agent/kernel/wire.gen.ts is generated from these types. */
#ifndef WIRE_H
#define WIRE_H

#include <linux/types.h>

enum flow_role {
	ROLE_CLIENT,
	ROLE_SERVER,
};

/* A map key is compared as bytes: no holes, and nothing unset. */
struct flow_key {
	__u64 cgroup_id;
	__u8 remote_address[16]; /* IPv4 as v4-mapped IPv6; all zeros: the flows of a full map */
	__u16 service_port;	 /* the listener's, whichever end it is on, in host order */
	__u8 protocol;
	__u8 role;
	__u32 process; /* 0: not counted by process, or not known */
};

struct flow_value {
	__u64 bytes_sent;
	__u64 bytes_received;
	__u64 connections_opened; /* by a client, accepted by a server */
	__u64 rtt_us;		  /* sum of the smoothed round-trip times that were sampled */
	__u64 rtt_samples;
	__u64 rtt_min_us; /* 0: no sample yet */
	__u64 retransmits;
	__u64 datagrams_sent;
	__u64 datagrams_received;
	__u64 failed_refused;
	__u64 failed_timed_out;
	__u64 failed_unreachable;
	__u64 failed_other;
	__u64 reset_by_us;
	__u64 reset_by_peer;
};

enum {
	FLOW_HEADS_PER_SLOT = 16, /* a slot has room for more, but this divides well */
};

/* Of a table of flows, in the place of its entry 0. User space sets all but `counted`. */
struct flow_table {
	__u64 counted; /* epoch << 32 | entries in use: those from 1 on */
	__u32 limit;   /* entries for flows; the rest is for the overflow of cgroups */
	__u32 capacity;
	__u64 seed;
};

/* Whole cache lines: what most reports change stands in the first two. */
struct flow_slot {
	union {
		struct {
			struct flow_key key;
			struct flow_value value;
			__u32 next; /* entry of the same bucket, or 0 */
		};
		struct flow_table table;
		/* Of buckets: epoch << 32 | its first entry; of another epoch: empty. */
		__u64 heads[FLOW_HEADS_PER_SLOT];
	};
} __attribute__((aligned(64)));

enum drop_reason {
	DROP_UNKNOWN_SOCKET, /* a socket older than the programs closed: its history is not ours */
	DROP_SOCKET_STORAGE, /* no memory to remember a socket beside the full table: not counted */
	DROP_SOCKETS_FULL,   /* no room in the table: the socket is counted when it closes */
	DROP_CLOSE_UNSEEN,   /* a socket is gone whose close no program saw: its last bytes are lost
			      */
	DROP_FLOWS_FULL,     /* no room for a flow: folded into its cgroup's overflow key */
	DROP_OVERFLOW_FULL,  /* no room for that key either: what an open socket has, waits */
	DROP_CONTENDED,	     /* others kept changing what the last report was, up to the close */
	DROP_CGROUP_BIRTHS_FULL, /* a cgroup is born untold: a scan finds it, if it lives so long */
	DROP_UDP_CGROUP_UNTOLD,	 /* a UDP socket in a cgroup that is not counted: user space
				    could not be told, its next socket tries again */
	DROP_ACCEPT_QUEUE_FULL,	 /* too many older sockets wait to be accepted: found after that */
	DROP_LISTENERS_FULL,	 /* an older socket of this listener may be taken for a client's */
	DROP_PROCESS_UNNAMED,	 /* no memory for the name of a process: it has its pid only */
	DROP_PROCESS_LISTENERS_FULL, /* connections to this port have no process until one is
					seen to hold them */
	DROP_PROCESS_SOCKET_STORAGE, /* no memory to remember whose a UDP socket is: what it
					receives has no process */
	DROP_REASONS,
};

/* The bits of a process key. */
enum process_key_bits {
	PROCESS_PID_BITS = 22,	/* in the host's PID namespace; no kernel gives higher ones */
	PROCESS_MARK_BITS = 10, /* of when it started: tells processes with the same pid apart */
};

struct process_name {
	union {
		char command[16]; /* ends with a 0 */
		__u64 words[2];
	};
};

/* One walk over the open files of all processes. User space sets all but the last two. */
struct process_walk {
	__u32 number;	 /* 1 to 65535 */
	__u32 assigns;	 /* the second pass */
	__u32 left_over; /* of the first pass: sockets whose process was not met yet, at least */
	__u32 named;	 /* the process that was met last */
};

/*
 * The table of sockets of programs that were there before and count too, as long as they do: see
 * bpf/old_table.h. User space sets it: agent/kernel/old-table.ts.
 */
struct old_table {
	__u32 bucket_count; /* 0: there are none */
	/* Where in one of its slots is what, in bytes: theirs may be another struct. */
	__u32 sk_at;
	__u32 cgroup_id_at;
	__u32 remote_address_at;
	__u32 sent_at;
	__u32 received_at;
	__u32 retransmits_at;
	__u32 phase_at;
	__u32 service_port_at;
	__u32 role_at;
};

/*
 * Reasons of programs before these, which ended untold: the agent writes them behind our own. Every
 * entry bears its name, so that whoever comes next knows reasons that it lacks.
 */
enum {
	DROPS_CARRIED = 32,
};

struct drop_value {
	__u64 events;
	__u64 bytes; /* lost for good */
	/* What user space has taken over of them. */
	__u64 reported_events;
	__u64 reported_bytes;
	char reason[32]; /* ends with a 0; empty: an entry to carry one */
};

enum cgroup_event_kind {
	CGROUP_EVENT_BORN,
	CGROUP_EVENT_UDP_SOCKET, /* made a UDP socket while its UDP was not counted */
	CGROUP_EVENT_UDP_FOUND,	 /* has a UDP socket that is older */
};

struct cgroup_event {
	__u64 cgroup_id;
	__u32 kind;
	__u32 path_length; /* with the final 0; 0: no path */
	char path[1024];   /* from the root of the hierarchy; the kernel cuts it here too */
};

/* One attachment of the UDP programs to a cgroup. */
struct udp_instance {
	__u64 cgroup_id; /* 0: being attached right now */
	__u32 is_used;	 /* a datagram came since user space has cleared it */
	__u32 reserved;
};

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The kernel fields that the programs read, and no others; CO-RE moves the offsets at load. */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s64 s64;

#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define PF_KTHREAD 0x00200000

#define READ_ONCE(field) (*(const volatile typeof(field) *)&(field))
#define WRITE_ONCE(field, value) (*(volatile typeof(field) *)&(field) = (value))

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
	u64 id;
};

struct cgroup_root {
	int hierarchy_id;
};

struct cgroup {
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

struct sock_cgroup_data {
	struct cgroup *cgroup;
};

struct in6_addr {
	union {
		__be32 u6_addr32[4];
	} in6_u;
};

typedef struct {
	s64 counter;
} atomic64_t;

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	__be32 skc_daddr;
	__be16 skc_dport;
	unsigned short skc_num;
	unsigned short skc_family;
	unsigned char skc_state;
	struct in6_addr skc_v6_daddr;
	unsigned long skc_flags;
	atomic64_t skc_cookie;
	possible_net_t skc_net;
};

enum sock_flags {
	SOCK_DEAD,
	SOCK_DONE,
};

typedef struct {
	int counter;
} atomic_t;

struct qspinlock {
	union {
		atomic_t val;
	};
};

struct raw_spinlock {
	struct qspinlock raw_lock;
};

struct spinlock {
	union {
		struct raw_spinlock rlock;
	};
};

typedef struct {
	struct spinlock slock;
	int owned;
} socket_lock_t;

struct sock {
	struct sock_common __sk_common;
	socket_lock_t sk_lock;
	u8 sk_userlocks : 4; /* newer kernels: a byte of its own */
	u16 sk_protocol;
	int sk_err;
	struct sock_cgroup_data sk_cgrp_data;
};

struct inet_sock {
	__be16 inet_sport;
};

struct request_sock {
	struct request_sock *dl_next;
	struct sock *sk;
};

struct request_sock_queue {
	struct request_sock *rskq_accept_head;
};

struct inet_connection_sock {
	struct inet_sock icsk_inet;
	struct request_sock_queue icsk_accept_queue;
};

struct minmax_sample {
	u32 v;
};

struct minmax {
	struct minmax_sample s[3];
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	u64 bytes_acked;
	u64 bytes_received;
	u64 bytes_sent;	   /* again for what is sent again */
	u64 bytes_retrans; /* of these, what was sent again */
	u32 snd_una;
	u32 snd_nxt;
	u32 write_seq;
	u32 total_retrans;
	u32 srtt_us; /* in units of 1/8 µs */
	struct minmax rtt_min;
};

struct sk_buff {
	struct sock *sk;
	unsigned int len;
	__be16 protocol;
	u16 transport_header;
	u16 network_header;
	unsigned int end; /* 64-bit kernels have offsets here */
	unsigned char *head;
	struct {
		atomic_t refs;
	} users;
};

struct skb_shared_info {
	u16 gso_size;
};

struct socket {
	struct sock *sk;
};

struct task_struct {
	unsigned int flags;
	int tgid;
	u64 start_boottime;
	struct task_struct *group_leader;
	char comm[16];
};

struct bpf_iter__task_file {
	struct task_struct *task;
	struct file *file;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	u32 *key;
	void *value;
};

#pragma clang attribute pop

#endif

// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * traffic SCENARIO CLIENT_CGROUP SERVER_CGROUP: prints the truth at each checkpoint.
 * traffic walk: walks the iterator link that is descriptor 3.
 * traffic send FD BYTES CONTROL: what a process of bpf/test/process_held.c becomes.
 */
#include "processes.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	void (*run)(void);
} scenarios[] = {
    {"closes", run_closes},
    {"half-closed", run_half_closed},
    {"orphan", run_orphan},
    {"refused", run_refused},
    {"reuse", run_reuse},
    {"self-connect", run_self_connect},
    {"in-flight", run_in_flight},
    {"fast-open", run_fast_open},
    {"dual-stack", run_dual_stack},
    {"many-services", run_many_services},
    {"older", run_older},
    {"no-storage", run_no_storage},
    {"race", run_race},
    {"short-race", run_short_race},
    {"come-and-stay", run_come_and_stay},
    {"crowd", run_crowd},
    {"small-crowd", run_small_crowd},
    {"timeouts", run_timeouts},
    {"failures", run_failures},
    {"kept-failures", run_kept_failures},
    {"resets", run_resets},
    {"held-closed", run_held_closed},
    {"loss", run_loss},
    {"streams", run_streams},
    {"streams-10gb", run_streams_10gb},
    {"never-accepted", run_never_accepted},
    {"mapped", run_mapped},
    {"seed", run_seed},
    {"seed-in-flight", run_seed_in_flight},
    {"seed-full-queue", run_seed_full_queue},
    {"busy", run_busy},
    {"busy-reconnecting", run_busy_reconnecting},
    {"steady", run_steady},
    {"changes", run_changes},
    {"ownership", run_ownership},
    {"removed-cgroup", run_removed_cgroup},
    {"mptcp", run_mptcp},
    {"mptcp-two-paths", run_mptcp_two_paths},
    {"udp", run_udp},
    {"udp-mapped", run_udp_mapped},
    {"udp-reads", run_udp_reads},
    {"udp-corked", run_udp_corked},
    {"udp-refused", run_udp_refused},
    {"udp-peers", run_udp_peers},
    {"udp-to-many", run_udp_to_many},
    {"udp-fragments", run_udp_fragments},
    {"udp-segments", run_udp_segments},
    {"udp-joined", run_udp_joined},
    {"udp-headers", run_udp_headers},
    {"udp-witness", run_udp_witness},
    {"udp-turns", run_udp_turns},
    {"udp-again", run_udp_again},
    {"udp-short", run_udp_short},
    {"processes-gone", run_processes_gone},
    {"processes-held", run_processes_held},
    {"processes-older", run_processes_older},
    {"processes-same-pid", run_processes_same_pid},
    {"processes-udp", run_processes_udp},
    {"processes-udp-no-storage", run_processes_udp_no_storage},
    {"processes-many-ports", run_processes_many_ports},
};

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "walk") == 0) {
		walk_without_pause(3);
		return 0;
	}
	if (argc == 5 && strcmp(argv[1], "send") == 0) {
		send_and_wait(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
		return 0;
	}
	if (argc != 4) {
		fprintf(stderr, "usage: traffic SCENARIO CLIENT_CGROUP SERVER_CGROUP\n");
		return 2;
	}
	cgroup_of[CLIENT] = argv[2];
	cgroup_of[SERVER] = argv[3];
	enter_own_network();
	join(CLIENT);
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		if (strcmp(scenarios[i].name, argv[1]) == 0) {
			scenarios[i].run();
			return 0;
		}
	}
	fprintf(stderr, "no scenario %s\n", argv[1]);
	return 2;
}

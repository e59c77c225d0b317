// SPDX-License-Identifier: Apache-2.0
/*
 * The first process of a machine of ci/vm: mounts what the agent expects, runs the program that the
 * kernel's command line names, and switches the machine off when it ends, however it ends.
 */
#include <stdio.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SET_CONSOLE_LEVEL = 8, EMERGENCIES = 1 };

static const struct {
	const char *type, *path;
} mounts[] = {
    {"proc", "/proc"}, {"sysfs", "/sys"},      {"devtmpfs", "/dev"},	      {"tmpfs", "/tmp"},
    {"tmpfs", "/run"}, {"bpf", "/sys/fs/bpf"}, {"cgroup2", "/sys/fs/cgroup"},
};

static void prepare(void)
{
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].path, 0755);
		if (mount(mounts[i].type, mounts[i].path, mounts[i].type, 0, NULL))
			perror(mounts[i].path);
	}
	struct rlimit descriptors = {65536, 65536};
	setrlimit(RLIMIT_NOFILE, &descriptors);
	/* The console also carries the answers: the kernel writes to it only when it dies. */
	klogctl(SET_CONSOLE_LEVEL, NULL, EMERGENCIES);
}

int main(void)
{
	char *const command[] = {"/bin/node", "/app/guest.mjs", NULL};
	char *const environment[] = {"PATH=/bin", "HOME=/tmp", "PODATLAS_PREBUILT=/app", NULL};
	int status = 0;

	prepare();
	pid_t child = fork();
	if (child == 0) {
		execve(command[0], command, environment);
		perror(command[0]);
		_exit(127);
	}
	while (wait(&status) != child)
		continue;
	printf("init: the guest's program ended with status %#x\n", status);
	fflush(stdout);
	reboot(RB_POWER_OFF);
	return 0;
}

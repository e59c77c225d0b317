/*
 * Process 1 of a pod's sandbox and of the test cluster: collects the children that others leave
 * behind. With arguments it runs that command and ends with it; without, it waits for SIGTERM.
 */
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	pid_t command = 0, child;
	sigset_t awaited;
	int signal, status;

	/* Blocked, so that none is lost between two waits; process 1 would drop them unblocked. */
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGCHLD);
	sigaddset(&awaited, SIGTERM);
	sigaddset(&awaited, SIGINT);
	sigprocmask(SIG_BLOCK, &awaited, NULL);
	if (argc > 1) {
		command = fork();
		if (command < 0)
			return 1;
		if (command == 0) {
			sigprocmask(SIG_UNBLOCK, &awaited, NULL);
			execvp(argv[1], argv + 1);
			_exit(127);
		}
	}
	while (sigwait(&awaited, &signal) == 0) {
		if (signal != SIGCHLD && !command)
			return 0;
		if (signal != SIGCHLD)
			kill(command, signal);
		while ((child = waitpid(-1, &status, WNOHANG)) > 0)
			if (child == command)
				return WIFEXITED(status) ? WEXITSTATUS(status)
							 : 128 + WTERMSIG(status);
	}
	return 1;
}

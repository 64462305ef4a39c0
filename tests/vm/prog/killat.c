// SPDX-License-Identifier: GPL-2.0
/*
 * killat N FILE CMD...: run CMD, and kill it (SIGKILL) as its Nth system call begins: the
 * call is not made any more. With 0 it may live. FILE gets the number of calls that were
 * begun. Exit status: CMD's, 128 and more for a signal, 125 for trouble.
 *
 * read() and pread64() are not counted: killed at one of them, the kernel has the same to
 * undo as when killed at the next call, and a loader reads BTF page by page.
 * Calls of processes and threads that CMD starts count too.
 *
 * strace has inject=SET:signal=KILL:when=N, but not together with a seccomp filter (the
 * kernel drops signals at such a stop), and without one each of those reads is two stops.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "killat: %s: %s\n", what, strerror(errno));
	exit(125);
}

static void child(char **cmd)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pread64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(insns) / sizeof(insns[0]), insns };

	must(!ptrace(PTRACE_TRACEME, 0, 0, 0), "ptrace");
	/* until the options are set, without which the filter forbids every call */
	raise(SIGSTOP);
	must(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog), "seccomp");
	execvp(cmd[0], cmd);
	must(0, cmd[0]);
}

/* How it ended. *calls have begun. */
static int follow(pid_t first, unsigned long n, unsigned long *calls)
{
	int status, sig;
	pid_t pid;

	for (;;) {
		pid = waitpid(-1, &status, __WALL);
		must(pid > 0, "waitpid");
		if (!WIFSTOPPED(status)) {
			if (pid == first)
				return status;
			continue;
		}
		sig = WSTOPSIG(status);
		if (status >> 16) {
			sig = 0;
			if (status >> 16 == PTRACE_EVENT_SECCOMP && ++*calls == n)
				kill(pid, SIGKILL);
		} else if (sig == SIGSTOP) {
			/* how a new thread or process begins */
			sig = 0;
		}
		/* Who has been killed is not there any more. */
		ptrace(PTRACE_CONT, pid, 0, sig);
	}
}

int main(int argc, char **argv)
{
	unsigned long n, calls = 0;
	int status;
	pid_t pid;
	FILE *f;

	if (argc < 4) {
		fprintf(stderr, "usage: killat N FILE CMD...\n");
		return 125;
	}
	n = strtoul(argv[1], NULL, 10);
	f = fopen(argv[2], "we");
	must(f != NULL, argv[2]);
	pid = fork();
	must(pid >= 0, "fork");
	if (!pid)
		child(argv + 3);
	must(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status), "waitpid");
	must(!ptrace(PTRACE_SETOPTIONS, pid, 0,
		     PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE |
		     PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL), "ptrace");
	must(!ptrace(PTRACE_CONT, pid, 0, 0), "ptrace");
	status = follow(pid, n, &calls);
	fprintf(f, "%lu\n", calls);
	must(!fclose(f), argv[2]);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Functions of the kernel that programs are put on, as they have been for years: where
 * one has another prototype, or is not there, the pair is refused, and no more.
 */
#include "source.h"

#define NR(a)	(sizeof(a) / sizeof((a)[0]))
#define NUM(t, n)	{ t, n, SOURCE_NUMBER }
#define PTR(t, n)	{ t, n, SOURCE_POINTER }
#define FILE_	{ "struct file *", "file", SOURCE_FILE }
#define SOCK_	{ "struct sock *", "sk", SOURCE_SOCK }

static const struct source_func funcs[] = {
	{ "vfs_read", { FILE_, PTR("char *", "buf"), NUM("size_t", "count"),
			PTR("loff_t *", "pos") }, 4 },
	{ "vfs_write", { FILE_, PTR("const char *", "buf"), NUM("size_t", "count"),
			 PTR("loff_t *", "pos") }, 4 },
	{ "vfs_fsync_range", { FILE_, NUM("loff_t", "start"), NUM("loff_t", "end"),
			       NUM("int", "datasync") }, 4 },
	{ "vfs_open", { PTR("const struct path *", "path"), FILE_ }, 2 },
	{ "hrtimer_nanosleep", { NUM("ktime_t", "rqtp"), NUM("int", "mode"),
				 NUM("int", "clockid") }, 3 },
	{ "inet_listen", { PTR("struct socket *", "sock"), NUM("int", "backlog") }, 2 },
	{ "inet_bind", { PTR("struct socket *", "sock"), PTR("struct sockaddr *", "addr"),
			 NUM("int", "len") }, 3 },
	{ "tcp_v4_connect", { SOCK_, PTR("struct sockaddr *", "addr"), NUM("int", "len") }, 3 },
	{ "tcp_sendmsg", { SOCK_, PTR("struct msghdr *", "msg"), NUM("size_t", "size") }, 3 },
	{ "tcp_recvmsg", { SOCK_, PTR("struct msghdr *", "msg"), NUM("size_t", "len"),
			   NUM("int", "flags"), PTR("int *", "addr_len") }, 5 },
	{ "udp_sendmsg", { SOCK_, PTR("struct msghdr *", "msg"), NUM("size_t", "len") }, 3 },
	{ "cap_capable", { PTR("const struct cred *", "cred"),
			   PTR("struct user_namespace *", "ns"), NUM("int", "cap"),
			   NUM("unsigned int", "opts") }, 4 },
	{ "do_filp_open", { NUM("int", "dfd"), PTR("struct filename *", "path"),
			    PTR("const struct open_flags *", "op") }, 3 },
	{ "do_unlinkat", { NUM("int", "dfd"), PTR("struct filename *", "path") }, 2 },
	{ "filp_close", { FILE_, PTR("void *", "owner") }, 2 },
	{ "ksys_read", { NUM("unsigned int", "fd"), PTR("char *", "buf"),
			 NUM("size_t", "count") }, 3 },
	{ "ksys_write", { NUM("unsigned int", "fd"), PTR("const char *", "buf"),
			  NUM("size_t", "count") }, 3 },
	{ "security_file_open", { FILE_ }, 1 },
	{ "vfs_getattr", { PTR("const struct path *", "path"), PTR("struct kstat *", "stat"),
			   NUM("__u32", "mask"), NUM("unsigned int", "flags") }, 4 },
	{ "vfs_statx", { NUM("int", "dfd"), PTR("struct filename *", "path"), NUM("int", "flags"),
			 PTR("struct kstat *", "stat"), NUM("__u32", "mask") }, 5 },
	{ "vfs_unlink", { PTR("struct mnt_idmap *", "idmap"),
			  { "struct inode *", "dir", SOURCE_INODE },
			  { "struct dentry *", "dentry", SOURCE_DENTRY },
			  PTR("struct inode **", "delegated") }, 4 },
	{ "vfs_mkdir", { PTR("struct mnt_idmap *", "idmap"),
			 { "struct inode *", "dir", SOURCE_INODE },
			 { "struct dentry *", "dentry", SOURCE_DENTRY },
			 NUM("unsigned short", "mode") }, 4 },
	{ "vfs_rmdir", { PTR("struct mnt_idmap *", "idmap"),
			 { "struct inode *", "dir", SOURCE_INODE },
			 { "struct dentry *", "dentry", SOURCE_DENTRY } }, 3 },
	{ "vfs_fallocate", { FILE_, NUM("int", "mode"), NUM("loff_t", "offset"),
			     NUM("loff_t", "len") }, 4 },
	{ "vfs_llseek", { FILE_, NUM("loff_t", "offset"), NUM("int", "whence") }, 3 },
	{ "iterate_dir", { FILE_, PTR("struct dir_context *", "dir") }, 2 },
};

static const char *const calls[] = {
	"read", "write", "openat", "nanosleep", "kill", "futex", "mkdir", "unlinkat", "newfstat",
	"fsync", "connect", "bind", "clock_nanosleep", "pread64", "ioctl", "clone", "execve",
	"sendto", "recvfrom", "statx",
};

/* A random one that bits does not have yet; any, when all have been used. */
static unsigned int unused(struct source *s, unsigned int *bits, unsigned int nr)
{
	unsigned int n = source_rnd(s, nr), i;

	for (i = 0; i < nr && *bits >> (n + i) % nr & 1; i++)
		;
	n = (n + i) % nr;
	*bits |= 1U << n;
	return n;
}

const struct source_func *source_func(struct source *s)
{
	return &funcs[unused(s, &s->used_funcs, NR(funcs))];
}

const char *source_syscall(struct source *s)
{
	return calls[unused(s, &s->used_calls, NR(calls))];
}

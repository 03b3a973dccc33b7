/*
 * comms.c - see comms.h. Layer 5.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/comm.h"
#include "base/io.h"
#include "session/comms.h"

/* Inode of the namespace that the kernel's own pids are in. */
#define INIT_PID_NS	0xEFFFFFFCu

#define SIZE_LEN	8
#define PID_MAX		(1u << 22)	/* the kernel has no more */

/* Pids whose names are known, and the text made of them. */
struct comms {
	uint8_t seen[PID_MAX / 8];
	struct buf text;
};

static bool pids_are_the_kernels(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) && st.st_ino == INIT_PID_NS;
}

/* Note @pid. False if it was noted before, or is none. */
static bool note_pid(struct comms *c, unsigned long pid)
{
	uint8_t bit = 1 << pid % 8;

	if (!pid || pid >= PID_MAX || c->seen[pid / 8] & bit)
		return false;
	c->seen[pid / 8] |= bit;
	return true;
}

/* A thread's name; one that has ended meanwhile has none. */
static void add_thread(struct comms *c, const char *pid, const char *tid)
{
	_cleanup_(buf_release) struct buf comm = { .cap = 256 };
	char path[64];
	size_t i, len;

	snprintf(path, sizeof(path), "/proc/%.16s/task/%.16s/comm", pid, tid);
	if (io_read_path(path, &comm) || !comm.len || !note_pid(c, strtoul(tid, NULL, 10)))
		return;
	/* it may have any byte, but one line it shall be */
	len = comm_length((char *)comm.data, comm.len - 1);
	for (i = 0; i < len; i++) {
		if (comm.data[i] < ' ')
			comm.data[i] = '?';
	}
	buf_printf(&c->text, "%s %.*s\n", tid, (int)len, (char *)comm.data);
}

static void add_process(struct comms *c, const char *pid)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *d;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%.16s/task", pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] != '.')
			add_thread(c, pid, d->d_name);
	}
}

/* What the kernel knows of those that have ended by now. */
static void add_saved(struct comms *c, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (note_pid(c, strtoul(text, NULL, 10))) {
			buf_add(&c->text, text, len);
			buf_add(&c->text, "\n", 1);
		}
		text += len + (text[len] == '\n');
	}
}

int comms_complete(struct buf *cmdlines)
{
	_cleanup_closedir_ DIR *dir = NULL;
	_cleanup_free_ struct comms *c = NULL;
	struct dirent *d;
	uint64_t size;
	int ret;

	if (!pids_are_the_kernels() || cmdlines->len < SIZE_LEN)
		return 0;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	buf_extend(&c->text, SIZE_LEN);
	dir = opendir("/proc");
	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] >= '1' && d->d_name[0] <= '9')
			add_process(c, d->d_name);
	}
	add_saved(c, (char *)cmdlines->data + SIZE_LEN);
	ret = c->text.error;
	if (!ret) {
		size = c->text.len - SIZE_LEN;
		memcpy(c->text.data, &size, sizeof(size));
		buf_reset(cmdlines);
		ret = buf_add(cmdlines, c->text.data, c->text.len);
	}
	buf_release(&c->text);
	return ret;
}

/*
 * instance-dir.h - the directory of an instance for comparing clocks: found by its id, made, marked as ours,
 * claimed, cleared away.
 *
 * Layer 4. What is in it while clocks are compared is instance.h's; tsync_pick_id() and tsync_drop_id(),
 * which are in here, too, are described in tsync.h, sync_instance_hold() in instance.h.
 */
#ifndef TSYNC_INSTANCE_DIR_H
#define TSYNC_INSTANCE_DIR_H

/* Its path, heap; @tracing_dir NULL: the system's. NULL: there is no tracefs, or no memory. */
char *instance_dir_path(const char *tracing_dir, int id);

/* Make it, with our mark on it. 0; -EEXIST; -errno. */
int instance_dir_make(const char *path);

/* Have its buffers no larger than markers need. 0; -errno. */
int instance_dir_shrink(const char *path);

/*
 * Claim it as a recording does (setup/inuse.h), so that nobody who wants to record in it, reset
 * or clear it does so meanwhile. The descriptor, as long as which is open it holds; -1: it can't be claimed;
 * -EBUSY: somebody else has.
 */
int instance_dir_claim(const char *path);

/* Write @text to a file of it. 0; -errno. */
int instance_dir_write(const char *path, const char *name, const char *text);

/* The number that a small file of it starts with; -errno. */
long instance_dir_number(const char *path, const char *name);

#endif

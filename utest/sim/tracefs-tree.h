/*
 * tracefs-tree.h - a tree of files that is like tracefs, as far as an instance for comparing clocks needs it.
 */
#ifndef SIM_TRACEFS_TREE_H
#define SIM_TRACEFS_TREE_H

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A file of a tree that is like tracefs, with directories on the way to it. */
static inline void put_file(const char *dir, const char *name, const char *text)
{
	char path[512];
	char *slash;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	for (slash = path + strlen(dir); (slash = strchr(slash + 1, '/')); *slash = '/') {
		*slash = 0;
		mkdir(path, 0700);
	}
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fputs(text, f) < 0, 0);
	assert_int_equal(fclose(f), 0);
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

/* Remove what is called @name in @dir and all in it. */
static inline void remove_all(const char *dir, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

#define RAW_FORMAT \
	"name: raw_data\nID: 14\nformat:\n" \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n" \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n" \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n" \
	"\tfield:unsigned int id;\toffset:8;\tsize:4;\tsigned:0;\n" \
	"\tfield:char buf[];\toffset:12;\tsize:0;\tsigned:0;\n\n" \
	"print fmt: \"id:%04x %08x\", REC->id, (int)REC->buf[0]\n"

#endif

/*
 * kvm-tree.h - for tests: what KVM's debugfs says, made up; and settings of scaled clocks.
 */
#ifndef SIM_KVM_TREE_H
#define SIM_KVM_TREE_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tsync/kvm-scale.h"

/* The process of all machines. */
#define TREE_PID 4242

static inline uint64_t ratio_of(double r, unsigned int fraction)
{
	return (uint64_t)(r * (double)(1ULL << fraction));
}

static const double ratios[] = { 0.5, 0.9999, 1.0, 1.0001, 1.3, 2.0, 1 / 1.3 };
static const unsigned int fractions[] = { 32, 48 };

static inline struct kvm_scale scale_of(double ratio, unsigned int fraction, int64_t offset)
{
	return (struct kvm_scale){
		.offset = offset, .ratio = ratio_of(ratio, fraction), .fraction = fraction,
	};
}

struct tree {
	char dir[64];
};

static inline void tree_init(struct tree *t)
{
	snprintf(t->dir, sizeof(t->dir), "/tmp/kvm-files-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

static inline void tree_release(struct tree *t)
{
	assert_int_equal(nftw(t->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* vcpu@number/@name of machine @vm with @text; NULL: the file goes away. */
static inline void tree_put(struct tree *t, const char *vm, int number, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", t->dir, vm);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/vcpu%d", t->dir, vm, number);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/vcpu%d/%s", t->dir, vm, number, name);
	if (!text) {
		unlink(path);
		return;
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static inline void tree_scale(struct tree *t, int number, const struct kvm_scale *s)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld\n", (long long)s->offset);
	tree_put(t, "4242-11", number, "tsc-offset", text);
	if (!s->fraction)
		return;
	snprintf(text, sizeof(text), "%llu\n", (unsigned long long)s->ratio);
	tree_put(t, "4242-11", number, "tsc-scaling-ratio", text);
	snprintf(text, sizeof(text), "%u\n", s->fraction);
	tree_put(t, "4242-11", number, "tsc-scaling-ratio-frac-bits", text);
}

#endif

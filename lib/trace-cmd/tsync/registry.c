/*
 * registry.c - the known protocols and the choice among them: see tsync.h. Layer 4.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tsync/registry.h"

static const struct tsync_proto *const protos[] = {
	&tsync_proto_kvm,
	&tsync_proto_vmexit,
	&tsync_proto_burst,
	&tsync_proto_ptp,
};

const struct tsync_proto *tsync_proto_at(unsigned int i)
{
	return i < ARRAY_SIZE(protos) ? protos[i] : NULL;
}

const struct tsync_proto *tsync_proto_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(protos); i++)
		if (!strcmp(protos[i]->name, name))
			return protos[i];
	return NULL;
}

static bool fits(const struct tsync_proto *p, enum tsync_role role, const char *clock)
{
	return (p->roles & role) && p->usable(clock);
}

const char **tsync_offer(enum tsync_role role, const char *clock, const char *only)
{
	const char **names = calloc(ARRAY_SIZE(protos) + 1, sizeof(*names));
	unsigned int i, n = 0;

	for (i = 0; names && i < ARRAY_SIZE(protos); i++)
		if (fits(protos[i], role, clock) && (!only || !strcmp(protos[i]->name, only)))
			names[n++] = protos[i]->name;
	return names;
}

void tsync_fallback(char *const *names, enum tsync_role role, const char *clock,
		    const struct tsync_proto *proto,
		    const struct tsync_proto *ret[TSYNC_PROTOS_MAX + 1])
{
	unsigned int n = 0, i;

	for (; names && *names && n < TSYNC_PROTOS_MAX; names++) {
		const struct tsync_proto *p = tsync_proto_find(*names);

		if (!p || !fits(p, role, clock) || p->accuracy <= proto->accuracy)
			continue;
		for (i = 0; i < n && ret[i] != p; i++)
			;
		if (i < n)
			continue;
		for (i = n++; i && ret[i - 1]->accuracy > p->accuracy; i--)
			ret[i] = ret[i - 1];
		ret[i] = p;
	}
	ret[n] = NULL;
}

const struct tsync_proto *tsync_choose(char *const *names, enum tsync_role role, const char *clock)
{
	const struct tsync_proto *best = NULL;

	for (; names && *names; names++) {
		const struct tsync_proto *p = tsync_proto_find(*names);

		if (p && fits(p, role, clock) && (!best || p->accuracy < best->accuracy))
			best = p;
	}
	return best;
}

/*
 * vm-parse.c - see vm-parse.h. Layer 5, pure.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "session/vm-parse.h"

/* --- command lines ------------------------------------------------------------ */

/* The value after "@key=" in a comma list, up to the next comma; its length in @ret_len. */
static const char *list_value(const char *list, const char *key, size_t *ret_len)
{
	const char *at = list;
	size_t len = strlen(key);

	while (at) {
		if (!strncmp(at, key, len) && at[len] == '=') {
			*ret_len = strcspn(at + len + 1, ",");
			return at + len + 1;
		}
		at = strchr(at, ',');
		at = at ? at + 1 : NULL;
	}
	return NULL;
}

/* The number behind "key": in JSON, which QEMU takes as well. NULL: none. */
static const char *json_value(const char *json, const char *key)
{
	const char *at = json[0] == '{' ? strstr(json, key) : NULL;

	if (!at)
		return NULL;
	at += strlen(key);
	at += strspn(at, " ");
	if (*at != ':')
		return NULL;
	return at + 1 + strspn(at + 1, " ");
}

static void take_cid(struct vm *vm, const char *value)
{
	unsigned long long cid;

	if (!value || !isdigit((unsigned char)*value))
		return;
	/* QEMU takes 64 bits, an address has 32 of them, and all ones mean any */
	cid = strtoull(value, NULL, 10);
	if (cid < UINT32_MAX)
		vm->cid = cid;
}

/* "guest=NAME,..." or "NAME,..." */
static void take_name(struct vm *vm, const char *list)
{
	size_t len;
	const char *value = list_value(list, "guest", &len);

	if (!value) {
		value = list;
		len = strcspn(list, ",");
	}
	snprintf(vm->name, sizeof(vm->name), "%.*s", (int)len, value);
}

/* "3" or "cid=3,..." */
static void take_vsock(struct vm *vm, const char *list)
{
	size_t len;
	const char *value = list_value(list, "cid", &len);

	take_cid(vm, value ? value : list);
}

/* Who takes what behind which word. */
static const struct word {
	const char *program;	/* NULL: any */
	const char *option;
	void (*take)(struct vm *vm, const char *value);
} words[] = {
	{ NULL, "-name", take_name },
	{ NULL, "--name", take_name },
	{ "crosvm", "--cid", take_cid },
	{ "crosvm", "--vsock", take_vsock },
	{ "firecracker", "--id", take_name },
};

/* The row of an option, with its value if that is joined by '='. */
static const struct word *find_word(const char *program, const char *word, const char **ret_value)
{
	size_t i, len = strcspn(word, "=");

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		const struct word *w = &words[i];

		if (strlen(w->option) != len || strncmp(w->option, word, len) ||
		    (w->program && strcmp(w->program, program)))
			continue;
		*ret_value = word[len] ? word + len + 1 : NULL;
		return w;
	}
	return NULL;
}

void vm_parse_cmdline(const struct buf *b, struct vm *vm)
{
	const char *at = (const char *)b->data, *end = at + b->len, *value;
	const char *slash = at ? strrchr(at, '/') : NULL, *program = slash ? slash + 1 : at;
	const struct word *waits = NULL;
	size_t len;

	vm->cid = -1;
	vm->name[0] = 0;
	for (; at < end; at += strlen(at) + 1) {
		if (waits) {
			waits->take(vm, at);
			waits = NULL;
			continue;
		}
		waits = find_word(program, at, &value);
		if (waits && value) {
			waits->take(vm, value);
			waits = NULL;
		}
		take_cid(vm, list_value(at, "guest-cid", &len));
		take_cid(vm, json_value(at, "\"guest-cid\""));
	}
}

/* --- libvirt ------------------------------------------------------------------- */

/* The attribute @name of the tag that begins at @tag. NULL: it has none. */
static const char *attribute(const char *tag, const char *name)
{
	const char *end = strchr(tag, '>'), *at = tag;
	size_t len = strlen(name);

	while (end && (at = strstr(at, name)) && at < end) {
		if (at[-1] == ' ' && at[len] == '=' && (at[len + 1] == '\'' || at[len + 1] == '"'))
			return at + len + 2;
		at += len;
	}
	return NULL;
}

/* Text up to the next tag, without the five entities. */
static void take_text(char *to, size_t size, const char *from)
{
	static const struct { const char *entity; char c; } entities[] = {
		{ "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&apos;", '\'' },
		{ "&quot;", '"' },
	};
	size_t i, n = 0;

	while (*from && *from != '<' && n + 1 < size) {
		for (i = 0; i < ARRAY_SIZE(entities); i++) {
			if (!strncmp(from, entities[i].entity, strlen(entities[i].entity)))
				break;
		}
		to[n++] = i < ARRAY_SIZE(entities) ? entities[i].c : *from;
		from += i < ARRAY_SIZE(entities) ? strlen(entities[i].entity) : 1;
	}
	to[n] = 0;
}

bool vm_parse_libvirt(const char *xml, struct vm *ret)
{
	const char *status = strstr(xml, "<domstatus "), *pid, *domain, *name, *vsock, *cid, *number;
	struct vm vm = { .cid = -1 };

	pid = status ? attribute(status, "pid") : NULL;
	domain = status ? strstr(status, "<domain ") : NULL;
	name = domain ? strstr(domain, "<name>") : NULL;
	if (!pid || !name)
		return false;
	vm.pid = strtol(pid, NULL, 10);
	if (vm.pid <= 0)
		return false;
	take_text(vm.name, sizeof(vm.name), name + strlen("<name>"));
	vsock = strstr(domain, "<vsock");
	cid = vsock ? strstr(vsock, "<cid ") : NULL;
	number = cid ? attribute(cid, "address") : NULL;
	take_cid(&vm, number);
	*ret = vm;
	return true;
}

/* --- threads ---------------------------------------------------------------------- */

int vm_parse_vcpu(const char *comm)
{
	/* QEMU with debug-threads=on, as libvirt has it; Firecracker; crosvm; Cloud Hypervisor */
	static const struct { const char *before, *behind; } names[] = {
		{ "CPU ", "/KVM" }, { "fc_vcpu ", "" }, { "crosvm_vcpu", "" }, { "vcpu", "" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		size_t len = strlen(names[i].before);
		char *end;
		long vcpu;

		if (strncmp(comm, names[i].before, len) || !isdigit((unsigned char)comm[len]))
			continue;
		vcpu = strtol(comm + len, &end, 10);
		if (vcpu > INT32_MAX || strncmp(end, names[i].behind, strlen(names[i].behind)))
			continue;
		end += strlen(names[i].behind);
		if (!*end || *end == '\n')
			return (int)vcpu;
	}
	return -1;
}

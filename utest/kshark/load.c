/*
 * load.c - load traces as KernelShark does, by its library: name, number of entries, first and
 * last time of each, and the sum of all times since the first.
 */
#include <stdio.h>
#include <stdlib.h>

#include <libkshark.h>

static long long sum(struct kshark_entry **rows, ssize_t n)
{
	long long all = 0;
	ssize_t i;

	for (i = 0; i < n; i++)
		all += rows[i]->ts - rows[0]->ts;
	return all;
}

int main(int argc, char **argv)
{
	struct kshark_context *context = NULL;
	int i;

	if (!kshark_instance(&context))
		return 1;
	for (i = 1; i < argc; i++) {
		struct kshark_entry **rows = NULL;
		int stream = kshark_open(context, argv[i]);
		ssize_t n;

		if (stream < 0) {
			fprintf(stderr, "%s: kshark_open() says %d\n", argv[i], stream);
			return 1;
		}
		n = kshark_load_entries(context, stream, &rows);
		printf("%s %zd %lld %lld %lld\n", argv[i], n, n > 0 ? (long long)rows[0]->ts : 0,
		       n > 0 ? (long long)rows[n - 1]->ts : 0, sum(rows, n));
	}
	return 0;
}

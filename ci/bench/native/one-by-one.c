// SPDX-License-Identifier: Apache-2.0
/* A hash map emptied the plain way, by three system calls per entry. */
#include "bench.h"
#include <err.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int new_hash(size_t key_size, size_t value_size, size_t entries)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_HASH;
	attr.key_size = key_size;
	attr.value_size = value_size;
	attr.max_entries = entries;
	int map = bpf(BPF_MAP_CREATE, &attr);
	check(map, "BPF_MAP_CREATE");
	return map;
}

static int on_element(int command, int map, const void *key, const void *value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = map;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value; /* also where BPF_MAP_GET_NEXT_KEY puts the key */
	return bpf(command, &attr);
}

/* Asks for the next key before it deletes one: from a key that is gone the search starts anew. */
static size_t take_all(int map, char *keys, size_t key_size, char *values, size_t value_size)
{
	int is_end = on_element(BPF_MAP_GET_NEXT_KEY, map, NULL, keys);
	size_t count = 0;

	for (; !is_end; count++) {
		char *key = keys + count * key_size, *value = values + count * value_size;
		check(on_element(BPF_MAP_LOOKUP_ELEM, map, key, value), "BPF_MAP_LOOKUP_ELEM");
		is_end = on_element(BPF_MAP_GET_NEXT_KEY, map, key, key + key_size);
		if (is_end && errno != ENOENT)
			err(1, "BPF_MAP_GET_NEXT_KEY");
		check(on_element(BPF_MAP_DELETE_ELEM, map, key, NULL), "BPF_MAP_DELETE_ELEM");
	}
	return count;
}

/*
 * Takes all keys and then all values from its input, fills a map with them, and empties it. Answers
 * with a line of the nanoseconds this took, and the keys and values as they came out.
 */
void one_by_one(size_t key_size, size_t value_size, size_t entries)
{
	/* One more: the place of the key that is not there any more. */
	char *keys = malloc((entries + 1) * key_size), *values = malloc((entries + 1) * value_size);
	int map = new_hash(key_size, value_size, entries);

	while (fread(keys, key_size, entries, stdin) == entries &&
	       fread(values, value_size, entries, stdin) == entries) {
		for (size_t i = 0; i < entries; i++)
			check(on_element(BPF_MAP_UPDATE_ELEM, map, keys + i * key_size,
					 values + i * value_size),
			      "BPF_MAP_UPDATE_ELEM");
		double start = now_ns();
		size_t count = take_all(map, keys, key_size, values, value_size);
		double ns = now_ns() - start;
		if (count != entries)
			errx(1, "%zu of %zu entries came out", count, entries);
		printf("%.0f\n", ns);
		fwrite(keys, key_size, entries, stdout);
		fwrite(values, value_size, entries, stdout);
		fflush(stdout);
	}
}

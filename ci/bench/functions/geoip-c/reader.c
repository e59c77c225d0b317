// SPDX-License-Identifier: Apache-2.0
/*
 * reader DATABASE FAMILY ADDRESSES: looks up what the file of addresses holds, 4 or 16 bytes each,
 * by libmaxminddb. Lines: "time" answers the nanoseconds of a lookup with both coordinates; another
 * word is a file to write the answers to, in ten thousandths of a degree.
 */
#include <arpa/inet.h>
#include <err.h>
#include <math.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static MMDB_s database;
static int size;
static const unsigned char *addresses;
static size_t count;

static double number(MMDB_entry_s *entry, const char *name)
{
	MMDB_entry_data_s value;

	if (MMDB_get_value(entry, &value, name, NULL) != MMDB_SUCCESS || !value.has_data)
		return NAN;
	return value.type == MMDB_DATA_TYPE_FLOAT ? (double)value.float_value : value.double_value;
}

static void look_up(size_t i, double *latitude, double *longitude)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address = {0};
	int error;

	if (size == 4) {
		address.v4.sin_family = AF_INET;
		memcpy(&address.v4.sin_addr, addresses + i * 4, 4);
	} else {
		address.v6.sin6_family = AF_INET6;
		memcpy(&address.v6.sin6_addr, addresses + i * 16, 16);
	}
	MMDB_lookup_result_s found = MMDB_lookup_sockaddr(&database, &address.any, &error);
	if (error != MMDB_SUCCESS)
		errx(1, "lookup: %s", MMDB_strerror(error));
	*latitude = found.found_entry ? number(&found.entry, "latitude") : NAN;
	*longitude = found.found_entry ? number(&found.entry, "longitude") : NAN;
}

static void print_time(void)
{
	struct timespec start, end;
	double latitude, longitude, sum = 0;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (size_t i = 0; i < count; i++) {
		look_up(i, &latitude, &longitude);
		if (!isnan(latitude))
			sum += latitude + longitude;
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%f %f\n",
	       ((end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec)) / count, sum);
}

static int rounded(double degrees)
{
	return isnan(degrees) ? INT32_MIN : (int)floor(degrees * 10000 + 0.5);
}

static void write_answers(const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file)
		err(1, "%s", path);
	for (size_t i = 0; i < count; i++) {
		double latitude, longitude;

		look_up(i, &latitude, &longitude);
		int answer[] = {rounded(latitude), rounded(longitude)};
		fwrite(answer, sizeof(answer), 1, file);
	}
	if (fclose(file))
		err(1, "%s", path);
	printf("written\n");
}

int main(int argc, char **argv)
{
	char line[4096];
	struct stat about;

	if (argc != 4)
		errx(2, "usage: reader DATABASE 4|6 ADDRESSES");
	int opened = MMDB_open(argv[1], MMDB_MODE_MMAP, &database);
	if (opened != MMDB_SUCCESS)
		errx(1, "%s: %s", argv[1], MMDB_strerror(opened));
	size = *argv[2] == '4' ? 4 : 16;
	int fd = open(argv[3], O_RDONLY);
	if (fd < 0 || fstat(fd, &about))
		err(1, "%s", argv[3]);
	count = about.st_size / size;
	addresses = mmap(NULL, about.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (addresses == MAP_FAILED)
		err(1, "mmap");
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (!strcmp(line, "time"))
			print_time();
		else
			write_answers(line);
		fflush(stdout);
	}
	MMDB_close(&database);
	return 0;
}

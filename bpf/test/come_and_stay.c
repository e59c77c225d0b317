// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "traffic.h"
#include <netinet/in.h>

#define ROUNDS 10
/* Fewer sockets in all than the first buckets of the table have places: none has to be shared. */
#define STAYING 50
/* So that each place of a bucket is that of a connection which stays, now and then. */
#define COMING 4

static void come_and_stay(struct service *service)
{
	struct connection staying[STAYING];

	for (int i = 0; i < STAYING; i++) {
		for (int n = 0; n < COMING; n++) {
			struct connection connection = open_connection(service);
			close_end(&connection, CLIENT);
			close_end(&connection, SERVER);
		}
		staying[i] = open_connection(service);
	}
	checkpoint();
	for (int i = 0; i < STAYING; i++)
		close_in_order(&staying[i], CLIENT);
}

/* Most connections close at once, which leaves their bucket of the table empty; the next one stays.
 */
void run_come_and_stay(void)
{
	struct service *service = serve("come and stay", AF_INET);

	checkpoint();
	for (int round = 0; round < ROUNDS; round++)
		come_and_stay(service);
	checkpoint();
}

// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "traffic.h"
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SENT 500

/* A client's connection that no program accepts; the server's kernel receives all the same. */
static struct connection open_unaccepted(struct service *service)
{
	struct connection connection = {service, {client_socket(service->family), -1}};
	if (connect_to(connection.fd[CLIENT], service))
		fail("connect");
	count_opened(service);
	send_bytes(&connection, CLIENT, SENT);
	for (int unacknowledged = 1; unacknowledged > 0; usleep(100)) {
		if (ioctl(connection.fd[CLIENT], SIOCOUTQ, &unacknowledged))
			fail("SIOCOUTQ");
	}
	return connection;
}

/* Ended by the listener, the client's close, the client's reset; and accepted after its close. */
void run_never_accepted(void)
{
	enum { LISTENER_CLOSES, CLIENT_CLOSES, CLIENT_RESETS, ACCEPTED_LATE, WAYS };
	static const char *const names[] = {"listener closes", "client closes", "client resets",
					    "accepted late"};
	struct connection connections[3][WAYS];

	for (int kind = 0; kind < 3; kind++) {
		for (int way = 0; way < WAYS; way++) {
			struct service *service = serve_kind(names[way], kind);
			connections[kind][way] = open_unaccepted(service);
			service->received[SERVER] += SENT;
		}
	}
	checkpoint();
	for (int kind = 0; kind < 3; kind++) {
		struct connection *late = &connections[kind][ACCEPTED_LATE];
		late->service->received[SERVER] -= SENT; /* now by the program itself */
		close_end(&connections[kind][CLIENT_CLOSES], CLIENT);
		reset(&connections[kind][CLIENT_RESETS], CLIENT);
		close_end(late, CLIENT);
		late->fd[SERVER] = accept(late->service->listener, NULL, NULL);
		receive_rest(late, SERVER);
		close_end(late, SERVER);
		for (int way = 0; way < WAYS; way++)
			close(connections[kind][way].service->listener);
		receive_rest(&connections[kind][LISTENER_CLOSES], CLIENT);
		close_end(&connections[kind][LISTENER_CLOSES], CLIENT);
	}
	checkpoint();
}

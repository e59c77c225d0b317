/*
 * brief ADDRESS PORT SEND RECEIVE: one exchange with `talk.ts serve`, as short as a process can be.
 * Prints what it wrote and read itself in the form of talk.ts, and ends.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void put_u64(unsigned char *at, uint64_t value)
{
	for (int i = 7; i >= 0; i--, value >>= 8)
		at[i] = value & 0xff;
}

int main(int argc, char **argv)
{
	static unsigned char message[65536];
	struct sockaddr_in server = {.sin_family = AF_INET};
	uint64_t sent = 0, received = 0, send_bytes, receive_bytes;
	ssize_t length;
	int fd;

	if (argc != 5 || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1)
		return 2;
	server.sin_port = htons(atoi(argv[2]));
	send_bytes = strtoull(argv[3], NULL, 10);
	receive_bytes = strtoull(argv[4], NULL, 10);
	if (send_bytes < 16 || send_bytes > sizeof(message))
		return 2;
	put_u64(message, send_bytes);
	put_u64(message + 8, receive_bytes);

	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&server, sizeof(server)))
		return 1;
	while (sent < send_bytes) {
		length = write(fd, message + sent, send_bytes - sent);
		if (length <= 0)
			return 1;
		sent += length;
	}
	while (received < receive_bytes) {
		length = read(fd, message, sizeof(message));
		if (length <= 0)
			return 1;
		received += length;
	}
	close(fd);
	printf("{\"done\":true,\"remotes\":{\"%s\":{\"sent\":%llu,\"received\":%llu,"
	       "\"connections\":1,\"open\":0,\"datagramsSent\":0,\"datagramsReceived\":0}}}\n",
	       argv[1], (unsigned long long)sent, (unsigned long long)received);
	return 0;
}

/* Which socket a connection has: libcurl (7.88) tells it of a connection that is used again only when that
 * has answered, which is too late to look whether it is silent. One table a worker; its thread alone.
 */
#ifndef TRANSFER_SOCKETS_H
#define TRANSFER_SOCKETS_H

#include <curl/curl.h>
#include <stdbool.h>

struct sockets;

struct sockets *sockets_new(void);
/* Every connection must be closed. NULL is fine. */
void sockets_free(struct sockets *sockets);
/* For CURLOPT_OPENSOCKETFUNCTION: a socket as address asks for, or CURL_SOCKET_BAD. */
curl_socket_t sockets_open(struct sockets *sockets, const struct curl_sockaddr *address);
/* CURLOPT_CLOSESOCKETFUNCTION; arg: the table. */
int sockets_close_cb(void *arg, curl_socket_t fd);
/* Nothing waits to be read on the connection between these two ends (as CURLOPT_PREREQFUNCTION names them),
 * and it has not ended. False when the table does not know it. */
bool sockets_silent(struct sockets *sockets, const char *ip, const char *local_ip, int port, int local_port);

#endif

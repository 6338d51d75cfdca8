/* Network: listens to the kernel's word of links, addresses and routes (rtnetlink(7)), waits until it is
 * quiet, and looks what is there now. Main thread. Must never act on a message itself: many say nothing new
 * (router advertisements, containers that come and go), and some may be lost.
 */
#include <config.h>

#include "fetchd/network.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/netif.h"
#include "job/message.h"

/* Quiet for so long, or not quiet for so long: then it is looked. */
#define QUIET_USEC    (200 * USEC_PER_MSEC)
#define PATIENCE_USEC USEC_PER_SEC
/* Room for what the kernel sends in one message. */
#define MESSAGE_SIZE 32768

struct network {
	int fd;
	struct event *readable, *settled;
	struct netif_view view;
	bool route_changed;	/* a default route came or went since the last look */
	int64_t unsettled_usec; /* the first message since; 0: none */
	void (*on_change)(bool up, void *arg);
	void *arg;
};

/* ---- looking */

static void look(struct network *network)
{
	struct netif_view now;
	int err = netif_look(&now);
	bool changed;

	network->unsettled_usec = 0;
	if (err) {
		log_warning("network: the addresses of this machine cannot be read: %s", strerror(-err));
		return;
	}
	changed = now.mark != network->view.mark || now.up != network->view.up || network->route_changed;
	network->view = now;
	network->route_changed = false;
	if (changed)
		network->on_change(now.up, network->arg);
}

static void on_settled(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	look(arg);
}

static void settle(struct network *network)
{
	int64_t now = clock_boot_usec(), wait;
	struct timeval tv;

	if (network->unsettled_usec == 0)
		network->unsettled_usec = now;
	wait = network->unsettled_usec + PATIENCE_USEC - now;
	if (wait > QUIET_USEC)
		wait = QUIET_USEC;
	if (wait < 0)
		wait = 0;
	tv = (struct timeval){.tv_usec = wait};
	event_add(network->settled, &tv);
}

/* ---- the kernel's messages */

/* Other routes come and go with their addresses. */
static bool is_default_route(const struct nlmsghdr *message)
{
	const struct rtmsg *route = NLMSG_DATA(message);

	return (message->nlmsg_type == RTM_NEWROUTE || message->nlmsg_type == RTM_DELROUTE) &&
	       message->nlmsg_len >= NLMSG_LENGTH(sizeof(*route)) && route->rtm_dst_len == 0 &&
	       route->rtm_type == RTN_UNICAST && !(route->rtm_flags & RTM_F_CLONED);
}

static void read_messages(struct network *network, const void *data, size_t n)
{
	for (const struct nlmsghdr *message = data; NLMSG_OK(message, n); message = NLMSG_NEXT(message, n))
		if (is_default_route(message))
			network->route_changed = true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct network *network = arg;
	_Alignas(struct nlmsghdr) char data[MESSAGE_SIZE];
	ssize_t n;
	(void)what;

	while ((n = recv(fd, data, sizeof(data), 0)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			read_messages(network, data, (size_t)n);
	/* ENOBUFS: some were lost, and looking tells what they said. */
	if (n < 0 && errno != EAGAIN && errno != ENOBUFS) {
		log_warning("network: the kernel tells no more of it: %s", strerror(errno));
		event_del(network->readable);
	}
	settle(network);
}

/* ---- life */

/* The descriptor, or -errno. */
static int listen_to_kernel(void)
{
	struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
			     RTMGRP_IPV6_ROUTE,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	int err = -errno;

	close(fd);
	return err;
}

static void unavailable(struct network *network, int err)
{
	log_warning("network: changes are not seen, and jobs that wait for it look by themselves: %s",
		strerror(-err));
	network->view.up = true;
}

struct network *network_start(struct event_base *base, void (*on_change)(bool up, void *arg), void *arg)
{
	struct network *network = xcalloc(1, sizeof(*network));
	int err;

	network->on_change = on_change;
	network->arg = arg;
	network->fd = listen_to_kernel();
	err = network->fd < 0 ? network->fd : netif_look(&network->view);
	if (err) {
		unavailable(network, err);
		return network;
	}
	network->readable = event_new(base, network->fd, EV_READ | EV_PERSIST, on_readable, network);
	network->settled = evtimer_new(base, on_settled, network);
	if (!network->readable || !network->settled)
		abort();
	event_add(network->readable, NULL);
	if (!network->view.up)
		log_message(LOG_LEVEL_NOTICE, MESSAGE_NETWORK_DOWN,
			"network: down: no address but this machine's own");
	return network;
}

void network_stop(struct network *network)
{
	if (!network)
		return;
	if (network->readable)
		event_free(network->readable);
	if (network->settled)
		event_free(network->settled);
	if (network->fd >= 0)
		close(network->fd);
	free(network);
}

bool network_is_up(const struct network *network)
{
	return network->view.up;
}

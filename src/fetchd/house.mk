# The house and its mouth: configuration, daemon, service, control.
src_libfetchd_a_SOURCES += \
	src/fetchd/config.c src/fetchd/config.h src/fetchd/config_private.h src/fetchd/options.def \
	src/fetchd/config_files.c src/fetchd/config_hook.c src/fetchd/config_hook.h src/fetchd/config_places.c src/fetchd/config_value.c src/fetchd/config_weights.c src/fetchd/config_words.c \
	src/fetchd/daemon.c src/fetchd/daemon.h src/fetchd/daemon_loop.c src/fetchd/daemon_private.h \
	src/fetchd/daemon_metrics.c \
	src/fetchd/hook_names.c src/fetchd/hook_names.h \
	src/fetchd/instance.c src/fetchd/instance.h \
	src/fetchd/metrics/families.def src/fetchd/metrics/metrics.c src/fetchd/metrics/metrics.h \
	src/fetchd/metrics/process.c src/fetchd/metrics/process.h \
	src/fetchd/metrics/server.c src/fetchd/metrics/server.h \
	src/fetchd/network.c src/fetchd/network.h \
	src/fetchd/path.c src/fetchd/path.h \
	src/fetchd/pulse.c src/fetchd/pulse.h \
	src/fetchd/reload.c src/fetchd/reload.h \
	src/fetchd/sandbox.c src/fetchd/sandbox.h \
	src/fetchd/service.c src/fetchd/service.h \
	src/fetchd/versions.c src/fetchd/versions.h \
	src/fetchd/control/call.c src/fetchd/control/call.h \
	src/fetchd/control/control.c src/fetchd/control/control.h src/fetchd/control/internal.h \
	src/fetchd/control/idset.c src/fetchd/control/idset.h \
	src/fetchd/control/listener.c \
	src/fetchd/control/live.c src/fetchd/control/live.h \
	src/fetchd/control/method_add.c \
	src/fetchd/control/method_backup.c \
	src/fetchd/control/method_change.c \
	src/fetchd/control/method_drain.c \
	src/fetchd/control/method_group.c \
	src/fetchd/control/method_group_list.c \
	src/fetchd/control/method_edit.c \
	src/fetchd/control/method_hosts.c \
	src/fetchd/control/method_limits.c \
	src/fetchd/control/method_inspect.c \
	src/fetchd/control/method_list.c \
	src/fetchd/control/method_metrics.c \
	src/fetchd/control/method_ping.c \
	src/fetchd/control/method_service.c \
	src/fetchd/control/method_status.c \
	src/fetchd/control/method_watch.c \
	src/fetchd/control/methods.c src/fetchd/control/methods.h \
	src/fetchd/control/peer.c src/fetchd/control/peer.h \
	src/fetchd/control/secrets.c src/fetchd/control/secrets.h \
	src/fetchd/control/selection.c \
	src/fetchd/control/session.c src/fetchd/control/session.h \
	src/fetchd/control/socket.c src/fetchd/control/socket.h \
	src/fetchd/control/spec.c src/fetchd/control/spec.h \
	src/fetchd/control/watch.h src/fetchd/control/watch_tell.c

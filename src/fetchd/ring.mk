# The ring: engine, store, transfer, disk, hook.
src_libfetchd_a_SOURCES += \
	src/fetchd/engine/backup.c \
	src/fetchd/engine/blame.c \
	src/fetchd/engine/change.c \
	src/fetchd/engine/dependencies.c \
	src/fetchd/engine/due.c \
	src/fetchd/engine/edit.c \
	src/fetchd/engine/engine.c src/fetchd/engine/engine.h \
	src/fetchd/engine/fair.c src/fetchd/engine/fair.h \
	src/fetchd/engine/fills.c \
	src/fetchd/engine/groups.c \
	src/fetchd/engine/hook_runs.c \
	src/fetchd/engine/hooks.c src/fetchd/engine/hooks.h \
	src/fetchd/engine/hosts.c \
	src/fetchd/engine/hosts_log.c \
	src/fetchd/engine/hosts_report.c \
	src/fetchd/engine/inspect.c \
	src/fetchd/engine/internal.h \
	src/fetchd/engine/lanes.c \
	src/fetchd/engine/limits.c src/fetchd/engine/limits.h \
	src/fetchd/engine/network.c \
	src/fetchd/engine/outcome.c \
	src/fetchd/engine/rates.c src/fetchd/engine/rates.h \
	src/fetchd/engine/recover.c \
	src/fetchd/engine/requests.c \
	src/fetchd/engine/sched.c \
	src/fetchd/engine/splits.c \
	src/fetchd/engine/schedule.c src/fetchd/engine/schedule.h \
	src/fetchd/engine/sources.c \
	src/fetchd/engine/step.c \
	src/fetchd/engine/steady.c \
	src/fetchd/engine/tally.c src/fetchd/engine/tally.h \
	src/fetchd/engine/turn.c \
	src/fetchd/engine/walltime.c src/fetchd/engine/walltime.h \
	src/fetchd/engine/why.c \
	src/fetchd/store/attempts.c \
	src/fetchd/store/backup.c \
	src/fetchd/store/counters.c \
	src/fetchd/store/hooks.c \
	src/fetchd/store/events.c \
	src/fetchd/store/dependencies.c \
	src/fetchd/store/groups.c \
	src/fetchd/store/internal.h \
	src/fetchd/store/jobs.c \
	src/fetchd/store/lists.c \
	src/fetchd/store/origins.c \
	src/fetchd/store/schema.c \
	src/fetchd/store/secrets.c \
	src/fetchd/store/select.c \
	src/fetchd/store/settings.c \
	src/fetchd/store/sql.c \
	src/fetchd/store/store.c src/fetchd/store/store.h \
	src/fetchd/transfer/address.c src/fetchd/transfer/address.h \
	src/fetchd/transfer/body.c \
	src/fetchd/transfer/ftp.c \
	src/fetchd/transfer/gate.c src/fetchd/transfer/gate.h \
	src/fetchd/transfer/hop.c \
	src/fetchd/transfer/look.c \
	src/fetchd/transfer/messages.c src/fetchd/transfer/messages.h \
	src/fetchd/transfer/multi.c src/fetchd/transfer/multi.h \
	src/fetchd/transfer/pace.c src/fetchd/transfer/pace.h \
	src/fetchd/transfer/redirect.c \
	src/fetchd/transfer/request.c \
	src/fetchd/transfer/response.c src/fetchd/transfer/response.h \
	src/fetchd/transfer/share.c \
	src/fetchd/transfer/sockets.c src/fetchd/transfer/sockets.h \
	src/fetchd/transfer/split.c src/fetchd/transfer/split.h \
	src/fetchd/transfer/tick.c \
	src/fetchd/transfer/tls.c src/fetchd/transfer/tls.h \
	src/fetchd/transfer/transfer.c src/fetchd/transfer/transfer.h \
	src/fetchd/transfer/worker.c src/fetchd/transfer/worker.h \
	src/fetchd/disk/acl.c \
	src/fetchd/disk/buffer.c \
	src/fetchd/disk/disk.c src/fetchd/disk/disk.h \
	src/fetchd/disk/figures.c \
	src/fetchd/disk/file.c \
	src/fetchd/disk/finish.c \
	src/fetchd/disk/hash.c src/fetchd/disk/hash.h \
	src/fetchd/disk/internal.h \
	src/fetchd/disk/names.c \
	src/fetchd/disk/place.c \
	src/fetchd/disk/root.c \
	src/fetchd/disk/room.c src/fetchd/disk/room.h \
	src/fetchd/disk/sums.c src/fetchd/disk/sums.h \
	src/fetchd/disk/verify.c \
	src/fetchd/hook/hook.h src/fetchd/hook/internal.h \
	src/fetchd/hook/pool.c \
	src/fetchd/hook/prepare.c \
	src/fetchd/hook/run.c \
	src/fetchd/hook/spawn.c \
	src/fetchd/hook/starter.c \
	src/fetchd/hook/stray.c \
	src/fetchd/hook/task.c \
	src/fetchd/hook/unit.c

noinst_LIBRARIES += src/libfetchctl.a
src_libfetchctl_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(SMARTCOLS_CFLAGS) $(CURSES_CFLAGS)
src_libfetchctl_a_SOURCES = \
	src/fetchctl/absence.c src/fetchctl/absence.h \
	src/fetchctl/access.c src/fetchctl/access.h \
	src/fetchctl/adder.c src/fetchctl/adder.h \
	src/fetchctl/bars.c src/fetchctl/bars.h \
	src/fetchctl/call.c src/fetchctl/call.h \
	src/fetchctl/cmd.h src/fetchctl/cmds.c \
	src/fetchctl/cmd_add.c src/fetchctl/cmd_add.h \
	src/fetchctl/cmd_backup.c \
	src/fetchctl/cmd_cancel.c \
	src/fetchctl/cmd_drain.c \
	src/fetchctl/cmd_edit.c \
	src/fetchctl/cmd_limit.c \
	src/fetchctl/cmd_get.c \
	src/fetchctl/cmd_group.c \
	src/fetchctl/cmd_help.c \
	src/fetchctl/cmd_hosts.c \
	src/fetchctl/cmd_list.c \
	src/fetchctl/cmd_pause.c \
	src/fetchctl/cmd_metrics.c \
	src/fetchctl/cmd_ping.c \
	src/fetchctl/cmd_remove.c \
	src/fetchctl/cmd_resume.c \
	src/fetchctl/cmd_retry.c \
	src/fetchctl/cmd_status.c \
	src/fetchctl/cmd_top.c \
	src/fetchctl/cmd_version.c \
	src/fetchctl/cmd_wait.c \
	src/fetchctl/cmd_watch.c \
	src/fetchctl/cmd_complete.c \
	src/fetchctl/cmd_verify.c \
	src/fetchctl/cmd_why.c \
	src/fetchctl/cell.c src/fetchctl/cell.h \
	src/fetchctl/complete.c src/fetchctl/complete.h \
	src/fetchctl/cookies.c src/fetchctl/cookies.h \
	src/fetchctl/ctl.c src/fetchctl/ctl.h \
	src/fetchctl/dir.c src/fetchctl/dir.h \
	src/fetchctl/eventline.c src/fetchctl/eventline.h \
	src/fetchctl/onfinish.c src/fetchctl/onfinish.h \
	src/fetchctl/follow.c src/fetchctl/follow.h \
	src/fetchctl/foreign.c src/fetchctl/foreign.h \
	src/fetchctl/gauge.c src/fetchctl/gauge.h \
	src/fetchctl/group.c src/fetchctl/group.h \
	src/fetchctl/help.c src/fetchctl/help.h \
	src/fetchctl/intake.c src/fetchctl/intake.h \
	src/fetchctl/line.c src/fetchctl/line.h \
	src/fetchctl/link.c src/fetchctl/link.h \
	src/fetchctl/list.c src/fetchctl/list.h \
	src/fetchctl/losses.c src/fetchctl/losses.h \
	src/fetchctl/meter.c src/fetchctl/meter.h \
	src/fetchctl/netrc.c src/fetchctl/netrc.h \
	src/fetchctl/notable.c src/fetchctl/notable.h \
	src/fetchctl/option.c src/fetchctl/option.h \
	src/fetchctl/out.c src/fetchctl/out.h \
	src/fetchctl/out_detail.c src/fetchctl/out_detail.h \
	src/fetchctl/out_json.c \
	src/fetchctl/out_text.c \
	src/fetchctl/place.c src/fetchctl/place.h \
	src/fetchctl/progress.c src/fetchctl/progress.h \
	src/fetchctl/secret.c src/fetchctl/secret.h \
	src/fetchctl/select.c src/fetchctl/select.h \
	src/fetchctl/shape.c src/fetchctl/shape.h \
	src/fetchctl/spec.c src/fetchctl/spec.h \
	src/fetchctl/stir.c src/fetchctl/stir.h \
	src/fetchctl/suggest.c src/fetchctl/suggest.h \
	src/fetchctl/table.c src/fetchctl/table.h \
	src/fetchctl/tally.c src/fetchctl/tally.h \
	src/fetchctl/taskbar.c src/fetchctl/taskbar.h \
	src/fetchctl/term.c src/fetchctl/term.h \
	src/fetchctl/timecond.c src/fetchctl/timecond.h \
	src/fetchctl/top/act.c src/fetchctl/top/act.h \
	src/fetchctl/top/asks.c src/fetchctl/top/asks.h \
	src/fetchctl/top/columns.c src/fetchctl/top/columns.h \
	src/fetchctl/top/feed.c src/fetchctl/top/feed.h \
	src/fetchctl/top/glyphs.c src/fetchctl/top/glyphs.h \
	src/fetchctl/top/history.c src/fetchctl/top/history.h \
	src/fetchctl/top/keys.c src/fetchctl/top/keys.h \
	src/fetchctl/top/layout.c src/fetchctl/top/layout.h \
	src/fetchctl/top/model.c src/fetchctl/top/model.h \
	src/fetchctl/top/prompt.c src/fetchctl/top/prompt.h \
	src/fetchctl/top/rows.c src/fetchctl/top/rows.h \
	src/fetchctl/top/screen.c src/fetchctl/top/screen.h \
	src/fetchctl/top/view.c src/fetchctl/top/view.h \
	src/fetchctl/top/state.h src/fetchctl/top/style.h \
	src/fetchctl/top/loop.c src/fetchctl/top/top.h \
	src/fetchctl/top/view_help.c src/fetchctl/top/view_rows.c \
	src/fetchctl/urlglob.c src/fetchctl/urlglob.h \
	src/fetchctl/view.c src/fetchctl/view.h \
	src/fetchctl/view_attempts.c \
	src/fetchctl/view_groups.c \
	src/fetchctl/view_hosts.c \
	src/fetchctl/view_jobs.c \
	src/fetchctl/view_limits.c \
	src/fetchctl/words.c src/fetchctl/words.h

bin_PROGRAMS += fetchctl
fetchctl_SOURCES = src/fetchctl/main.c
fetchctl_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(SMARTCOLS_CFLAGS)
fetchctl_LDADD = src/libfetchctl.a src/libwire.a src/libjob.a src/libbase.a $(JANSSON_LIBS) $(SMARTCOLS_LIBS) $(CURSES_LIBS)

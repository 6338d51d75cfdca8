# The commented configuration is installed where there is none yet; an administrator's own is never overwritten, and only an
# untouched one is taken away.
EXTRA_DIST += etc/fetchd.conf
fetchd_conf = $(DESTDIR)$(sysconfdir)/fetchd/fetchd.conf

install-data-local: install-fetchd-conf
install-fetchd-conf:
	$(MKDIR_P) "$(DESTDIR)$(sysconfdir)/fetchd"
	test -e "$(fetchd_conf)" || $(INSTALL_DATA) $(srcdir)/etc/fetchd.conf "$(fetchd_conf)"

uninstall-local: uninstall-fetchd-conf
uninstall-fetchd-conf:
	if cmp -s $(srcdir)/etc/fetchd.conf "$(fetchd_conf)"; then rm -f "$(fetchd_conf)"; fi

.PHONY: install-fetchd-conf uninstall-fetchd-conf

# Where each shell looks; what knows the language is "fetchctl __complete".
EXTRA_DIST += etc/completion/fetchctl.bash etc/completion/_fetchctl etc/completion/fetchctl.fish
install-data-local: install-completion
install-completion:
	$(MKDIR_P) "$(DESTDIR)$(bashcompletiondir)" "$(DESTDIR)$(zshcompletiondir)" "$(DESTDIR)$(fishcompletiondir)"
	$(INSTALL_DATA) $(srcdir)/etc/completion/fetchctl.bash "$(DESTDIR)$(bashcompletiondir)/fetchctl"
	$(INSTALL_DATA) $(srcdir)/etc/completion/_fetchctl "$(DESTDIR)$(zshcompletiondir)/_fetchctl"
	$(INSTALL_DATA) $(srcdir)/etc/completion/fetchctl.fish "$(DESTDIR)$(fishcompletiondir)/fetchctl.fish"

uninstall-local: uninstall-completion
uninstall-completion:
	rm -f "$(DESTDIR)$(bashcompletiondir)/fetchctl" "$(DESTDIR)$(zshcompletiondir)/_fetchctl" "$(DESTDIR)$(fishcompletiondir)/fetchctl.fish"

.PHONY: install-completion uninstall-completion

# Grafana imports it by hand or by provisioning.
grafanadir = $(pkgdatadir)/grafana
dist_grafana_DATA = etc/grafana/fetchd.json

# Ready-made hooks: programs, and for each a drop-in that switches it on once fetchd.conf.d has a link to it.
hooksdir = $(prefix)/lib/fetchd/hooks
hookexamplesdir = $(pkgdatadir)/hooks
ready_hooks = etc/hooks/notify etc/hooks/unpack etc/hooks/verify-sha256 etc/hooks/verify-signature etc/hooks/webhook
dist_hooks_SCRIPTS = $(ready_hooks)
# They are asked nothing: the environment says it all.
AM_INSTALLCHECK_STD_OPTIONS_EXEMPT = $(ready_hooks)
hookexamples_DATA = $(ready_hooks:=.conf)
EXTRA_DIST += $(ready_hooks:=.conf.in)
CLEANFILES += $(hookexamples_DATA)

SUFFIXES = .conf .conf.in
.conf.in.conf:
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(SED) -e 's|@hooksdir[@]|$(hooksdir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g' $< > $@.tmp && mv $@.tmp $@

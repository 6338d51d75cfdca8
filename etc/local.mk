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

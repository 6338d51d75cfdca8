# Units name the installed program; everything else in them is the same everywhere.
systemdsystemunit_DATA = systemd/system/fetchd.service systemd/system/fetchd.socket \
	systemd/system/fetchd-metrics.service systemd/system/fetchd-metrics.timer
systemduserunit_DATA = systemd/user/fetchd.service systemd/user/fetchd.socket
dist_systempreset_DATA = systemd/system-preset/80-fetchd.preset
dist_userpreset_DATA = systemd/user-preset/80-fetchd.preset
dist_sysusers_DATA = systemd/sysusers.d/fetchd.conf
dist_tmpfiles_DATA = systemd/tmpfiles.d/fetchd.conf
dist_catalog_DATA = systemd/catalog/fetchd.catalog
EXTRA_DIST += systemd/system/fetchd.service.in systemd/user/fetchd.service.in \
	systemd/system/fetchd.socket systemd/user/fetchd.socket \
	systemd/system/fetchd-metrics.service.in systemd/system/fetchd-metrics.timer
CLEANFILES += systemd/system/fetchd.service systemd/system/fetchd-metrics.service systemd/user/fetchd.service

systemd/system/fetchd.service: $(srcdir)/systemd/system/fetchd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd/system && \
	$(SED) -e 's|@bindir[@]|$(bindir)|g' $(srcdir)/systemd/system/fetchd.service.in > $@.tmp && mv $@.tmp $@
systemd/system/fetchd-metrics.service: $(srcdir)/systemd/system/fetchd-metrics.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd/system && \
	$(SED) -e 's|@bindir[@]|$(bindir)|g' $(srcdir)/systemd/system/fetchd-metrics.service.in > $@.tmp && mv $@.tmp $@
systemd/user/fetchd.service: $(srcdir)/systemd/user/fetchd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd/user && \
	$(SED) -e 's|@bindir[@]|$(bindir)|g' $(srcdir)/systemd/user/fetchd.service.in > $@.tmp && mv $@.tmp $@

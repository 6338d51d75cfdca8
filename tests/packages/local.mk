# Packages: "make deb" builds Debian's from the tarball of "make dist", as any user; DEBFLAGS goes to dpkg-buildpackage. With
# DEBKEEP=1 the tree that they were built in stays.
EXTRA_DIST += debian/changelog debian/control debian/copyright debian/fetchctl.install debian/fetchd.install debian/fetchd.postrm \
	debian/fetchd.prerm debian/rules debian/source/format debian/tests/control debian/tests/service debian/tests/smoke \
	tests/packages/dist.sh tests/packages/inside.sh tests/packages/run.sh

DEBFLAGS =
DEBKEEP =
deb: dist
	test "`dpkg-parsechangelog -l $(srcdir)/debian/changelog -S Version`" = "$(VERSION)"
	rm -rf deb && $(MKDIR_P) deb
	tar -xf $(distdir).tar.xz -C deb && cd deb/$(distdir) && dpkg-buildpackage -us -uc $(DEBFLAGS)
	test "$(DEBKEEP)" || rm -rf deb/$(distdir)

# check-packages: installed, upgraded, removed, purged in a root made for it; needs root, mmdebstrap, lintian. check-dist: the tarball
# is the same byte for byte.
check-packages: deb
	$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/tests/packages/run.sh deb
check-dist:
	$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/tests/packages/dist.sh

clean-local: clean-deb
clean-deb:
	rm -rf deb
.PHONY: deb check-packages check-dist clean-deb

noinst_LIBRARIES += src/libwire.a
src_libwire_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
src_libwire_a_SOURCES = \
	src/wire/attemptjson.c src/wire/attemptjson.h \
	src/wire/fields.c src/wire/fields.h \
	src/wire/frame.c src/wire/frame.h \
	src/wire/groupjson.c src/wire/groupjson.h \
	src/wire/hookjson.c src/wire/hookjson.h \
	src/wire/jobjson.c src/wire/jobjson.h
nodist_src_libwire_a_SOURCES = src/wire/interface.c

# The IDL as a C string: the file in the tree is the one truth.
src/wire/interface.c: $(srcdir)/src/wire/io.fetchd.Manager.varlink
	$(AM_V_GEN)$(MKDIR_P) src/wire && { \
	echo '#include "wire/jobjson.h"'; echo 'const char wire_interface_text[] ='; \
	$(SED) -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' \
	  $(srcdir)/src/wire/io.fetchd.Manager.varlink; echo ';'; } > $@.tmp && mv $@.tmp $@
CLEANFILES += src/wire/interface.c
BUILT_SOURCES += src/wire/interface.c

varlinkdir = $(datadir)/varlink
dist_varlink_DATA = src/wire/io.fetchd.Manager.varlink

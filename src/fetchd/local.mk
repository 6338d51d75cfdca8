noinst_LIBRARIES += src/libfetchd.a
src_libfetchd_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(CURL_CFLAGS) $(SQLITE_CFLAGS) \
	$(SYSTEMD_CFLAGS) $(JANSSON_CFLAGS) $(SSL_CFLAGS) $(CRYPTO_CFLAGS) $(INIH_CFLAGS)
src_libfetchd_a_SOURCES =
include src/fetchd/house.mk
include src/fetchd/ring.mk

bin_PROGRAMS += fetchd
fetchd_SOURCES = src/fetchd/main.c
fetchd_LDADD = src/libfetchd.a src/libwire.a src/libjob.a src/libbase.a \
	$(EVENT_EXTRA_LIBS) $(EVENT_LIBS) $(CURL_LIBS) $(SQLITE_LIBS) $(SYSTEMD_LIBS) $(JANSSON_LIBS) $(SSL_LIBS) $(CRYPTO_LIBS) $(INIH_LIBS)

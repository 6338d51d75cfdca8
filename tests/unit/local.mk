# Unit tests: one program a module, for what is pure.
EXTRA_DIST += tests/unit/hooks.h tests/unit/origin_sim.h tests/unit/unit.h

if HAVE_CMOCKA
unit_tests = \
	tests/unit/test_alloc \
	tests/unit/test_base64 \
	tests/unit/test_clock \
	tests/unit/test_fileio \
	tests/unit/test_log \
	tests/unit/test_mailbox \
	tests/unit/test_metrics \
	tests/unit/test_netif \
	tests/unit/test_rate \
	tests/unit/test_rng \
	tests/unit/test_text \
	tests/unit/test_units \
	tests/unit/test_breaker \
	tests/unit/test_calendar \
	tests/unit/test_checksum \
	tests/unit/test_classify \
	tests/unit/test_digest \
	tests/unit/test_disposition \
	tests/unit/test_cookie \
	tests/unit/test_edit \
	tests/unit/test_event \
	tests/unit/test_filter \
	tests/unit/test_governor \
	tests/unit/test_governor_answer \
	tests/unit/test_header \
	tests/unit/test_hold \
	tests/unit/test_httpdate \
	tests/unit/test_job \
	tests/unit/test_lifecycle \
	tests/unit/test_name \
	tests/unit/test_origin \
	tests/unit/test_ramp \
	tests/unit/test_ranges \
	tests/unit/test_retry \
	tests/unit/test_throttle \
	tests/unit/test_verdict \
	tests/unit/test_frame \
	tests/unit/test_hookjson \
	tests/unit/test_jobjson \
	tests/unit/test_cookies \
	tests/unit/test_netrc \
	tests/unit/test_progress \
	tests/unit/test_timecond \
	tests/unit/test_top \
	tests/unit/test_urlglob \
	tests/unit/test_gate \
	tests/unit/test_dependencies \
	tests/unit/test_fair \
	tests/unit/test_pace \
	tests/unit/test_store \
	tests/unit/test_address \
	tests/unit/test_disk \
	tests/unit/test_config_hook \
	tests/unit/test_hook \
	tests/unit/test_hook_end \
	tests/unit/test_room \
	tests/unit/test_secrets \
	tests/unit/test_source \
	tests/unit/test_sums

check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

unit_cppflags = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
unit_base = src/libbase.a $(CMOCKA_LIBS)
unit_job = src/libjob.a $(unit_base)
unit_fetchd = src/libfetchd.a $(unit_job)
unit_fetchctl = src/libfetchctl.a $(unit_job)
unit_wire = src/libwire.a $(unit_job) $(JANSSON_LIBS)

tests_unit_test_alloc_CPPFLAGS = $(unit_cppflags)
tests_unit_test_alloc_LDADD = $(unit_base)
tests_unit_test_base64_CPPFLAGS = $(unit_cppflags)
tests_unit_test_base64_LDADD = $(unit_base)
tests_unit_test_clock_CPPFLAGS = $(unit_cppflags)
tests_unit_test_clock_LDADD = $(unit_base)
tests_unit_test_fileio_CPPFLAGS = $(unit_cppflags)
tests_unit_test_fileio_LDADD = $(unit_base)
tests_unit_test_log_CPPFLAGS = $(unit_cppflags)
tests_unit_test_log_LDADD = $(unit_base)
tests_unit_test_mailbox_CPPFLAGS = $(unit_cppflags)
tests_unit_test_mailbox_LDADD = $(unit_base)
tests_unit_test_netif_CPPFLAGS = $(unit_cppflags)
tests_unit_test_netif_LDADD = $(unit_base)
tests_unit_test_rate_CPPFLAGS = $(unit_cppflags)
tests_unit_test_rate_LDADD = $(unit_base)
tests_unit_test_rng_CPPFLAGS = $(unit_cppflags)
tests_unit_test_rng_LDADD = $(unit_base)
tests_unit_test_text_CPPFLAGS = $(unit_cppflags)
tests_unit_test_text_LDADD = $(unit_base)
tests_unit_test_units_CPPFLAGS = $(unit_cppflags)
tests_unit_test_units_LDADD = $(unit_base)

tests_unit_test_gate_CPPFLAGS = $(unit_cppflags)
tests_unit_test_gate_LDADD = $(unit_fetchd)
tests_unit_test_dependencies_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dependencies_LDADD = src/libfetchd.a $(unit_wire) $(EVENT_LIBS) $(CURL_LIBS) $(SQLITE_LIBS) $(SSL_LIBS) $(CRYPTO_LIBS) $(INIH_LIBS)
tests_unit_test_fair_CPPFLAGS = $(unit_cppflags)
tests_unit_test_fair_LDADD = $(unit_fetchd) $(EVENT_LIBS) $(CURL_LIBS) $(SQLITE_LIBS) $(SSL_LIBS) $(CRYPTO_LIBS) $(INIH_LIBS)
tests_unit_test_pace_CPPFLAGS = $(unit_cppflags)
tests_unit_test_pace_LDADD = $(unit_fetchd)
tests_unit_test_metrics_CPPFLAGS = $(unit_cppflags)
tests_unit_test_metrics_LDADD = $(unit_fetchd)
tests_unit_test_store_CPPFLAGS = $(unit_cppflags)
tests_unit_test_store_LDADD = $(unit_fetchd) $(SQLITE_LIBS)
tests_unit_test_address_CPPFLAGS = $(unit_cppflags)
tests_unit_test_address_LDADD = $(unit_fetchd)
tests_unit_test_disk_CPPFLAGS = $(unit_cppflags)
tests_unit_test_disk_LDADD = $(unit_fetchd) $(CRYPTO_LIBS)
tests_unit_test_config_hook_CPPFLAGS = $(unit_cppflags)
tests_unit_test_config_hook_LDADD = $(unit_fetchd) $(INIH_LIBS)
unit_hook = src/libfetchd.a src/libwire.a $(unit_job) $(JANSSON_LIBS) $(INIH_LIBS)
tests_unit_test_hook_CPPFLAGS = $(unit_cppflags)
tests_unit_test_hook_LDADD = $(unit_hook)
tests_unit_test_hook_end_CPPFLAGS = $(unit_cppflags)
tests_unit_test_hook_end_LDADD = $(unit_hook)
tests_unit_test_room_CPPFLAGS = $(unit_cppflags)
tests_unit_test_room_LDADD = $(unit_fetchd)
tests_unit_test_sums_CPPFLAGS = $(unit_cppflags)
tests_unit_test_sums_LDADD = $(unit_fetchd) $(CRYPTO_LIBS)
tests_unit_test_secrets_CPPFLAGS = $(unit_cppflags)
tests_unit_test_secrets_LDADD = $(unit_fetchd)

tests_unit_test_breaker_CPPFLAGS = $(unit_cppflags)
tests_unit_test_breaker_LDADD = $(unit_job)
tests_unit_test_calendar_CPPFLAGS = $(unit_cppflags)
tests_unit_test_calendar_LDADD = $(unit_job)
tests_unit_test_checksum_CPPFLAGS = $(unit_cppflags)
tests_unit_test_checksum_LDADD = $(unit_job)
tests_unit_test_classify_CPPFLAGS = $(unit_cppflags) $(CURL_CFLAGS)
tests_unit_test_classify_LDADD = $(unit_job) $(CURL_LIBS)
tests_unit_test_digest_CPPFLAGS = $(unit_cppflags)
tests_unit_test_digest_LDADD = $(unit_job)
tests_unit_test_disposition_CPPFLAGS = $(unit_cppflags)
tests_unit_test_disposition_LDADD = $(unit_job)
tests_unit_test_cookie_CPPFLAGS = $(unit_cppflags)
tests_unit_test_cookie_LDADD = $(unit_job)
tests_unit_test_source_CPPFLAGS = $(unit_cppflags)
tests_unit_test_source_LDADD = $(unit_job)
tests_unit_test_edit_CPPFLAGS = $(unit_cppflags)
tests_unit_test_edit_LDADD = $(unit_job)
tests_unit_test_event_CPPFLAGS = $(unit_cppflags)
tests_unit_test_event_LDADD = $(unit_job)
tests_unit_test_filter_CPPFLAGS = $(unit_cppflags)
tests_unit_test_filter_LDADD = $(unit_job)
tests_unit_test_governor_CPPFLAGS = $(unit_cppflags)
tests_unit_test_governor_LDADD = $(unit_job)
tests_unit_test_governor_answer_CPPFLAGS = $(unit_cppflags)
tests_unit_test_governor_answer_LDADD = $(unit_job)
tests_unit_test_header_CPPFLAGS = $(unit_cppflags)
tests_unit_test_header_LDADD = $(unit_job)
tests_unit_test_hold_CPPFLAGS = $(unit_cppflags)
tests_unit_test_hold_LDADD = $(unit_job)
tests_unit_test_httpdate_CPPFLAGS = $(unit_cppflags)
tests_unit_test_httpdate_LDADD = $(unit_job)
tests_unit_test_job_CPPFLAGS = $(unit_cppflags)
tests_unit_test_job_LDADD = $(unit_job)
tests_unit_test_lifecycle_CPPFLAGS = $(unit_cppflags)
tests_unit_test_lifecycle_LDADD = $(unit_job)
tests_unit_test_name_CPPFLAGS = $(unit_cppflags)
tests_unit_test_name_LDADD = $(unit_job)
tests_unit_test_origin_CPPFLAGS = $(unit_cppflags)
tests_unit_test_origin_LDADD = $(unit_job)
tests_unit_test_ramp_CPPFLAGS = $(unit_cppflags)
tests_unit_test_ramp_LDADD = $(unit_job)
tests_unit_test_ranges_CPPFLAGS = $(unit_cppflags)
tests_unit_test_ranges_LDADD = $(unit_job)
tests_unit_test_retry_CPPFLAGS = $(unit_cppflags)
tests_unit_test_retry_LDADD = $(unit_job)
tests_unit_test_throttle_CPPFLAGS = $(unit_cppflags)
tests_unit_test_throttle_LDADD = $(unit_job)
tests_unit_test_verdict_CPPFLAGS = $(unit_cppflags)
tests_unit_test_verdict_LDADD = $(unit_job)

tests_unit_test_cookies_CPPFLAGS = $(unit_cppflags)
tests_unit_test_cookies_LDADD = $(unit_fetchctl)
tests_unit_test_netrc_CPPFLAGS = $(unit_cppflags)
tests_unit_test_netrc_LDADD = $(unit_fetchctl)
tests_unit_test_progress_CPPFLAGS = $(unit_cppflags)
tests_unit_test_progress_LDADD = src/libfetchctl.a $(unit_wire)
tests_unit_test_timecond_CPPFLAGS = $(unit_cppflags)
tests_unit_test_timecond_LDADD = $(unit_fetchctl)
tests_unit_test_top_CPPFLAGS = $(unit_cppflags) $(JANSSON_CFLAGS)
tests_unit_test_top_LDADD = src/libfetchctl.a $(unit_wire)
tests_unit_test_urlglob_CPPFLAGS = $(unit_cppflags)
tests_unit_test_urlglob_LDADD = $(unit_fetchctl)

tests_unit_test_frame_CPPFLAGS = $(unit_cppflags) $(JANSSON_CFLAGS)
tests_unit_test_frame_LDADD = $(unit_wire)
tests_unit_test_hookjson_CPPFLAGS = $(unit_cppflags) $(JANSSON_CFLAGS)
tests_unit_test_hookjson_LDADD = $(unit_wire)
tests_unit_test_jobjson_CPPFLAGS = $(unit_cppflags) $(JANSSON_CFLAGS)
tests_unit_test_jobjson_LDADD = $(unit_wire)
endif

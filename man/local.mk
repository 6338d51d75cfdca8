dist_man_MANS += man/fetchctl.1 man/fetchd.8 man/fetchd.conf.5 \
	man/fetchd-errors.7 man/fetchd-varlink.7

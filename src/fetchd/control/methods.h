/* The methods, one file each. Main thread. What each means stands in the IDL. */
#ifndef CONTROL_METHODS_H
#define CONTROL_METHODS_H

#include "fetchd/control/call.h"
#include "wire/frame.h"
#include "wire/jobjson.h"

void method_add_start(struct call *call, json_t *parameters);
void method_add_reply(struct call *call, struct request *request);

void method_list_start(struct call *call, json_t *parameters);
void method_list_reply(struct call *call, struct request *request);
void method_list_drained(struct call *call);
void method_list_end(struct call *call);

void method_inspect_start(struct call *call, json_t *parameters);
void method_inspect_reply(struct call *call, struct request *request);
void method_hosts_start(struct call *call, json_t *parameters);
void method_hosts_reply(struct call *call, struct request *request);
void method_verify_start(struct call *call, json_t *parameters);
void method_verify_reply(struct call *call, struct request *request);

void method_status_start(struct call *call, json_t *parameters);

void method_watch_start(struct call *call, json_t *parameters);
void method_watch_reply(struct call *call, struct request *request);
void method_watch_drained(struct call *call);
void method_watch_end(struct call *call);

void method_pause_start(struct call *call, json_t *parameters);
void method_resume_start(struct call *call, json_t *parameters);
void method_cancel_start(struct call *call, json_t *parameters);
void method_retry_start(struct call *call, json_t *parameters);
void method_remove_start(struct call *call, json_t *parameters);
void method_change_reply(struct call *call, struct request *request);

void method_group_list_start(struct call *call, json_t *parameters);
void method_group_list_reply(struct call *call, struct request *request);
void method_group_list_drained(struct call *call);
void method_group_list_end(struct call *call);
void method_group_inspect_start(struct call *call, json_t *parameters);
void method_group_inspect_reply(struct call *call, struct request *request);
void method_group_create_start(struct call *call, json_t *parameters);
void method_group_remove_start(struct call *call, json_t *parameters);
void method_group_done_reply(struct call *call, struct request *request);

void method_backup_start(struct call *call, json_t *parameters);
void method_backup_reply(struct call *call, struct request *request);
void method_backup_drained(struct call *call);
void method_backup_end(struct call *call);

/* Its answer is as a change's. */
void method_edit_start(struct call *call, json_t *parameters);

void method_drain_start(struct call *call, json_t *parameters);
void method_drain_reply(struct call *call, struct request *request);

void method_limits_start(struct call *call, json_t *parameters);
void method_limits_reply(struct call *call, struct request *request);
void method_set_limit_start(struct call *call, json_t *parameters);
void method_set_limit_reply(struct call *call, struct request *request);

void method_metrics_start(struct call *call, json_t *parameters);

void method_ping_start(struct call *call, json_t *parameters);

/* org.varlink.service */
void method_get_info_start(struct call *call, json_t *parameters);
void method_get_interface_start(struct call *call, json_t *parameters);

#endif

/* The shared slot table, byte by byte. table.pxd draws it and says who writes what.
 *
 * Sized integers only, and no pointer, length or index in what workers can write; the
 * text of a request_row has a fixed room, and is for people alone. */
#ifndef FASTLB_TABLE_H
#define FASTLB_TABLE_H
#include <stddef.h>
#include <stdint.h>
#define TABLE_LAYOUT 3 /* another one whenever a byte of it means something else */
#define TABLE_PAGE 4096
#define TABLE_ADDRESSES_MAX 8
#define ADDRESS_BYTES 16
#define ROUTE_BYTES_MAX 64
#define BALANCER_KEY_BYTES_MAX 384
#define MEMBER_KEY_BYTES_MAX 768
#define VHOST_KEY_BYTES_MAX 240
#define SHARES_OF_A_LINE 16
#define SHARES_OF_ALL 0xFFFF /* as bits: sixteen workers live */
#define HEALTH_RESULTS 10
#define MEMBER_CHANGES 7
#define AGAIN_COUNTS 5
#define OUTCOME_CLASSES 6
#define OUTCOME_TIMES 16
#define HISTORY_RINGS 3
#define HISTORY_SAMPLES 2760 /* of all rings: 600, 720, 1440 */
#define REQUESTS_SHOWN 32 /* of one worker, those that have been longest under way */
#define REQUEST_TEXT_BYTES 96 /* of its method and path; longer ones end there */
#define FOLLOW_EVENTS 256 /* of one worker, the last ones */
#define FOLLOW_TEXT_BYTES 448 /* of each; longer ones end there */
#define FOLLOW_METHOD_BYTES 32 /* of what is sought, with the NUL behind it */
#define FOLLOW_HOST_BYTES 256
#define FOLLOW_PATH_BYTES 512

/* --- the book */

struct table_book {
    uint32_t balancers_used, members_used, workers_used;
    uint32_t settlements;
    uint64_t ended_accesses, ended_bytes_out, ended_duration_us, ended_connections;
    int32_t master_pid, monitor_pid;
    uint32_t master_serial, monitor_serial;
    uint64_t ended_opened, ended_reused, ended_failed;
    uint32_t vhosts_used, reload_refused;
    int64_t loaded_us;
    uint64_t unused0[3];
};

struct balancer_entry {
    uint32_t used, lbmethod, key_length, unused0;
    uint64_t key_hash, unused1[5];
    char key[BALANCER_KEY_BYTES_MAX];
};

struct member_entry {
    uint32_t flags, used;
    int32_t lbset, load_factor, balancer;
    uint32_t retry_ms, route_hash, configured_flags;
    int32_t configured_load_factor, configured_lbset;
    uint16_t key_length;
    uint8_t route_length, redirect_length;
    uint32_t slow_start_ms;
    uint64_t key_hash;
    int32_t places_max;
    uint32_t life;
    char route[ROUTE_BYTES_MAX];
};

struct member_names {
    char redirect[ROUTE_BYTES_MAX];
    char key[MEMBER_KEY_BYTES_MAX];
};

struct vhost_entry {
    uint32_t used, key_length;
    uint64_t key_hash;
    char key[VHOST_KEY_BYTES_MAX];
};

struct worker_entry {
    int32_t pid;
    uint32_t used, generation, number, serial, unused0[11];
};

/* --- the directory */

struct table_directory {
    uint64_t owner;
};

struct member_address {
    uint16_t family, port;
    uint32_t scope;
    uint8_t bytes[ADDRESS_BYTES];
};

struct address_record {
    uint32_t version, count;
    struct member_address addresses[TABLE_ADDRESSES_MAX];
    int64_t renewal_us, heard_us;
    uint32_t ready, busy;
    uint32_t agent_flags, agent_percent, agent_most, unused1;
    uint64_t unused0[2];
};

struct health_result {
    int64_t at_us;
    uint32_t took_us;
    uint16_t status;
    uint8_t phase, reason;
};

struct health_record {
    uint32_t version, checks, passes, fails;
    int64_t out_since_us;
    uint64_t passed, failed, unused0[3];
    struct health_result results[HEALTH_RESULTS];
    uint64_t unused1[4];
};

/* --- the history */

struct history_sample {
    uint32_t requests, errors;
    uint16_t in_flight, p50, p99;
    uint8_t out, span;
};

struct history_ring {
    uint64_t times[OUTCOME_TIMES];
    uint64_t requests, errors;
    int64_t at_us;
    uint32_t first, next;
    uint16_t looks, outs, most, unused0;
};

struct member_history {
    uint32_t version, life;
    struct history_ring rings[HISTORY_RINGS];
    uint64_t unused0[48];
    struct history_sample samples[HISTORY_SAMPLES];
};

/* --- the field */

struct follow_desk {
    int64_t until_us;
    uint32_t version, bits, unused0[12];
    uint8_t network[ADDRESS_BYTES];
    char method[FOLLOW_METHOD_BYTES];
    char host[FOLLOW_HOST_BYTES];
    char path[FOLLOW_PATH_BYTES];
};

struct table_field {
    uint32_t repairs, moves, unused0[14];
    struct follow_desk follow;
};

struct balancer_slot {
    uint64_t owner;
    uint32_t begun, done;
    uint64_t budget_us, budget_from;
    uint32_t budget_before, budget_spent, budget_told;
    uint32_t again[AGAIN_COUNTS];
    uint64_t waits, waited_us, longest_us, turned_away;
    uint32_t queue_most, unused1;
    uint64_t unused2[3];
};

struct member_change {
    int64_t at_us;
    uint32_t pid;
    uint16_t number;
    uint8_t is_out, cause;
};

struct member_slot {
    uint32_t flags, epoch;
    int64_t lbstatus, lbstatus_before;
    uint64_t elected;
    int64_t error_time_us;
    uint32_t retries, stamp;
    int64_t up_us;
    uint64_t unused0;
    uint64_t transferred, read;
    int64_t response_ns, answered_us;
    int64_t ejected_until_us, weighed_us;
    uint32_t ejections, fails, weighed_from, weighed_fails;
    uint32_t changes, unused2;
    struct member_change changed[MEMBER_CHANGES];
    uint64_t unused3;
};

struct member_outcomes {
    uint64_t counts[OUTCOME_CLASSES][OUTCOME_TIMES];
    uint64_t duration_us, unused0[7];
};

struct vhost_slot {
    uint64_t counts[OUTCOME_CLASSES][OUTCOME_TIMES];
    uint64_t duration_us, bytes_out, unused0[6];
};

struct worker_slot {
    uint64_t accesses, bytes_out, duration_us, accepted;
    int32_t connections, exchanges;
    uint32_t state;
    int32_t granted, waiting, tunnels;
    int32_t upstreams, idle;
    uint64_t opened, reused, failed, unused0[5];
};

struct request_row {
    int64_t since_us;
    uint64_t bytes_out;
    int32_t member, vhost;
    uint32_t state, unused0;
    uint8_t client[ADDRESS_BYTES];
    char text[REQUEST_TEXT_BYTES];
};

struct worker_requests {
    uint32_t version, unused0[15];
    struct request_row rows[REQUESTS_SHOWN];
};

struct follow_event {
    uint32_t number, request;
    int64_t at_us, figure;
    uint32_t kind;
    int32_t subject, count, more;
    uint32_t unused0[6];
    char text[FOLLOW_TEXT_BYTES];
};

struct worker_follow {
    uint32_t written, skipped, unused0[14];
    uint32_t seen, unused1[15];
    struct follow_event events[FOLLOW_EVENTS];
};

#define TABLE_AT(s, f, at) _Static_assert(offsetof(struct s, f) == (at), #s "." #f)
#define TABLE_SIZE(s, size) _Static_assert(sizeof(struct s) == (size), #s)
TABLE_SIZE(table_book, 128); TABLE_AT(table_book, ended_opened, 64);
TABLE_SIZE(balancer_entry, 448); TABLE_AT(balancer_entry, key, 64);
TABLE_SIZE(member_entry, 128); TABLE_AT(member_entry, route, 64);
TABLE_SIZE(member_names, 832);
TABLE_SIZE(vhost_entry, 256);
TABLE_SIZE(worker_entry, 64);
TABLE_SIZE(member_address, 24);
TABLE_SIZE(address_record, 256); TABLE_AT(address_record, renewal_us, 200);
TABLE_AT(address_record, ready, 216); TABLE_AT(address_record, agent_flags, 224);
TABLE_SIZE(health_result, 16);
TABLE_SIZE(health_record, 256); TABLE_AT(health_record, results, 64);
TABLE_SIZE(history_sample, 16);
TABLE_SIZE(history_ring, 168);
TABLE_SIZE(member_history, 11 * TABLE_PAGE); TABLE_AT(member_history, samples, 896);
TABLE_SIZE(balancer_slot, 128); TABLE_AT(balancer_slot, again, 44);
TABLE_AT(balancer_slot, waits, 64);
TABLE_SIZE(member_change, 16);
TABLE_SIZE(member_slot, 256); TABLE_AT(member_slot, transferred, 64);
TABLE_AT(member_slot, changes, 128);
TABLE_SIZE(member_outcomes, 832); TABLE_AT(member_outcomes, duration_us, 768);
TABLE_SIZE(vhost_slot, 832); TABLE_AT(vhost_slot, duration_us, 768);
TABLE_SIZE(worker_slot, 128); TABLE_AT(worker_slot, opened, 64);
TABLE_SIZE(request_row, 144); TABLE_AT(request_row, text, 48);
TABLE_SIZE(worker_requests, 4672); TABLE_AT(worker_requests, rows, 64);
TABLE_SIZE(follow_desk, 880); TABLE_AT(follow_desk, network, 64);
TABLE_SIZE(table_field, 944); TABLE_AT(table_field, follow, 64);
TABLE_SIZE(follow_event, 512); TABLE_AT(follow_event, text, 64);
TABLE_SIZE(worker_follow, 131200); TABLE_AT(worker_follow, seen, 64);
TABLE_AT(worker_follow, events, 128);
#endif

/* The shared slot table, byte by byte. table.pxd draws it and says who writes what.
 *
 * Sized integers only; the mutexes are the one foreign type and have room to grow.
 * A change of any size or offset is a new TABLE_LAYOUT. */
#ifndef FASTLB_TABLE_H
#define FASTLB_TABLE_H
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#define TABLE_MAGIC UINT64_C(0x0000626c74736166) /* "fastlb" in memory */
#define TABLE_LAYOUT 1
#define TABLE_PAGE 4096
#define TABLE_GENERATIONS_MAX 64
#define TABLE_ADDRESSES_MAX 8

union shared_mutex {
    pthread_mutex_t lock;
    uint64_t room[8];
};

struct table_header {
    uint64_t magic;
    uint32_t layout, header_size;
    uint64_t size;
    uint32_t balancers_max, members_max, workers_max;
    uint32_t balancer_size, member_size, cold_size, worker_size, share_row_size;
    uint64_t unused0;
    uint64_t balancers_at, members_at, colds_at, workers_at, shares_at, unused1[3];
    union shared_mutex mutex;
    uint32_t balancers_used, members_used, workers_used, repairs;
    uint64_t ended_accesses, ended_bytes_out, ended_duration_us, ended_connections;
    uint64_t unused2[2];
    uint64_t generations[TABLE_GENERATIONS_MAX];
};

struct balancer_slot {
    union shared_mutex mutex;
    uint32_t begun, done;
    uint32_t used, mutex_made, lbmethod, key_length;
    uint64_t claims, key_hash, unused0[3];
    char key[384];
};

struct member_slot {
    uint32_t flags, epoch;
    int32_t lbset, load_factor;
    int64_t lbstatus, lbstatus_before;
    uint64_t elected;
    int64_t error_time_us;
    uint32_t retry_ms, retries, stamp, route_hash;
    uint64_t transferred, read, unused0[6];
};

struct member_address {
    uint16_t family, port;
    uint32_t scope;
    uint8_t bytes[16];
};

struct member_cold {
    uint64_t claims, key_hash;
    int32_t balancer;
    uint32_t used, configured_flags;
    int32_t configured_load_factor, configured_lbset;
    uint16_t key_length;
    uint8_t route_length, redirect_length;
    uint64_t unused0[3];
    char route[64], redirect[64];
    uint32_t address_version, address_count;
    struct member_address addresses[TABLE_ADDRESSES_MAX];
    uint64_t unused1[15];
    char key[768];
};

struct worker_slot {
    int32_t pid;
    uint32_t used, generation, number, state, unused0[11];
    uint64_t accesses, bytes_out, duration_us, accepted;
    int32_t connections, exchanges;
    int32_t granted, waiting, tunnels, unused2;
    uint64_t unused1[1];
};

#define TABLE_AT(s, f, at) _Static_assert(offsetof(struct s, f) == (at), #s "." #f)
#define TABLE_SIZE(s, size) _Static_assert(sizeof(struct s) == (size), #s)
_Static_assert(sizeof(union shared_mutex) == 64, "a mutex fills one line");
TABLE_SIZE(table_header, 768);
TABLE_AT(table_header, balancers_at, 64); TABLE_AT(table_header, mutex, 128);
TABLE_AT(table_header, balancers_used, 192); TABLE_AT(table_header, generations, 256);
TABLE_SIZE(balancer_slot, 512);
TABLE_AT(balancer_slot, begun, 64); TABLE_AT(balancer_slot, key, 128);
TABLE_SIZE(member_slot, 128);
TABLE_AT(member_slot, transferred, 64);
TABLE_SIZE(member_address, 24);
TABLE_SIZE(member_cold, 1280);
TABLE_AT(member_cold, route, 64); TABLE_AT(member_cold, address_version, 192);
TABLE_AT(member_cold, key, 512);
TABLE_SIZE(worker_slot, 128);
TABLE_AT(worker_slot, accesses, 64);
#endif

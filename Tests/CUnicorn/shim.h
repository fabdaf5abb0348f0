// shim.h — libunicorn as Swift sees it; uc_hook_add, which is variadic, becomes a function for each kind of callback
// SPDX-License-Identifier: MIT
#pragma once
#include <unicorn/unicorn.h>

static inline uc_err cunicorn_hook_code(uc_engine *engine, uc_cb_hookcode_t callback, void *data) {
    uc_hook hook;
    return uc_hook_add(engine, &hook, UC_HOOK_CODE, (void *)callback, data, 1, 0);
}

static inline uc_err cunicorn_hook_block(uc_engine *engine, uc_cb_hookcode_t callback, void *data) {
    uc_hook hook;
    return uc_hook_add(engine, &hook, UC_HOOK_BLOCK, (void *)callback, data, 1, 0);
}

static inline uc_err cunicorn_hook_access(uc_engine *engine, uc_cb_hookmem_t callback, void *data) {
    uc_hook hook;
    return uc_hook_add(engine, &hook, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, (void *)callback, data, 1, 0);
}

static inline uc_err cunicorn_hook_fault(uc_engine *engine, uc_cb_eventmem_t callback, void *data) {
    uc_hook hook;
    return uc_hook_add(engine, &hook, UC_HOOK_MEM_INVALID, (void *)callback, data, 1, 0);
}

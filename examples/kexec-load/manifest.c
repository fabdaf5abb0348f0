/* manifest.c — a JSON reader, just for a manifest: unknown members are skipped, known ones have to be there
 * SPDX-License-Identifier: MIT
 */
#include "manifest.h"

struct reader {
    const char *path;
    struct bytes text;
    size_t at;
};

/* For keys, and for strings that are skipped. */
static char scratch[MAXIMUM_PATH];

static _Noreturn void malformed(const struct reader *json, const char *expected) {
    fail(json->path, ": byte ", decimal(json->at), ": not what was expected: ", expected);
}

/* The character at the reader, which stays there; 0 at the end. */
static char here(const struct reader *json) {
    return json->at < json->text.size ? json->text.start[json->at] : 0;
}

/* The same, behind white space. */
static char peek(struct reader *json) {
    while (here(json) == ' ' || here(json) == '\t' || here(json) == '\n' || here(json) == '\r') json->at++;
    return here(json);
}

static int accept(struct reader *json, char c) {
    if (peek(json) != c) return 0;
    json->at++;
    return 1;
}

static void expect(struct reader *json, char c) {
    if (!accept(json, c)) malformed(json, (char[]){c, 0});
}

/* Whether an object or an array has one more item; `first` is 1 before its first. */
static int more(struct reader *json, char end, int *first) {
    if (accept(json, end)) return 0;
    if (!*first) expect(json, ',');
    *first = 0;
    return 1;
}

/* A string into `buffer`, NUL-terminated. No \b \f \n \r \t \u: no file of a manifest is named like that. */
static void string(struct reader *json, char *buffer, size_t capacity) {
    expect(json, '"');
    size_t length = 0;
    for (char c; (c = here(json)) != '"'; json->at++) {
        if (c == '\\') {
            json->at++;
            c = here(json);
            if (c != '"' && c != '\\' && c != '/') malformed(json, "one of \" \\ / behind a backslash");
        }
        if (!c) malformed(json, "the end of the string");
        if (length + 1 == capacity) malformed(json, "a shorter string");
        buffer[length++] = c;
    }
    buffer[length] = 0;
    json->at++;
}

static uint64_t number(struct reader *json) {
    uint64_t value = 0;
    if (peek(json) < '0' || peek(json) > '9') malformed(json, "a number from 0 to 2^64-1");
    for (char c; (c = here(json)) >= '0' && c <= '9'; json->at++) {
        uint64_t digit = (uint64_t)(c - '0');
        if (value > (UINT64_MAX - digit) / 10) malformed(json, "a number from 0 to 2^64-1");
        value = value * 10 + digit;
    }
    return value;
}

/* Any value that nests no deeper than that. */
static void skip(struct reader *json, unsigned depth) {
    char c = peek(json);
    if (c == '"') {
        string(json, scratch, sizeof scratch);
    } else if (c == '{' || c == '[') {
        if (!depth) malformed(json, "less nesting");
        json->at++;
        for (int first = 1; more(json, c == '{' ? '}' : ']', &first);) {
            if (c == '{') {
                string(json, scratch, sizeof scratch);
                expect(json, ':');
            }
            skip(json, depth - 1);
        }
    } else {
        size_t start = json->at;
        for (; (c = here(json)) == '-' || c == '+' || c == '.' || c == 'E' || (c >= 'a' && c <= 'z') ||
               (c >= '0' && c <= '9');
             json->at++) {}
        if (json->at == start) malformed(json, "a value");
    }
}

static void segment(struct reader *json, struct segment *segment) {
    unsigned seen = 0;
    expect(json, '{');
    for (int first = 1; more(json, '}', &first);) {
        string(json, scratch, sizeof scratch);
        expect(json, ':');
        if (same(scratch, "name")) string(json, segment->name, sizeof segment->name), seen |= 1;
        else if (same(scratch, "file")) string(json, segment->file, sizeof segment->file), seen |= 2;
        else if (same(scratch, "base")) segment->base = number(json), seen |= 4;
        else if (same(scratch, "size")) segment->size = number(json), seen |= 8;
        else if (same(scratch, "memory_size")) segment->memory_size = number(json), seen |= 16;
        else skip(json, 8);
    }
    if (seen != 31) malformed(json, "name, file, base, size and memory_size in this segment");
}

void read_manifest(struct bytes text, const char *path, struct manifest *manifest) {
    struct reader reader = {path, text, 0}, *json = &reader;
    unsigned seen = 0;
    uint64_t version = 0;
    expect(json, '{');
    for (int first = 1; more(json, '}', &first);) {
        string(json, scratch, sizeof scratch);
        expect(json, ':');
        if (same(scratch, "version")) version = number(json);
        else if (same(scratch, "entry")) manifest->entry = number(json), seen |= 1;
        else if (same(scratch, "segments")) {
            expect(json, '[');
            manifest->count = 0;
            for (int none = 1; more(json, ']', &none);) {
                if (manifest->count == MAXIMUM_SEGMENTS) malformed(json, "at most 17 segments");
                segment(json, &manifest->segments[manifest->count++]);
            }
            seen |= 2;
        } else skip(json, 8);
    }
    if (peek(json)) malformed(json, "the end");
    if (version != 1) fail(path, ": version ", decimal(version), ", expected 1");
    if (seen != 3) malformed(json, "entry and segments in it");
}

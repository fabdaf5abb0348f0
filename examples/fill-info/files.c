/* files.c — whole files in and out, for the examples that run on a host
 * SPDX-License-Identifier: MIT
 */
#include "files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fail(const char *name, const char *problem) {
    fprintf(stderr, "error: %s: %s\n", name, problem);
    exit(1);
}

struct file read_file(char *argument) {
    struct file file = {.name = argument};
    char *at = strrchr(argument, '@');
    if (at) {
        *at = 0;
        char *end;
        file.address = strtoull(at + 1, &end, 0);
        if (end == at + 1 || *end) fail(at + 1, "no address");
    }
    FILE *stream = fopen(argument, "rb");
    if (!stream) fail(argument, strerror(errno));
    if (fseek(stream, 0, SEEK_END) || (long)(file.size = (size_t)ftell(stream)) <= 0) fail(argument, "cannot be read");
    rewind(stream);
    file.bytes = malloc(file.size);
    if (!file.bytes || fread(file.bytes, 1, file.size, stream) != file.size) fail(argument, "cannot be read");
    fclose(stream);
    return file;
}

void write_file(const char *name, const struct file *file) {
    FILE *stream = fopen(name, "wb");
    if (!stream || fwrite(file->bytes, 1, file->size, stream) != file->size || fclose(stream)) fail(name, strerror(errno));
}

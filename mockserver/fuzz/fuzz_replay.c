/*
 * Runs the files it is given through a fuzz entry, with no fuzzer: linked in
 * place of libFuzzer, so that `make test` replays every corpus with whatever
 * compiler there is. Each path is printed before its run; after a crash the
 * last one names the input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz_support.h"

/* Reads the whole file into a heap block of its size. NULL on failure. */
static uint8_t *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = NULL;
    long size = -1;

    if (!f)
        return NULL;
    if (fseek(f, 0, SEEK_END) == 0)
        size = ftell(f);
    if (size >= 0 && fseek(f, 0, SEEK_SET) == 0)
        data = malloc(size > 0 ? (size_t)size : 1);
    if (data && fread(data, 1, (size_t)size, f) != (size_t)size) {
        free(data);
        data = NULL;
    }
    fclose(f);
    *len = (size_t)size;
    return data;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        uint8_t *data;
        size_t len;

        printf("%s\n", argv[i]);
        fflush(stdout);
        data = read_file(argv[i], &len);
        if (!data) {
            perror(argv[i]);
            return 2;
        }
        LLVMFuzzerTestOneInput(data, len);
        free(data);
    }
    accounts_free(fuzz_accounts());
    return 0;
}

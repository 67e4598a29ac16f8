#include "bytes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

static void *checked(void *p)
{
    if (!p) {
        fputs("out of memory\n", stderr);
        exit(EXIT_SETUP);
    }
    return p;
}

void bytes_reserve(struct bytes *b, size_t more)
{
    size_t need = b->len + more + 1;

    if (need <= b->cap)
        return;
    b->cap = need > 2 * b->cap ? need : 2 * b->cap;
    b->data = checked(realloc(b->data, b->cap));
}

void bytes_add(struct bytes *b, const void *data, size_t len)
{
    bytes_reserve(b, len);
    if (len > 0)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void bytes_text(struct bytes *b, const char *text)
{
    bytes_add(b, text, strlen(text));
}

void bytes_format(struct bytes *b, const char *fmt, ...)
{
    va_list ap;
    char *text;

    va_start(ap, fmt);
    text = vformat(fmt, ap);
    va_end(ap);
    bytes_text(b, text);
    free(text);
}

void bytes_fill(struct bytes *b, char byte, size_t n)
{
    bytes_reserve(b, n);
    memset(b->data + b->len, byte, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void bytes_release(struct bytes *b)
{
    free(b->data);
    *b = (struct bytes){0};
}

void bytes_drop_front(struct bytes *b, size_t n)
{
    memmove(b->data, b->data + n, b->len - n + 1);
    b->len -= n;
}

char *vformat(const char *fmt, va_list ap)
{
    char *text = NULL;

    if (vasprintf(&text, fmt, ap) < 0)
        checked(NULL);
    return text;
}

char *format(const char *fmt, ...)
{
    va_list ap;
    char *text;

    va_start(ap, fmt);
    text = vformat(fmt, ap);
    va_end(ap);
    return text;
}

char *base64(const void *data, size_t len)
{
    char *text = checked(malloc(len / 3 * 4 + 5));

    EVP_EncodeBlock((unsigned char *)text, data, (int)len);
    return text;
}

int bytes_add_base64(struct bytes *b, const char *text)
{
    size_t len = strlen(text);
    char *again = NULL;
    bool good;
    int n;

    bytes_reserve(b, len);
    n = EVP_DecodeBlock((unsigned char *)b->data + b->len,
                        (const unsigned char *)text, (int)len);
    while (n > 0 && len > 0 && text[--len] == '=')
        n--;
    /* The decoder puts up with blanks, padding anywhere and loose bits. */
    if (n >= 0)
        again = base64(b->data + b->len, (size_t)n);
    good = again && strcmp(again, text) == 0;
    free(again);
    if (good)
        b->len += (size_t)n;
    b->data[b->len] = '\0';
    return good ? 0 : -1;
}

char *sha256_hex(const void *data, size_t len)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct bytes text = {0};

    EVP_Digest(data, len, digest, &n, EVP_sha256(), NULL);
    for (unsigned i = 0; i < n; i++)
        bytes_format(&text, "%02x", digest[i]);
    return text.data;
}

char *printable(const char *data, size_t len)
{
    struct bytes b = {0};

    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)data[i];

        if (byte == '\n' || (byte >= 0x20 && byte < 0x7f))
            bytes_add(&b, data + i, 1);
        else if (byte != '\r')
            bytes_format(&b, "\\x%02x", byte);
    }
    bytes_text(&b, "");
    return b.data;
}

int bytes_read_file(struct bytes *b, const char *path)
{
    FILE *file = fopen(path, "rbe");
    char piece[65536];
    size_t n;
    int failed;

    if (!file)
        return -1;
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
        bytes_add(b, piece, n);
    failed = ferror(file) ? errno : 0;
    fclose(file);
    bytes_text(b, "");
    errno = failed;
    return failed ? -1 : 0;
}

#include "url.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "mutants.h"
#include "text.h"

/* Letters of a reg-name or address (RFC 3986 section 3.2.2), without '%'. */
static bool is_host_char(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("-._~!$&'()*+,;=", c));
}

static bool is_host(const char *s, size_t len)
{
    if (len > 2 && s[0] == '[' && s[len - 1] == ']')
        return strspn(s + 1, "0123456789abcdefABCDEF:.") == len - 2;
    for (size_t i = 0; i < len; i++) {
        if (!is_host_char(s[i]))
            return false;
    }
    return len > 0;
}

static size_t scheme_len(const char *s)
{
    if (!strncasecmp(s, "http://", 7))
        return 7;
    if (mutant(MUTANT_URL_SCHEME_UNCHECKED) && !strncasecmp(s, "ftp://", 6))
        return 6;
    return !strncasecmp(s, "https://", 8) ? 8 : 0;
}

static int take_path(struct url *url, struct arena *arena, const char *s)
{
    size_t len = strcspn(s, "?#");
    char *path = arena_alloc(arena, len + 2);
    size_t n;

    if (!path)
        return -1;
    if (len == 0) {
        url->path = "/";
        return 0;
    }
    n = text_percent_decode(s, len, path);
    if (n == (size_t)-1)
        return -1;
    path[n] = '\0';
    url->path = path;
    return 0;
}

static int take_host(struct url *url, struct arena *arena, const char *s,
                     size_t len)
{
    const char *at = memrchr(s, '@', len);
    const char *colon;
    uint64_t port;
    char *host;

    if (at) {
        len -= (size_t)(at + 1 - s);
        s = at + 1;
    }
    colon = memrchr(s, ':', len);
    if (colon && !memchr(colon, ']', len - (size_t)(colon - s))) {
        size_t digits = len - (size_t)(colon + 1 - s);

        if (digits && text_parse_u64(colon + 1, digits, 65535, &port) < 0)
            return -1;
        len = (size_t)(colon - s);
    }
    host = arena_memdup0(arena, s, len);
    if (!host || !is_host(s, len))
        return -1;
    for (char *p = host; *p; p++)
        *p = text_lower(*p);
    url->host = host;
    return 0;
}

int url_parse(struct url *url, struct arena *arena, const char *text,
              size_t len, const char **why)
{
    char *copy = arena_memdup0(arena, text, len);
    size_t authority;
    size_t skip;

    *why = "out of memory";
    if (!copy)
        return -1;
    *why = "url holds a blank or a control character";
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)copy[i] <= ' ' || copy[i] == 0x7f)
            return -1;
    }
    *why = "url is not an http or https URL";
    skip = scheme_len(copy);
    if (skip == 0)
        return -1;
    copy += skip;
    authority = strcspn(copy, "/?#");
    *why = "url has no valid host";
    if (take_host(url, arena, copy, authority) < 0)
        return -1;
    *why = "url has a bad path";
    return take_path(url, arena, copy + authority);
}

bool url_host_is_invalid(const struct url *url)
{
    const char suffix[] = ".invalid";
    size_t len = strlen(url->host);
    size_t n = sizeof(suffix) - 1;

    if (len > 0 && url->host[len - 1] == '.')
        len--; /* the root's dot: "x.invalid." */
    return (len == n - 1 && !memcmp(url->host, suffix + 1, len)) ||
           (len >= n && !memcmp(url->host + len - n, suffix, n));
}

bool url_path_ends(const struct url *url, const char *suffix)
{
    size_t len = strlen(url->path);
    size_t n = strlen(suffix);

    return len >= n && !strcasecmp(url->path + len - n, suffix);
}

static bool has_dot_segment(const char *path)
{
    while (*path) {
        size_t len = strcspn(path, "/");

        if ((len == 1 && path[0] == '.') ||
            (len == 2 && path[0] == '.' && path[1] == '.'))
            return true;
        path += len;
        path += strspn(path, "/");
    }
    return false;
}

long url_read_file(const struct url *url, const char *root, void *buf,
                   size_t cap)
{
    char name[4096];
    struct stat st;
    long got = -1;
    int n;
    int fd;

    n = snprintf(name, sizeof(name), "%s/%s%s", root, url->host, url->path);
    if (n < 0 || (size_t)n >= sizeof(name) || has_dot_segment(url->host) ||
        has_dot_segment(url->path))
        return -1;
    /* Not blocking, so that a FIFO in the directory cannot stop a worker. */
    fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        do
            got = read(fd, buf, cap);
        while (got < 0 && errno == EINTR);
    }
    close(fd);
    return got;
}

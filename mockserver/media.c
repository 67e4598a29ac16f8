#include "media.h"

#include <string.h>
#include "mutants.h"

struct magic {
    enum media_type type;
    size_t offset;
    size_t len;
    const char *bytes;
    const char *at_8; /* four further bytes at offset 8, or NULL */
};

static const struct magic magics[] = {
    {MEDIA_JPEG, 0, 3, "\xff\xd8\xff", NULL},
    {MEDIA_PNG, 0, 8, "\x89PNG\r\n\x1a\n", NULL},
    {MEDIA_GIF, 0, 6, "GIF87a", NULL},
    {MEDIA_GIF, 0, 6, "GIF89a", NULL},
    {MEDIA_BMP, 0, 2, "BM", NULL},
    {MEDIA_WEBP, 0, 4, "RIFF", "WEBP"},
    {MEDIA_MP4, 4, 4, "ftyp", NULL},
    {MEDIA_FLV, 0, 4, "FLV\x01", NULL},
    {MEDIA_MKV, 0, 4, "\x1a\x45\xdf\xa3", NULL},
    {MEDIA_AVI, 0, 4, "RIFF", "AVI "},
};

static const char *const names[MEDIA__COUNT] = {
    [MEDIA_UNKNOWN] = "application/octet-stream",
    [MEDIA_JPEG] = "image/jpeg",
    [MEDIA_PNG] = "image/png",
    [MEDIA_GIF] = "image/gif",
    [MEDIA_BMP] = "image/bmp",
    [MEDIA_WEBP] = "image/webp",
    [MEDIA_MP4] = "video/mp4",
    [MEDIA_FLV] = "video/x-flv",
    [MEDIA_MKV] = "video/matroska",
    [MEDIA_AVI] = "video/vnd.avi",
};

enum media_type media_sniff(const unsigned char *head, size_t len)
{
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
        const struct magic *m = &magics[i];

        if (len < m->offset + m->len ||
            memcmp(head + m->offset, m->bytes, m->len) != 0)
            continue;
        if (m->at_8 && (len < 12 || memcmp(head + 8, m->at_8, 4) != 0))
            continue;
        if (mutant(MUTANT_GIF87A_UNKNOWN) && !strcmp(m->bytes, "GIF87a"))
            continue;
        return m->type;
    }
    return MEDIA_UNKNOWN;
}

static unsigned big16(const unsigned char *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static unsigned little16(const unsigned char *p)
{
    return (unsigned)p[1] << 8 | p[0];
}

/* Walks the segments (ITU-T T.81 annex B) up to the start of frame. */
static const unsigned char *jpeg_frame(const unsigned char *p, size_t len)
{
    size_t at = 2;

    while (at + 9 <= len && p[at] == 0xff) {
        unsigned char marker = p[at + 1];

        /* SOF0 to SOF15, but for DHT, JPG and DAC in their midst */
        if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 &&
            marker != 0xc8 && marker != 0xcc)
            return p + at;
        at += marker == 0xff ? 1 : 2 + big16(p + at + 2);
    }
    return NULL;
}

int media_dimensions(const unsigned char *head, size_t len, unsigned *width,
                     unsigned *height)
{
    const unsigned char *frame;

    switch (media_sniff(head, len)) {
    case MEDIA_JPEG:
        frame = jpeg_frame(head, len);
        if (!frame)
            return -1;
        *height = big16(frame + 5);
        *width = big16(frame + 7);
        return 0;
    case MEDIA_PNG:
        if (len < 24)
            return -1;
        *width = big16(head + 16) << 16 | big16(head + 18);
        *height = big16(head + 20) << 16 | big16(head + 22);
        return 0;
    case MEDIA_GIF:
        if (len < 10)
            return -1;
        *width = little16(head + 6);
        *height = little16(head + 8);
        return 0;
    case MEDIA_BMP:
        if (len < 26)
            return -1;
        *width = little16(head + 20) << 16 | little16(head + 18);
        *height = little16(head + 24) << 16 | little16(head + 22);
        return 0;
    default:
        return -1;
    }
}

const char *media_type_name(enum media_type type)
{
    return names[type];
}

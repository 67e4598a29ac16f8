/*
 * Are the files of fixtures/ what their names say? No server runs here: a
 * fixture that rots must fail by itself, not as a riddle in another test.
 * FIXTURES_DIR names the folder; the default fits the tree's root.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>
#include "error_codes.h"
#include "fault.h"

enum {
    MAX_FILE = 64 * 1024, /* every fixture read here is smaller */
    MAX_PATH = 512,
    MAX_NAME = FAULT_MAX_SPEC_LEN + 16,
};

struct file {
    char path[MAX_PATH];
    unsigned char bytes[MAX_FILE];
    size_t len;
};

struct kind {
    const char *name; /* photo or video */
    const char *suffix;
    const char *base; /* the file without a marker */
    const char *magic;
    size_t magic_at;
};

static const struct kind photo = {"photo", "jpg", "media/photo.jpg",
                                  "\xff\xd8\xff", 0};
static const struct kind video = {"video", "mp4", "media/fault-base.mp4",
                                  "ftyp", 4};

/* Criterion runs each test in a process of its own; two files are the most
 * that one of them holds at a time. */
static struct file first;
static struct file second;

static const char *fixtures_dir(void)
{
    const char *dir = getenv("FIXTURES_DIR");

    return dir ? dir : "fixtures";
}

static void load(struct file *file, const char *folder, const char *name)
{
    FILE *stream;

    snprintf(file->path, sizeof(file->path), "%s/%s%s", fixtures_dir(), folder,
             name);
    stream = fopen(file->path, "rb");
    cr_assert(stream, "%s cannot be opened", file->path);
    file->len = fread(file->bytes, 1, sizeof(file->bytes), stream);
    fclose(stream);
    cr_assert_lt(file->len, sizeof(file->bytes), "%s is too large", file->path);
}

static const unsigned char *find(const struct file *file, const char *word)
{
    return memmem(file->bytes, file->len, word, strlen(word));
}

static bool begins(const struct file *file, size_t at, const char *magic)
{
    size_t len = strlen(magic);

    return at + len <= file->len && memcmp(file->bytes + at, magic, len) == 0;
}

static unsigned u16(const unsigned char *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static unsigned u32(const unsigned char *p)
{
    return u16(p) << 16 | u16(p + 2);
}

/* The fault that the file's marker asks for; the server would see it. */
static struct fault fault_of(const struct file *file)
{
    size_t window =
        file->len < FAULT_FILE_WINDOW ? file->len : FAULT_FILE_WINDOW;
    struct fault fault = {0};
    bool terminated = false;
    char why[256] = "";
    size_t len = 0;
    const char *spec = fault_in_data(file->bytes, window, &len, &terminated);

    cr_assert(spec, "%s has no marker in its first %d bytes", file->path,
              FAULT_FILE_WINDOW);
    cr_assert(terminated, "%s: no ';' ends the marker", file->path);
    cr_assert_eq(fault_parse(&fault, spec, len, why, sizeof(why)), 0, "%s: %s",
                 file->path, why);
    return fault;
}

static struct fault load_fault(const struct kind *kind, const char *spec)
{
    char name[MAX_NAME];

    snprintf(name, sizeof(name), "%s.%s.%s", kind->name, spec, kind->suffix);
    load(&first, "faults/", name);
    cr_assert(begins(&first, kind->magic_at, kind->magic),
              "%s does not begin as a %s", first.path, kind->suffix);
    return fault_of(&first);
}

static void expect_a_file_for_every_code(const struct kind *kind)
{
    cr_assert_gt(error_table_len, 0);
    for (size_t i = 0; i < error_table_len; i++) {
        int code = error_table[i].code;
        struct fault fault;
        char spec[16];

        snprintf(spec, sizeof(spec), "%d", code);
        fault = load_fault(kind, spec);
        cr_assert(fault.has_code, "%s asks for no code", first.path);
        cr_assert_eq(fault.code, code, "%s asks for %d", first.path,
                     fault.code);
        cr_assert_eq(fault.transport, TRANSPORT_NONE, "%s", first.path);
    }
}

static void expect_a_file_for_every_transport(const struct kind *kind)
{
    for (int i = TRANSPORT_NONE + 1; i < TRANSPORT__COUNT; i++) {
        const char *name = fault_transport_name((enum fault_transport)i);
        struct fault fault = load_fault(kind, name);

        cr_assert_eq((int)fault.transport, i, "%s asks for %s", first.path,
                     fault_transport_name(fault.transport));
        cr_assert(!fault.has_code, "%s asks for a code", first.path);
    }
}

/* How many files of the kind there are; each is named as its marker says. */
static size_t count_named_as_marked(const struct kind *kind)
{
    char path[MAX_PATH];
    size_t n = 0;
    DIR *dir;

    snprintf(path, sizeof(path), "%s/faults", fixtures_dir());
    dir = opendir(path);
    cr_assert(dir, "%s cannot be opened", path);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char expected[MAX_NAME];
        char spec[FAULT_MAX_SPEC_LEN + 1];
        struct fault fault;

        if (strncmp(entry->d_name, kind->name, strlen(kind->name)) != 0)
            continue;
        load(&first, "faults/", entry->d_name);
        fault = fault_of(&first);
        fault_render(&fault, spec, sizeof(spec));
        snprintf(expected, sizeof(expected), "%s.%s.%s", kind->name, spec,
                 kind->suffix);
        cr_assert_str_eq(entry->d_name, expected);
        n++;
    }
    closedir(dir);
    return n;
}

/* Does the JPEG's frame header (SOF0, baseline) give this size? */
static bool jpeg_is_sized(const struct file *file, unsigned width,
                          unsigned height)
{
    size_t at = 2; /* past SOI: each segment is FF, type, length */

    while (at + 9 <= file->len && file->bytes[at] == 0xff) {
        const unsigned char *segment = file->bytes + at;

        if (segment[1] == 0xc0)
            return u16(segment + 5) == height && u16(segment + 7) == width;
        at += 2 + u16(segment + 2);
    }
    return false;
}

/* Does the MP4's first sample entry, the video's, give this size? */
static bool mp4_is_sized(const struct file *file, unsigned width,
                         unsigned height)
{
    const unsigned char *stsd = find(file, "stsd");

    if (!stsd || file->bytes + file->len - stsd < 48)
        return false;
    /* ISO/IEC 14496-12 section 12.1.3: size and type precede 24 bytes */
    return u16(stsd + 44) == width && u16(stsd + 46) == height;
}

Test(fixtures, every_code_has_a_photo_that_asks_for_it, .timeout = 10)
{
    expect_a_file_for_every_code(&photo);
}

Test(fixtures, every_code_has_a_video_that_asks_for_it, .timeout = 10)
{
    expect_a_file_for_every_code(&video);
}

Test(fixtures, every_transport_fault_has_a_photo, .timeout = 10)
{
    expect_a_file_for_every_transport(&photo);
}

Test(fixtures, every_transport_fault_has_a_video, .timeout = 10)
{
    expect_a_file_for_every_transport(&video);
}

Test(fixtures, no_fault_file_is_left_over_or_misnamed, .timeout = 10)
{
    size_t expected = error_table_len + TRANSPORT__COUNT - 1;

    cr_assert_eq(count_named_as_marked(&photo), expected);
    cr_assert_eq(count_named_as_marked(&video), expected);
}

Test(fixtures, marked_photo_is_the_base_photo_plus_one_comment, .timeout = 10)
{
    size_t comment;

    load_fault(&photo, "-5007");
    load(&second, "", photo.base);
    cr_assert(begins(&first, 2, "\xff\xfe"), "no COM segment after SOI");
    comment = 2 + u16(first.bytes + 4);
    cr_assert_eq(first.len, second.len + comment);
    cr_assert_arr_eq(first.bytes + 2 + comment, second.bytes + 2,
                     second.len - 2);
}

/* So that no chunk offset of the video can be wrong. */
Test(fixtures, marked_video_differs_only_inside_a_free_box, .timeout = 10)
{
    bool marked = false;
    size_t at = 0;

    load_fault(&video, "-5007");
    load(&second, "", video.base);
    cr_assert_eq(first.len, second.len);
    while (at + 8 <= first.len) {
        size_t size = u32(first.bytes + at);
        bool same;

        cr_assert(size >= 8 && size <= first.len - at, "bad box at %zu", at);
        cr_assert_arr_eq(first.bytes + at, second.bytes + at, 8);
        same = memcmp(first.bytes + at, second.bytes + at, size) == 0;
        cr_assert(same || begins(&first, at + 4, "free"),
                  "the box at %zu was changed", at);
        marked = marked || !same;
        at += size;
    }
    cr_assert_eq(at, first.len);
    cr_assert(marked);
}

Test(fixtures, content_length_of_each_sample_request_is_true, .timeout = 10)
{
    static const char *const names[] = {
        "livedetectfour.request.http",
        "livedetectpicture-url.request.http",
        "livedetectpicture-image.request.http",
    };
    static const char field[] = "\r\nContent-Length: ";

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const unsigned char *end, *length;
        size_t body;

        load(&first, "samples/", names[i]);
        end = find(&first, "\r\n\r\n");
        cr_assert(end, "%s: no end of the header section", names[i]);
        length = find(&first, field);
        cr_assert(length && length < end, "%s: no Content-Length", names[i]);
        body = (size_t)(first.bytes + first.len - (end + 4));
        cr_assert_eq(
            strtoul((const char *)length + sizeof(field) - 1, NULL, 10), body,
            "%s: the body has %zu bytes", names[i], body);
    }
}

/* Editors and well-meaning people repair such things. */
Test(fixtures, published_misprints_of_the_samples_are_kept, .timeout = 10)
{
    load(&first, "samples/", "livedetectfour.request.http");
    cr_assert(find(&first, "name=\"appid\";\r\n\r\n123456\r\n"));
    load(&first, "samples/", "livedetectpicture-url.request.http");
    cr_assert(begins(&first, 0, "POST  /face/livedetectpicture HTTP/1.1\r\n"));
    cr_assert(find(&first, "Content-Type: \"application/json\"\r\n"));
    load(&first, "samples/", "livedetectpicture-image.request.http");
    cr_assert(find(&first, "\r\n123456----------------acebdf13572468\r\n"));
    load(&first, "samples/", "livedetectfour.response.http");
    cr_assert(find(&first, "\"xxxxxxxxxxxxxx\",\n  }"));
    load(&first, "samples/", "livedetectpicture.response.http");
    cr_assert(find(&first, "application/json\r\n{\n"));
    cr_assert(!find(&first, "\"OK\"\n}"));
}

Test(fixtures, each_media_file_begins_as_its_kind, .timeout = 10)
{
    static const struct {
        const char *name;
        size_t at;
        const char *magic;
    } media[] = {
        {"face.jpg", 0, "\xff\xd8\xff"},  {"photo.jpg", 0, "\xff\xd8\xff"},
        {"large.jpg", 0, "\xff\xd8\xff"}, {"face.png", 0, "\x89PNG\r\n\x1a\n"},
        {"still.gif", 0, "GIF87a"},       {"animated.gif", 0, "GIF89a"},
        {"gif-named.jpg", 0, "GIF87a"},   {"talking.mp4", 4, "ftyp"},
        {"silent.mp4", 4, "ftyp"},        {"tiny.mp4", 4, "ftyp"},
        {"fault-base.mp4", 4, "ftyp"},    {"talking.flv", 0, "FLV\x01"},
        {"silent.flv", 0, "FLV\x01"},
    };

    for (size_t i = 0; i < sizeof(media) / sizeof(media[0]); i++) {
        load(&first, "media/", media[i].name);
        cr_assert(begins(&first, media[i].at, media[i].magic), "%s",
                  first.path);
    }
}

Test(fixtures, photos_have_the_sizes_that_they_stand_for, .timeout = 10)
{
    load(&first, "media/", "face.jpg");
    cr_assert(jpeg_is_sized(&first, 160, 200));
    load(&first, "media/", "photo.jpg");
    cr_assert(jpeg_is_sized(&first, 64, 80));
    cr_assert_lt(first.len, 1200, "too long to be embedded in every reply");
    load(&first, "media/", "large.jpg");
    cr_assert(jpeg_is_sized(&first, 1600, 900));
}

Test(fixtures, only_the_tiny_video_is_below_320_by_480, .timeout = 10)
{
    load(&first, "media/", "talking.mp4");
    cr_assert(mp4_is_sized(&first, 320, 480));
    load(&first, "media/", "silent.mp4");
    cr_assert(mp4_is_sized(&first, 320, 480));
    load(&first, "media/", "fault-base.mp4");
    cr_assert(mp4_is_sized(&first, 320, 480));
    load(&first, "media/", "tiny.mp4");
    cr_assert(mp4_is_sized(&first, 160, 240));
}

Test(fixtures, only_the_silent_videos_have_no_sound, .timeout = 10)
{
    enum { FLV_FLAGS = 4, FLV_VIDEO = 1, FLV_AUDIO = 4 };

    load(&first, "media/", "talking.mp4");
    cr_assert(find(&first, "mp4a"));
    load(&first, "media/", "tiny.mp4");
    cr_assert(find(&first, "mp4a"));
    load(&first, "media/", "silent.mp4");
    cr_assert(!find(&first, "mp4a"));
    load(&first, "media/", "talking.flv");
    cr_assert_eq(first.bytes[FLV_FLAGS], FLV_VIDEO | FLV_AUDIO);
    load(&first, "media/", "silent.flv");
    cr_assert_eq(first.bytes[FLV_FLAGS], FLV_VIDEO);
}

Test(fixtures, animated_gif_has_more_than_one_frame, .timeout = 10)
{
    static const char control[] = "\x21\xf9\x04"; /* before each frame */
    const unsigned char *frame, *next;

    load(&first, "media/", "animated.gif");
    frame = find(&first, control);
    cr_assert(frame);
    frame++;
    next = memmem(frame, (size_t)(first.bytes + first.len - frame), control,
                  sizeof(control) - 1);
    cr_assert(next);
}

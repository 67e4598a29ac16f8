#include "media.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <criterion/criterion.h>

#include "scratch.h"

/* Media of the scratch directory, the run's own directory "run". */
static struct config config = {
    .run_dir = "run",
    .max_body = 1000,
    .media = {[MEDIA_VIDEO] = "talk.mp4", [MEDIA_CARD] = "card.jpg"},
};

static void make_files(void)
{
    scratch_make();
    cr_assert(mkdir("run", 0700) == 0 && mkdir("fixtures", 0700) == 0 &&
              mkdir("fixtures/media", 0700) == 0);
    scratch_write("talk.mp4", "1234ftypmp42");
    scratch_write("card.jpg", "\xff\xd8\xff...");
    scratch_write("fixtures/media/still.gif", "GIF89a...");
}

TestSuite(media, .init = make_files, .fini = scratch_remove);

static enum media_outcome get(const char *json, struct media_file *file,
                              char **why)
{
    json_t *spec = json_loads(json, JSON_DECODE_ANY, NULL);
    enum media_outcome outcome;

    cr_assert(spec != NULL, "%s", json);
    *why = NULL;
    outcome = media_file(&config, spec, file, why);
    json_decref(spec);
    return outcome;
}

static struct media_file good(const char *json)
{
    struct media_file file;
    char *why;

    cr_assert(get(json, &file, &why) == MEDIA_OK, "%s: %s", json, why);
    return file;
}

static void expect_wrong(const char *json, enum media_outcome want,
                         const char *words)
{
    struct media_file file;
    char *why;

    cr_assert(get(json, &file, &why) == want, "%s", json);
    cr_expect(strstr(why, words) != NULL, "%s: expected \"%s\", got \"%s\"",
              json, words, why);
    free(why);
}

Test(media, a_name_is_what_the_run_was_given, .timeout = 10)
{
    struct media_file file = good("\"video\"");

    cr_expect_str_eq(file.data.data, "1234ftypmp42");
    cr_expect_str_eq(file.filename, "talk.mp4");
    cr_expect_str_eq(file.type, "video/mp4");
    cr_expect(file.has_filename && file.has_type);
    media_file_release(&file);
}

Test(media, what_was_not_given_is_a_reason_to_skip, .timeout = 10)
{
    expect_wrong("\"image\"", MEDIA_NOT_GIVEN, "--image FILE");
    expect_wrong("{\"media\":\"image\"}", MEDIA_NOT_GIVEN, "--image FILE");
}

Test(media, a_name_that_is_none_is_wrong, .timeout = 10)
{
    expect_wrong("\"selfie\"", MEDIA_WRONG, "\"selfie\"");
    expect_wrong("{}", MEDIA_WRONG, "one of media, text, base64, fixture");
    expect_wrong("{\"text\":\"a\",\"media\":\"video\"}", MEDIA_WRONG, "one of");
    expect_wrong("{\"fixture\":\"no/such\"}", MEDIA_WRONG, "fixtures/no/such");
    expect_wrong("{\"base64\":\"a\"}", MEDIA_WRONG, "padded Base64");
}

Test(media, bytes_come_from_text_base64_and_fixtures, .timeout = 10)
{
    struct media_file text = good("{\"text\":\"a\\u00e9\"}");
    struct media_file bytes = good("{\"base64\":\"AAH/\"}");
    struct media_file padded = good("{\"base64\":\"AA==\"}");
    struct media_file gif = good("{\"fixture\":\"media/still.gif\"}");

    cr_expect_str_eq(text.data.data, "a\xc3\xa9");
    cr_expect_str_eq(text.filename, "file.bin");
    cr_expect(bytes.data.len == 3 &&
              memcmp(bytes.data.data, "\0\1\xff", 3) == 0);
    cr_expect(padded.data.len == 1 && padded.data.data[0] == '\0');
    cr_expect_str_eq(gif.filename, "still.gif");
    cr_expect_str_eq(gif.type, "image/gif");
    media_file_release(&text);
    media_file_release(&bytes);
    media_file_release(&padded);
    media_file_release(&gif);
}

Test(media, nothing_is_a_file_too, .timeout = 10)
{
    struct media_file file = good("{\"text\":\"\"}");

    cr_expect(file.data.len == 0 && file.data.data != NULL);
    cr_expect_str_eq(file.type, "application/octet-stream");
    media_file_release(&file);
}

Test(media, filename_and_type_are_as_the_case_says, .timeout = 10)
{
    struct media_file file =
        good("{\"media\":\"card\",\"filename\":\"x.gif\",\"type\":\"a/b\"}");
    struct media_file bare =
        good("{\"media\":\"card\",\"filename\":null,\"type\":null}");

    cr_expect_str_eq(file.filename, "x.gif");
    cr_expect_str_eq(file.type, "a/b");
    cr_expect(!bare.has_filename && !bare.has_type);
    media_file_release(&file);
    media_file_release(&bare);
}

Test(media, a_size_fills_up_or_cuts, .timeout = 10)
{
    struct media_file longer = good("{\"media\":\"video\",\"size\":20}");
    struct media_file shorter = good("{\"media\":\"video\",\"size\":4}");

    cr_expect(longer.data.len == 20);
    cr_expect(memcmp(longer.data.data, "1234ftypmp42\0\0\0\0\0\0\0\0", 20) ==
              0);
    cr_expect_str_eq(longer.filename, "talk.mp4");
    cr_expect(shorter.data.len == 4);
    cr_expect_str_eq(shorter.type, "application/octet-stream");
    media_file_release(&longer);
    media_file_release(&shorter);
}

Test(media, a_size_may_be_told_by_the_limit, .timeout = 10)
{
    struct media_file at = good("{\"text\":\"\",\"size\":\"max_body\"}");
    struct media_file over = good("{\"text\":\"\",\"size\":\"max_body+1\"}");
    struct media_file under = good("{\"text\":\"\",\"size\":\"max_body-10\"}");

    cr_expect(at.data.len == 1000);
    cr_expect(over.data.len == 1001);
    cr_expect(under.data.len == 990);
    media_file_release(&at);
    media_file_release(&over);
    media_file_release(&under);
    expect_wrong("{\"text\":\"\",\"size\":\"big\"}", MEDIA_WRONG, "\"big\"");
    expect_wrong("{\"text\":\"\",\"size\":\"max_body*2\"}", MEDIA_WRONG,
                 "max_body+N");
    expect_wrong("{\"text\":\"\",\"size\":-1}", MEDIA_WRONG, "got -1");
}

static void expect_placed(struct media_file *file, const char *name)
{
    struct bytes there = {0};
    char *why = NULL;

    cr_assert(media_file_place(&config, file, &why) == 0, "%s", why);
    cr_expect_str_eq(strrchr(file->path, '/') + 1, name);
    cr_assert(bytes_read_file(&there, file->path) == 0, "%s", file->path);
    cr_expect(there.len == file->data.len &&
              memcmp(there.data, file->data.data, there.len) == 0);
    bytes_release(&there);
    media_file_release(file);
}

Test(media, what_is_a_file_already_stays_where_it_is, .timeout = 10)
{
    struct media_file file = good("\"video\"");
    char *own = realpath("talk.mp4", NULL);
    char *why = NULL;

    cr_assert(media_file_place(&config, &file, &why) == 0, "%s", why);
    cr_expect_str_eq(file.path, own);
    free(own);
    media_file_release(&file);
}

Test(media, what_is_none_becomes_one_of_its_name, .timeout = 10)
{
    struct media_file named =
        good("{\"media\":\"video\",\"filename\":\"a \\\"b\\\" \\u00e9.mp4\"}");
    struct media_file path =
        good("{\"text\":\"x\",\"filename\":\"/tmp/../etc/passwd\"}");
    struct media_file dots = good("{\"text\":\"x\",\"filename\":\"..\"}");
    struct media_file cut = good("{\"media\":\"video\",\"size\":3}");

    expect_placed(&named, "a \"b\" \xc3\xa9.mp4");
    expect_placed(&path, "passwd");
    expect_placed(&dots, "file");
    expect_placed(&cut, "talk.mp4");
}

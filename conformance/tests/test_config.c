#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <criterion/criterion.h>

#include "json_of.h"
#include "scratch.h"

TestSuite(config, .init = scratch_make, .fini = scratch_remove, .timeout = 10);

static void expect_text(const char *got, const char *expected)
{
    cr_assert(got != NULL, "nothing, not %s", expected);
    cr_expect_str_eq(got, expected);
}

static void expect_json(const json_t *got, const char *expected)
{
    json_t *want = json_of(expected);

    cr_expect(json_equal(got, want), "not %s", expected);
    json_decref(want);
}

Test(config, all_that_a_case_goes_by_is_saved_and_loaded)
{
    struct config saved = {
        .target = TARGET_PLAIN,
        .base_url = "http://h",
        .connect_to = "c:1",
        .ca_file = "ca.pem",
        .insecure = true,
        .admin_token = "token",
        .mock_program = "mock",
        .mock_options = json_of("[\"--strict\"]"),
        .accounts = json_of("[{\"appid\":\"1\"}]"),
        .media = {"v.mp4", "c.jpg", "i.jpg"},
        .max_body = 6291457,
        .timeout_ms = 1234,
        .client = "client --x",
        .features = json_of("[\"timeout\"]"),
        .strict = true,
        .strict_skips = true,
        .trace = true,
        .known_failing = json_of("[{\"glob\":\"a*\",\"line\":3}]"),
        .known_file = "known.txt",
        .run_dir = ".",
        .nonce = "n1",
    };
    struct config c;
    char *why = NULL;

    cr_assert_eq(config_save(&saved), 0);
    cr_assert_eq(config_load(&c, ".", &why), 0, "%s", why);
    cr_expect_eq(c.target, TARGET_PLAIN);
    expect_text(c.base_url, "http://h");
    expect_text(c.connect_to, "c:1");
    expect_text(c.ca_file, "ca.pem");
    expect_text(c.admin_token, "token");
    expect_text(c.mock_program, "mock");
    expect_json(c.mock_options, "[\"--strict\"]");
    expect_json(c.accounts, "[{\"appid\":\"1\"}]");
    expect_text(c.media[MEDIA_VIDEO], "v.mp4");
    expect_text(c.media[MEDIA_CARD], "c.jpg");
    expect_text(c.media[MEDIA_IMAGE], "i.jpg");
    cr_expect_eq(c.max_body, 6291457);
    cr_expect_eq(c.timeout_ms, 1234);
    expect_text(c.client, "client --x");
    expect_json(c.features, "[\"timeout\"]");
    cr_expect(c.insecure && c.strict && c.strict_skips && c.trace);
    expect_json(c.known_failing, "[{\"glob\":\"a*\",\"line\":3}]");
    expect_text(c.known_file, "known.txt");
    expect_text(c.run_dir, ".");
    expect_text(c.nonce, "n1");
    config_release(&c);
    config_release(&saved);
}

Test(config, what_is_not_there_stays_so)
{
    struct config saved = {.target = TARGET_MOCK, .run_dir = "."};
    struct config c;
    char *why = NULL;

    cr_assert_eq(config_save(&saved), 0);
    cr_assert_eq(config_load(&c, ".", &why), 0, "%s", why);
    cr_expect(!c.base_url && !c.connect_to && !c.ca_file && !c.admin_token);
    cr_expect(!c.client && !c.known_file && !c.media[MEDIA_IMAGE]);
    cr_expect(!c.mock_options && !c.accounts && !c.features);
    cr_expect(!c.insecure && !c.strict && !c.strict_skips && !c.trace);
    config_release(&c);
    cr_expect(c.json == NULL);
}

Test(config, each_flag_is_its_own)
{
    struct config saved = {.run_dir = ".", .strict_skips = true};
    struct config c;
    char *why = NULL;

    cr_assert_eq(config_save(&saved), 0);
    cr_assert_eq(config_load(&c, ".", &why), 0, "%s", why);
    cr_expect(c.strict_skips && !c.strict && !c.insecure && !c.trace);
    config_release(&c);
}

Test(config, the_file_is_for_its_owner_alone)
{
    struct config saved = {.run_dir = "."};
    struct stat st;

    umask(0);
    cr_assert_eq(config_save(&saved), 0);
    cr_assert_eq(stat("config.json", &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600);
}

Test(config, an_older_file_is_replaced)
{
    struct config saved = {.run_dir = ".", .nonce = "a nonce that is long"};
    struct config c;
    char *why = NULL;

    cr_assert_eq(config_save(&saved), 0);
    saved.nonce = "n";
    cr_assert_eq(config_save(&saved), 0);
    cr_assert_eq(config_load(&c, ".", &why), 0, "%s", why);
    expect_text(c.nonce, "n");
    config_release(&c);
}

Test(config, a_directory_that_is_not_there_is_told)
{
    struct config c = {.run_dir = "nowhere"};
    char *why = NULL;

    cr_expect_eq(config_save(&c), -1);
    cr_expect_eq(errno, ENOENT);
    cr_expect_eq(config_load(&c, "nowhere", &why), -1);
    cr_expect(why && strstr(why, "nowhere/config.json"), "%s", why);
    free(why);
}

static void expect_refused(const char *file)
{
    struct config c;
    char *why = NULL;

    scratch_write("config.json", file);
    cr_expect_eq(config_load(&c, ".", &why), -1, "%s", file);
    cr_expect(why && strncmp(why, "./config.json: ", 15) == 0, "%s", why);
    cr_expect(c.json == NULL);
    free(why);
}

Test(config, a_file_of_another_kind_is_refused)
{
    expect_refused("{");
    expect_refused("[]");
    expect_refused("{\"target\":0}");
}

Test(config, a_target_of_ours_has_the_admin_api)
{
    cr_expect(config_has_admin(&(struct config){.target = TARGET_MOCK}));
    cr_expect(config_has_admin(&(struct config){.target = TARGET_ADMIN}));
    cr_expect(!config_has_admin(&(struct config){.target = TARGET_PLAIN}));
}

Test(config, https_is_told_by_the_url)
{
    cr_expect(config_is_https(&(struct config){.base_url = "https://h"}));
    cr_expect(!config_is_https(&(struct config){.base_url = "http://https:"}));
    cr_expect(!config_is_https(&(struct config){0}));
}

Test(config, kinds_have_names)
{
    cr_expect_str_eq(config_target_name(TARGET_MOCK), "mock");
    cr_expect_str_eq(config_target_name(TARGET_ADMIN), "admin");
    cr_expect_str_eq(config_target_name(TARGET_PLAIN), "plain");
    cr_expect_str_eq(config_media_name(MEDIA_VIDEO), "video");
    cr_expect_str_eq(config_media_name(MEDIA_CARD), "card");
    cr_expect_str_eq(config_media_name(MEDIA_IMAGE), "image");
    cr_expect_eq(config_media_find("card"), MEDIA_CARD);
    cr_expect_eq(config_media_find("cards"), MEDIA__COUNT);
}

use serde_json::json;

use super::super::tests::{assert_fine, assert_wrong, wrong};
use super::*;

#[test]
fn groups_are_named_once_and_by_names() {
    assert_fine(json!({"groups": ["SSPR-Test (Pilot)", "staff"], "exclude_groups": ["staff"]}));
    assert_wrong(json!({"groups": ["a", ""]}), "/groups/1", "invalid_group");
    assert_wrong(json!({"groups": ["a", "a"]}), "/groups/1", "duplicate");
    assert_wrong(json!({"exclude_groups": [" a"]}), "/exclude_groups/0", "invalid_group");
}

#[test]
fn a_hundred_groups_are_taken_and_one_more_refused() {
    let names = |n: usize| (0..n).map(|i| format!("g{i}")).collect::<Vec<_>>();
    assert_fine(json!({"groups": names(100)}));
    assert_wrong(json!({"groups": names(101)}), "/groups", "too_many");
}

#[test]
fn predefined_questions_are_known_and_named_once() {
    let predefined =
        |ids: &[&str]| json!({"security_questions": {"to_register": 3, "predefined": ids}});
    assert_fine(predefined(&PREDEFINED_QUESTIONS[..3]));
    let pointer = "/security_questions/predefined/3";
    let [a, b, c, ..] = PREDEFINED_QUESTIONS;
    assert_wrong(predefined(&[a, b, c, "shoe-size"]), pointer, "unknown_question");
    assert_wrong(predefined(&[a, b, c, a]), pointer, "duplicate");
}

#[test]
fn there_are_at_least_as_many_questions_as_must_be_registered() {
    let custom = json!([{"id": "own", "text": {"en": "Which door is yours?"}}]);
    let with = |ids: &[&str]| json!({"security_questions": {"to_register": 4, "predefined": ids, "custom": custom}});
    assert_fine(with(&PREDEFINED_QUESTIONS[..3]));
    assert_wrong(
        with(&PREDEFINED_QUESTIONS[..2]),
        "/security_questions/predefined",
        "too_few_questions",
    );
}

#[test]
fn twenty_custom_questions_are_taken_and_one_more_refused() {
    let custom = |n: usize| {
        let all = (0..n)
            .map(|i| json!({"id": format!("q-{i}"), "text": {"en": format!("Question {i}?")}}));
        json!({"security_questions": {"custom": all.collect::<Vec<_>>()}})
    };
    assert_fine(custom(20));
    assert_wrong(custom(21), "/security_questions/custom", "too_many");
}

#[test]
fn a_custom_question_has_an_id_of_its_own() {
    let custom = |id: &str| {
        let other = json!({"id": "door", "text": {"en": "Which door is yours?"}});
        json!({"security_questions": {"custom": [other, {"id": id, "text": {"en": "Which desk is yours?"}}]}})
    };
    let pointer = "/security_questions/custom/1/id";
    assert_fine(custom("desk"));
    assert_fine(custom(&"a".repeat(40)));
    for bad in ["", "Desk", "a b", "a/b", &"a".repeat(41)] {
        assert_wrong(custom(bad), pointer, "invalid_id");
    }
    assert_wrong(custom("door"), pointer, "duplicate");
    assert_wrong(custom("first-pet"), pointer, "duplicate");
}

#[test]
fn a_custom_question_has_3_to_200_characters_in_known_languages() {
    let custom = |text: serde_json::Value| json!({"security_questions": {"custom": [{"id": "own", "text": text}]}});
    let pointer = "/security_questions/custom/0/text/en";
    assert_fine(custom(json!({"en": "abc", "pt-BR": "é".repeat(200)})));
    assert_wrong(custom(json!({"en": "ab"})), pointer, "too_short");
    assert_wrong(custom(json!({"en": " ab "})), pointer, "too_short");
    assert_wrong(custom(json!({"en": "a".repeat(201)})), pointer, "too_long");
    assert_wrong(custom(json!({"en": "ab\ncd"})), pointer, "invalid_character");
    let unknown = custom(json!({"en": "abc", "x/y": "abc"}));
    assert_wrong(unknown, "/security_questions/custom/0/text/x~1y", "unknown_locale");
    let missing = "default_locale_missing";
    assert_wrong(custom(json!({"de": "abc"})), "/security_questions/custom/0/text", missing);
    assert_wrong(custom(json!({})), "/security_questions/custom/0/text", missing);
}

#[test]
fn the_default_language_or_english_is_fallback_enough() {
    let with = |locale: &str| {
        json!({
            "branding": {"default_locale": "de"},
            "security_questions": {"custom": [{"id": "own", "text": {locale: "abc"}}]},
        })
    };
    assert_fine(with("de"));
    assert_fine(with("en"));
    assert_wrong(with("fr"), "/security_questions/custom/0/text", "default_locale_missing");
}

#[test]
fn two_custom_questions_have_two_texts() {
    let custom = |one: &str, two: &str| {
        json!({"security_questions": {"custom": [
            {"id": "one", "text": {"en": one}}, {"id": "two", "text": {"en": two}},
        ]}})
    };
    assert_fine(custom("Which door?", "Which desk?"));
    let pointer = "/security_questions/custom/1/text/en";
    assert_wrong(custom("Which door?", " which DOOR? "), pointer, "duplicate");
}

#[test]
fn support_is_a_form_an_https_address_or_a_mailbox() {
    let support =
        |kind: &str, target: Option<&str>| json!({"support": {"kind": kind, "target": target}});
    assert_fine(support("contact_admin", None));
    assert_fine(support("url", Some("https://help.example.com")));
    assert_fine(support("url", Some("https://help.example.com:8443/a/b?c=d&e=f#g")));
    assert_fine(support("email", Some("help@example.com")));
    let pointer = "/support/target";
    assert_wrong(support("contact_admin", Some("https://a.example")), pointer, "not_used");
    assert_wrong(support("url", None), pointer, "required");
    assert_wrong(support("email", None), pointer, "required");
    for bad in [
        "http://help.example.com",
        "javascript:alert(1)",
        "https://",
        "https:///x",
        "help.example.com",
        "",
        "https://a.example/<b>",
        "https://a.example/ b",
        "https://a.example\n",
        "https://user@a.example/",
        "https://a.example:0/",
        "https://a.example:99999/",
        "https://a.example:/",
        "HTTPS://a.example",
        "https://a..example",
        "https://a.example/\"x",
    ] {
        assert_wrong(support("url", Some(bad)), pointer, "invalid_url");
    }
    for bad in ["help", "help@example.com?subject=x", "a@example.com,b@example.com", ""] {
        assert_wrong(support("email", Some(bad)), pointer, "invalid_email");
    }
}

#[test]
fn a_url_of_2048_bytes_is_taken_and_of_2049_refused() {
    let url = |n: usize| {
        let base = "https://a.example/";
        json!({"support": {"kind": "url", "target": format!("{base}{}", "x".repeat(n - base.len()))}})
    };
    assert_fine(url(2_048));
    assert_wrong(url(2_049), "/support/target", "invalid_url");
}

#[test]
fn branding_is_a_name_a_colour_a_language_and_a_clean_logo() {
    let branding = |name: &str, value: &str| json!({"branding": {name: value}});
    assert_fine(branding("organisation", &"é".repeat(64)));
    assert_wrong(branding("organisation", &"é".repeat(65)), "/branding/organisation", "too_long");
    assert_wrong(branding("organisation", " "), "/branding/organisation", "required");
    let injected = branding("organisation", "Org\r\nBcc: x@evil.example");
    assert_wrong(injected, "/branding/organisation", "invalid_character");
    assert_wrong(branding("colour", "blue"), "/branding/colour", "invalid_colour");
    assert_fine(branding("default_locale", "zh-Hant"));
    assert_wrong(branding("default_locale", "tlh"), "/branding/default_locale", "unknown_locale");
    assert_fine(branding("logo_svg", "<svg></svg>"));
    let script = branding("logo_svg", "<svg><script>x</script></svg>");
    assert_wrong(script, "/branding/logo_svg", "invalid_logo");
    assert_wrong(branding("logo_svg", &" ".repeat(51_201)), "/branding/logo_svg", "too_large");
}

#[test]
fn banned_words_have_4_to_16_characters_and_count_once() {
    let words = |list: &[&str]| json!({"password": {"banned_words": list}});
    assert_fine(words(&["cont", "contosocontosoco"]));
    let pointer = "/password/banned_words/0";
    assert_wrong(words(&["con"]), pointer, "too_short");
    assert_wrong(words(&["contosocontosocon"]), pointer, "too_long");
    assert_wrong(words(&["con toso"]), pointer, "invalid_character");
    assert_wrong(words(&["contoso", "C0NT0S0"]), "/password/banned_words/1", "duplicate");
}

#[test]
fn a_thousand_banned_words_are_taken_and_one_more_refused() {
    let words = |n: usize| {
        let word =
            |i: usize| format!("w{}", i.to_string().replace('0', "x").replace('1', "y")).repeat(2);
        json!({"password": {"banned_words": (100..100 + n).map(word).collect::<Vec<_>>()}})
    };
    assert_fine(words(1_000));
    assert_wrong(words(1_001), "/password/banned_words", "too_many");
}

#[test]
fn countries_are_known_named_once_and_not_none() {
    let countries = |list: &[&str]| json!({"telecom": {"countries": list}});
    assert_fine(countries(&["DE", "FR", "GB"]));
    assert_wrong(countries(&[]), "/telecom/countries", "required");
    for bad in ["XX", "gb", "GBR", ""] {
        assert_wrong(countries(&["GB", bad]), "/telecom/countries/1", "unknown_country");
    }
    assert_wrong(countries(&["GB", "GB"]), "/telecom/countries/1", "duplicate");
}

#[test]
fn the_origin_of_texts_is_a_host_name() {
    let origin = |host: &str| json!({"telecom": {"sms_origin": host}});
    assert_fine(origin("reset.example.com"));
    for bad in ["https://reset.example.com", "", "a b", "reset.example.com/x", "a\n#123456"] {
        assert_wrong(origin(bad), "/telecom/sms_origin", "invalid_host");
    }
    assert_eq!(wrong(json!({"telecom": {"sms_origin": null}})), []);
}

use proptest::prelude::*;

use super::*;

fn inside(content: &str) -> Result<(), LogoRefusal> {
    check_logo(&format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{content}</svg>"))
}

#[test]
fn a_plain_logo_is_taken() {
    let logo = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink='http://www.w3.org/1999/xlink' \
        viewBox=\"0 0 64 64\" role=\"img\" aria-label=\"Müller &amp; S&#246;hne\">\n\
        <title>Müller &amp; Söhne</title><defs><linearGradient id=\"a\"><stop offset=\"0\" \
        stop-color=\"#fff\"/></linearGradient></defs>\n\
        <g fill=\"url(#a)\" transform=\"translate(1 2)\"><path d=\"M0 0h64v64z\" /></g>\n\
        <use xlink:href=\"#a\"/><text x=\"1\" font-family=\"serif\">M &lt; S</text></svg>\n";
    assert_eq!(check_logo(logo), Ok(()));
}

#[test]
fn scripts_events_and_everything_active_are_refused() {
    let element = |name: &str| Err(LogoRefusal::Element(name.into()));
    for name in [
        "script",
        "SCRIPT",
        "style",
        "foreignObject",
        "image",
        "a",
        "animate",
        "set",
        "iframe",
        "svg:script",
        "handler",
    ] {
        assert_eq!(inside(&format!("<{name}>alert(1)</{name}>")), element(name), "{name}");
    }
    let attribute = |name: &str| Err(LogoRefusal::Attribute(name.into()));
    for name in [
        "onload",
        "onclick",
        "ONLOAD",
        "style",
        "class",
        "xml:base",
        "begin",
        "xlink:actuate",
        "src",
    ] {
        assert_eq!(inside(&format!("<g {name}=\"alert(1)\"/>")), attribute(name), "{name}");
    }
}

#[test]
fn references_to_anything_outside_are_refused() {
    for value in [
        "https://evil.example/x.svg#a",
        "//evil.example/x",
        "javascript:alert(1)",
        "data:image/png;base64,AA",
        "#",
        "a",
        "&#x6a;avascript:alert(1)",
        " #a",
        "#a b",
    ] {
        let refused = Err(LogoRefusal::Value("href".into()));
        assert_eq!(inside(&format!("<use href=\"{value}\"/>")), refused, "{value}");
    }
    for value in [
        "url(https://evil.example)",
        "URL( 'http://evil.example' )",
        "url(data:x)",
        "url(#a) url(b)",
        "url(#a",
        "u&#114;l(http://evil.example)",
        "\\75rl(x)",
        "@import x",
        "javascript:x",
        "&lt;b",
    ] {
        let refused = Err(LogoRefusal::Value("fill".into()));
        assert_eq!(inside(&format!("<g fill=\"{value}\"/>")), refused, "{value}");
    }
    assert!(check_logo("<svg xmlns=\"http://www.w3.org/1999/xhtml\"></svg>").is_err());
}

#[test]
fn declarations_entities_comments_and_sections_are_refused() {
    for logo in [
        "<!DOCTYPE svg [<!ENTITY x \"y\">]><svg></svg>",
        "<!DOCTYPE svg><svg></svg>",
        "<?xml-stylesheet href=\"x\"?><svg></svg>",
        "<?xml version=\"1.0\"?><?php x?><svg></svg>",
    ] {
        assert!(matches!(check_logo(logo), Err(LogoRefusal::Malformed(_))), "{logo}");
    }
    for content in [
        "<!-- x -->",
        "<!--><img src=x onerror=alert(1)>-->",
        "<![CDATA[x]]>",
        "&x;",
        "&nbsp;",
        "a & b",
        "]]>",
        "<?x?>",
        "&#0;",
        "&#xd800;",
        "&#1;",
    ] {
        assert!(matches!(inside(content), Err(LogoRefusal::Malformed(_))), "{content}");
    }
}

#[test]
fn what_is_not_one_well_formed_svg_is_refused() {
    for logo in [
        "",
        " ",
        "logo",
        "<svg>",
        "<svg/>",
        "</svg>",
        "<svg></g>",
        "<svg></svg><svg></svg>",
        "<svg></svg>x",
        "<g></g>",
        "x<svg></svg>",
        "<svg><g></svg></g>",
        "<svg a></svg>",
        "<svg id=a></svg>",
        "<svg id=\"a\" id=\"b\"></svg>",
        "<svg id=\"a\"role=\"b\"></svg>",
        "<svg id=\"a></svg>",
        "<svg id=\"<\"></svg>",
        "<svg\u{0}></svg>",
        "<svg >< g/></svg>",
        "<svg",
    ] {
        assert!(check_logo(logo).is_err(), "{logo}");
    }
    assert_eq!(check_logo("<svg></svg>"), Ok(()));
}

#[test]
fn a_title_holds_text_only() {
    assert_eq!(inside("<title>a &lt; b</title>"), Ok(()));
    assert!(
        inside("<title><g/></title>").is_err() && inside("<desc><title></title></desc>").is_err()
    );
}

#[test]
fn fifty_kilobytes_are_taken_and_one_more_byte_refused() {
    let logo = |n: usize| format!("<svg>{}</svg>", " ".repeat(n - "<svg></svg>".len()));
    assert_eq!(check_logo(&logo(LOGO_MAX)), Ok(()));
    assert_eq!(check_logo(&logo(LOGO_MAX + 1)), Err(LogoRefusal::TooLarge));
}

#[test]
fn elements_nest_thirty_two_deep_and_no_deeper() {
    let nested = |n: usize| inside(&format!("{}{}", "<g>".repeat(n), "</g>".repeat(n)));
    assert_eq!(nested(DEPTH_MAX - 1), Ok(()));
    assert!(nested(DEPTH_MAX).is_err());
}

#[test]
fn a_refusal_says_what_is_wrong_without_repeating_all_of_it() {
    let long = "x".repeat(500);
    let refusal = inside(&format!("<{long}/>")).unwrap_err();
    assert!(refusal.detail().len() < 120);
    assert!(inside("<script/>").unwrap_err().detail().contains("script"));
}

proptest! {
    #[test]
    fn checking_never_panics(text in "\\PC{0,80}") {
        let _ = inside(&text);
        let _ = check_logo(&text);
    }

    #[test]
    fn what_is_accepted_holds_nothing_active(
        text in "(<(g|use|script|title)( (fill|href|onload|id)=[\"'](#a|url\\(#a\\)|javascript:x|&#60;)[\"'])?/?>|</g>|&lt;|<!--|x){0,6}"
    ) {
        if inside(&text).is_ok() {
            for bad in ["script", "onload", "javascript", "<!"] {
                prop_assert!(!text.contains(bad));
            }
        }
    }
}

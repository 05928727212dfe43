//! Codes of an authenticator app (RFC 6238): SHA-1, six digits, thirty seconds — what every app understands.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::TOTP_SECRET_LEN;
use crate::ids::{Millis, Username};
use crate::secret::Code;

/// Seconds of a step (RFC 6238 §5.2).
pub const STEP_SECONDS: i64 = 30;

/// Digits of a code.
pub const DIGITS: u8 = 6;

/// Steps before and after the present one whose codes are right (RFC 6238 §5.2 recommends one, for slow networks and
/// clocks that drift; RST-08).
const DRIFT: i64 = 1;

/// The step of a moment.
pub fn step(at: Millis) -> i64 {
    at.seconds().div_euclid(STEP_SECONDS)
}

/// The code of a step.
pub fn code(secret: &[u8], step: i64) -> Code {
    Code::typed(&format!("{:06}", number(secret, step)))
}

/// RFC 4226 §5.3: thirty-one bits from the place that the last four bits name.
fn number(secret: &[u8], step: i64) -> u32 {
    // HMAC takes keys of any length: the error cannot happen, and a constant code is never compared with a used step.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret) else { return 0 };
    mac.update(&step.to_be_bytes());
    let digest: [u8; 20] = mac.finalize().into_bytes().into();
    let [.., last] = digest;
    let place = usize::from(last & 15);
    let four = digest.get(place..).and_then(|rest| rest.first_chunk::<4>()).copied();
    let bits = u32::from_be_bytes(four.unwrap_or_default()) & 0x7FFF_FFFF;
    bits % 10u32.pow(u32::from(DIGITS))
}

/// The latest step around `now` whose code was typed. Every step is compared, in constant time.
pub fn matching(secret: &[u8], typed: &Code, now: Millis) -> Option<i64> {
    let present = step(now);
    let (mut found, mut which) = (Choice::from(0), 0i64);
    for drift in -DRIFT..=DRIFT {
        let candidate = present.saturating_add(drift);
        let right = Choice::from(u8::from(code(secret, candidate).is(typed)));
        which.conditional_assign(&candidate, right);
        found |= right;
    }
    bool::from(found.ct_eq(&Choice::from(1))).then_some(which)
}

/// The secret as people type it into an app that has no camera.
pub fn secret_text(secret: &[u8; TOTP_SECRET_LEN]) -> String {
    BASE32_NOPAD.encode(secret)
}

/// What the picture says: Google's key URI format, which every app reads.
pub fn uri(organisation: &str, username: &Username, secret: &[u8; TOTP_SECRET_LEN]) -> String {
    let (issuer, account) = (escaped(organisation), escaped(username.as_str()));
    let secret = secret_text(secret);
    format!(
        "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}\
         &algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"
    )
}

/// A text as part of a URI (RFC 3986 §2.1).
fn escaped(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    let one = |b: u8| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    text.trim().bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8; 20] = b"12345678901234567890";

    #[test]
    fn the_vectors_of_rfc_6238_hold() {
        // Appendix B has eight digits; six are their last ones.
        for (seconds, eight) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let code = code(SECRET, step(Millis(seconds * 1000)));
            assert_eq!(code.reveal(), &eight[2..], "{seconds}");
        }
    }

    #[test]
    fn a_code_is_right_one_step_early_and_one_step_late_and_no_longer() {
        let now = Millis(1_790_000_010_000);
        let typed = code(SECRET, step(now));
        let at = |seconds: i64| matching(SECRET, &typed, Millis(now.0 + seconds * 1000));
        let begins = -now.seconds().rem_euclid(STEP_SECONDS);
        for (seconds, right) in [(-31, false), (-30, true), (0, true), (59, true), (60, false)] {
            let expected = right.then_some(step(now));
            assert_eq!(at(begins + seconds), expected, "{seconds}");
        }
        assert_eq!(matching(SECRET, &Code::typed(""), now), None);
    }

    #[test]
    fn the_uri_names_organisation_and_person_and_nothing_can_break_out_of_it() {
        let alice = Username::parse("alice+1@example.com").unwrap();
        let uri = uri("Pell & Söhne?", &alice, SECRET);
        let issuer = "Pell%20%26%20S%C3%B6hne%3F";
        let expected = format!(
            "otpauth://totp/{issuer}:alice%2B1%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer={issuer}&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(uri, expected);
    }
}

//! International host names in the ASCII form that mail travels by (RFC 3492).
//!
//! Why not the `idna` crate? Its tables weigh more than a whole function may; a label is lower-cased by NFKC here, which
//! is what differs from full IDNA processing, and an address that only a full table could tell apart is refused nowhere.

/// Parameters of RFC 3492 §5.
const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const INITIAL_BIAS: u32 = 72;
const INITIAL_N: u32 = 128;

/// The ASCII form of one label: itself when it is ASCII, `xn--…` otherwise; `None` when it is too long to have one.
pub(super) fn to_ascii(label: &str) -> Option<String> {
    if label.is_ascii() { Some(label.to_owned()) } else { Some(format!("xn--{}", encode(label)?)) }
}

fn encode(label: &str) -> Option<String> {
    let points: Vec<u32> = label.chars().map(u32::from).collect();
    let mut out: String = label.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(out.len()).ok()?;
    if basic > 0 {
        out.push('-');
    }
    let total = u32::try_from(points.len()).ok()?;
    let (mut n, mut delta, mut bias, mut handled) = (INITIAL_N, 0u32, INITIAL_BIAS, basic);
    while handled < total {
        let next = points.iter().copied().filter(|p| *p >= n).min()?;
        let step = next.checked_sub(n)?.checked_mul(handled.checked_add(1)?)?;
        delta = delta.checked_add(step)?;
        n = next;
        for point in &points {
            if *point < n {
                delta = delta.checked_add(1)?;
            } else if *point == n {
                push_number(&mut out, delta, bias)?;
                bias = adapt(delta, handled.checked_add(1)?, handled == basic);
                delta = 0;
                handled = handled.checked_add(1)?;
            }
        }
        delta = delta.checked_add(1)?;
        n = n.checked_add(1)?;
    }
    Some(out)
}

/// Appends a delta as a generalised variable-length integer.
fn push_number(out: &mut String, delta: u32, bias: u32) -> Option<()> {
    let (mut rest, mut k) = (delta, BASE);
    loop {
        let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
        if rest < threshold {
            out.push(char::from_digit(digit(rest), BASE)?);
            return Some(());
        }
        let span = BASE.checked_sub(threshold)?;
        let over = rest.checked_sub(threshold)?;
        let place = threshold.checked_add(over % span)?;
        out.push(char::from_digit(digit(place), BASE)?);
        rest = over / span;
        k = k.checked_add(BASE)?;
    }
}

/// Punycode counts letters first (`a` = 0, `0` = 26); `char::from_digit` counts digits first.
fn digit(value: u32) -> u32 {
    if value < 26 { value.saturating_add(10) } else { value.saturating_sub(26) }
}

fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta = delta.saturating_add(delta / points.max(1));
    let mut k = 0u32;
    while delta > ((BASE - T_MIN) * T_MAX) / 2 {
        delta /= BASE - T_MIN;
        k = k.saturating_add(BASE);
    }
    k.saturating_add((BASE - T_MIN + 1).saturating_mul(delta) / delta.saturating_add(SKEW))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_the_ascii_form_that_registries_use() {
        for (label, ascii) in [
            ("example", "example"),
            ("bücher", "xn--bcher-kva"),
            ("münchen", "xn--mnchen-3ya"),
            ("παράδειγμα", "xn--hxajbheg2az3al"),
            ("испытание", "xn--80akhbyknj4f"),
            ("例え", "xn--r8jz45g"),
            ("테스트", "xn--9t4b11yi5a"),
            ("他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye"),
        ] {
            assert_eq!(to_ascii(label).as_deref(), Some(ascii));
        }
    }
}

//! The organisation's colour, and what can be read on it (SET-12).

use super::Branding;

/// Red, green and blue of `#rrggbb`; `None` for anything else.
pub(super) fn rgb(colour: &str) -> Option<[u8; 3]> {
    let digits = colour.strip_prefix('#')?;
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let part = |from: usize| {
        let pair = digits.get(from..from.saturating_add(2))?;
        u8::from_str_radix(pair, 16).ok()
    };
    Some([part(0)?, part(2)?, part(4)?])
}

/// Relative luminance, 0 to 1 (WCAG 2.2).
fn luminance(rgb: [u8; 3]) -> f64 {
    let linear = |value: u8| {
        let share = f64::from(value) / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    let [red, green, blue] = rgb.map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// Contrast of two luminances, 1 to 21 (WCAG 2.2).
fn contrast(a: f64, b: f64) -> f64 {
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

impl Branding {
    /// The colour of text on the organisation's colour: black or white, whichever stands out more. Always at least
    /// 4.5 : 1 (WCAG 2.2, 1.4.3), since no colour is that close to both.
    pub fn ink(&self) -> &'static str {
        let ground = rgb(&self.colour).map_or(0.0, luminance);
        if contrast(ground, 1.0) >= contrast(ground, 0.0) { "#ffffff" } else { "#000000" }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_colour_is_six_hexadecimal_digits() {
        assert_eq!(rgb("#0b57B0"), Some([0x0b, 0x57, 0xb0]));
        for bad in
            ["", "#", "0b57b0", "#0b57b", "#0b57b00", "#0b57bg", "#fff", "red", "#+b57b0", "#é57b0"]
        {
            assert_eq!(rgb(bad), None, "{bad}");
        }
    }

    #[test]
    fn text_on_the_colour_can_be_read() {
        let ink = |colour: &str| Branding { colour: colour.into(), ..Branding::default() }.ink();
        assert_eq!(ink("#0b57b0"), "#ffffff");
        assert_eq!(ink("#ffff00"), "#000000");
    }

    proptest! {
        #[test]
        fn every_colour_has_an_ink_of_enough_contrast(colour in any::<[u8; 3]>()) {
            let [r, g, b] = colour;
            let branding = Branding { colour: format!("#{r:02x}{g:02x}{b:02x}"), ..Branding::default() };
            let ink = if branding.ink() == "#ffffff" { 1.0 } else { 0.0 };
            prop_assert!(contrast(luminance(colour), ink) >= 4.5);
        }
    }
}

//! The check of a logo (SET-12): an SVG that can be put into a page and a mail without a second thought.
//!
//! It accepts a small language and refuses everything outside it, rather than looking for what is bad: elements and
//! attributes by list, quoted values, no comments, no declarations but the first line, no entities but the five of XML,
//! references only to the logo's own parts. What is accepted means the same to an XML and to an HTML parser.
//!
//! # Why not …?
//! - *Why not clean it?* What a cleaner lets through differs from what it was given; an administrator who is told what is
//!   wrong can export the logo again.
//! - *Why no XML library?* They accept more than is wanted here; a recogniser of the wanted part is shorter than the list
//!   of what would have to be refused afterwards.

/// Largest logo, bytes (SET-12: 50 KB).
pub const LOGO_MAX: usize = 50 * 1024;

/// Deepest nesting of elements.
const DEPTH_MAX: usize = 32;

/// Shapes, their grouping, text, gradients and clips. No `style`, `script`, `foreignObject`, `image`, `a`, animation.
const ELEMENTS: [&str; 20] = [
    "svg",
    "g",
    "defs",
    "symbol",
    "use",
    "title",
    "desc",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "text",
    "tspan",
    "linearGradient",
    "radialGradient",
    "stop",
    "clipPath",
];

/// Geometry and looks. No event, no `style`, no `class`.
const ATTRIBUTES: [&str; 73] = [
    "xmlns",
    "xmlns:xlink",
    "version",
    "id",
    "role",
    "aria-label",
    "aria-labelledby",
    "aria-hidden",
    "focusable",
    "xml:space",
    "viewBox",
    "preserveAspectRatio",
    "width",
    "height",
    "x",
    "y",
    "x1",
    "y1",
    "x2",
    "y2",
    "dx",
    "dy",
    "cx",
    "cy",
    "r",
    "rx",
    "ry",
    "fx",
    "fy",
    "d",
    "points",
    "transform",
    "pathLength",
    "rotate",
    "textLength",
    "lengthAdjust",
    "fill",
    "fill-opacity",
    "fill-rule",
    "stroke",
    "stroke-width",
    "stroke-opacity",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-miterlimit",
    "stroke-dasharray",
    "stroke-dashoffset",
    "opacity",
    "color",
    "display",
    "visibility",
    "overflow",
    "clip-path",
    "clip-rule",
    "clipPathUnits",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "letter-spacing",
    "word-spacing",
    "text-anchor",
    "dominant-baseline",
    "offset",
    "stop-color",
    "stop-opacity",
    "gradientUnits",
    "gradientTransform",
    "spreadMethod",
    "vector-effect",
    "paint-order",
    "href",
    "xlink:href",
];

/// The only values that a namespace may have.
const NAMESPACES: [&str; 2] = ["http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"];

/// Why a logo was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogoRefusal {
    /// More than [`LOGO_MAX`] bytes.
    TooLarge,
    /// Not one `<svg>` element of well-formed, plain XML. The text says where it stopped.
    Malformed(String),
    /// An element that is not on the list.
    Element(String),
    /// An attribute that is not on the list.
    Attribute(String),
    /// A value that refers to something outside, or hides what it says.
    Value(String),
}

impl LogoRefusal {
    /// What to tell the administrator, in English.
    pub fn detail(&self) -> String {
        match self {
            Self::TooLarge => format!("The logo is larger than {LOGO_MAX} bytes."),
            Self::Malformed(at) => format!("The logo is not plain SVG, near “{at}”."),
            Self::Element(name) => format!("The element “{name}” is not allowed in a logo."),
            Self::Attribute(name) => format!("The attribute “{name}” is not allowed in a logo."),
            Self::Value(name) => format!("The value of “{name}” is not allowed in a logo."),
        }
    }
}

/// Checks a logo.
///
/// # Refuses
/// The first thing found that is not on the lists.
pub fn check_logo(text: &str) -> Result<(), LogoRefusal> {
    if text.len() > LOGO_MAX {
        return Err(LogoRefusal::TooLarge);
    }
    let plain = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    if !text.chars().all(plain) {
        return Err(LogoRefusal::Malformed(String::from("control character")));
    }
    let mut rest = after_declaration(text.trim())?;
    let mut open: Vec<&str> = Vec::new();
    let mut begun = false;
    while !rest.is_empty() {
        if begun && open.is_empty() {
            return malformed(rest);
        }
        rest = match rest.strip_prefix('<') {
            Some(tag) => tagged(tag, &mut open)?,
            None if begun => text_run(rest)?,
            None => return malformed(rest),
        };
        if !begun && open.first() != Some(&"svg") {
            return malformed(text);
        }
        begun = true;
    }
    if begun && open.is_empty() { Ok(()) } else { malformed("the end") }
}

fn malformed<T>(at: &str) -> Result<T, LogoRefusal> {
    Err(LogoRefusal::Malformed(at.chars().take(24).collect()))
}

/// Skips `<?xml version="1.0" …?>` at the very start.
fn after_declaration(text: &str) -> Result<&str, LogoRefusal> {
    let Some(declaration) = text.strip_prefix("<?xml ") else { return Ok(text) };
    match declaration.split_once("?>") {
        Some((inside, rest)) if !inside.contains(['<', '>', '&', '[']) => Ok(rest.trim_start()),
        Some(_) | None => malformed(text),
    }
}

/// Text between tags: no bare `&`, no `]]>`.
fn text_run(rest: &str) -> Result<&str, LogoRefusal> {
    let end = rest.find('<').unwrap_or(rest.len());
    let (run, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
    if run.contains('>') || decoded(run).is_none() { malformed(run) } else { Ok(rest) }
}

/// One tag, from behind its `<`.
fn tagged<'t>(tag: &'t str, open: &mut Vec<&'t str>) -> Result<&'t str, LogoRefusal> {
    if let Some(closing) = tag.strip_prefix('/') {
        let (name, rest) = name(closing);
        let rest = rest.trim_start().strip_prefix('>');
        return match (open.pop() == Some(name), rest) {
            (true, Some(rest)) => Ok(rest),
            _ => malformed(tag),
        };
    }
    let (element, mut rest) = name(tag);
    if element.is_empty() {
        return malformed(tag);
    }
    if !ELEMENTS.contains(&element) {
        return Err(LogoRefusal::Element(element.chars().take(40).collect()));
    }
    // Inside these an HTML parser reads HTML: nothing but text may stand there.
    let text_only = matches!(open.last(), Some(&"title" | &"desc"));
    if text_only || open.len() >= DEPTH_MAX {
        return malformed(tag);
    }
    let mut seen: Vec<&str> = Vec::new();
    loop {
        let spaced = rest.trim_start();
        if let Some(rest) = spaced.strip_prefix("/>") {
            // An empty logo is none.
            return if open.is_empty() { malformed(tag) } else { Ok(rest) };
        }
        if let Some(rest) = spaced.strip_prefix('>') {
            open.push(element);
            return Ok(rest);
        }
        if spaced.len() == rest.len() {
            return malformed(rest);
        }
        rest = attribute(spaced, &mut seen)?;
    }
}

/// One attribute; returns what is behind it.
fn attribute<'t>(text: &'t str, seen: &mut Vec<&'t str>) -> Result<&'t str, LogoRefusal> {
    let (attribute, rest) = name(text);
    if attribute.is_empty() || seen.contains(&attribute) {
        return malformed(text);
    }
    if !ATTRIBUTES.contains(&attribute) {
        return Err(LogoRefusal::Attribute(attribute.chars().take(40).collect()));
    }
    seen.push(attribute);
    let Some(rest) = rest.trim_start().strip_prefix('=') else { return malformed(text) };
    let rest = rest.trim_start();
    let quote = if rest.starts_with('"') { '"' } else { '\'' };
    let Some((value, rest)) = rest.strip_prefix(quote).and_then(|r| r.split_once(quote)) else {
        return malformed(text);
    };
    let refused = || LogoRefusal::Value(attribute.to_owned());
    let value = decoded(value).ok_or_else(refused)?;
    if is_harmless(attribute, &value) { Ok(rest) } else { Err(refused()) }
}

/// Whether a value refers to nothing but the logo's own parts.
fn is_harmless(attribute: &str, value: &str) -> bool {
    if attribute.starts_with("xmlns") {
        return NAMESPACES.contains(&value);
    }
    if attribute == "href" || attribute == "xlink:href" {
        return is_own_part(value);
    }
    let lower: String = value.to_ascii_lowercase().split_whitespace().collect();
    let mut references = lower.split("url(").skip(1);
    let own = |r: &str| r.split_once(')').is_some_and(|(target, _)| is_own_part(target));
    references.all(own) && !lower.contains(['<', '>', '\\', '@']) && !lower.contains("script:")
}

fn is_own_part(target: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    target.strip_prefix('#').is_some_and(|id| !id.is_empty() && id.chars().all(part))
}

/// A text with its references replaced; `None` for a bare `&`, a `<`, or a reference other than XML's five and numbers of
/// visible characters.
fn decoded(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut pieces = text.split('&');
    out.push_str(pieces.next()?);
    for piece in pieces {
        let (reference, rest) = piece.split_once(';')?;
        out.push(referred(reference)?);
        out.push_str(rest);
    }
    (!text.contains('<')).then_some(out)
}

fn referred(reference: &str) -> Option<char> {
    let number = match reference {
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "amp" => return Some('&'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        other => other.strip_prefix('#')?,
    };
    let code = match number.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code).filter(|c| !c.is_control())
}

/// The name at the start, and what follows it.
fn name(text: &str) -> (&str, &str) {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '.');
    let end = text.find(|c| !part(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests;
